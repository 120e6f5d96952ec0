import Files

/// Writes a `.npy` file piece by piece, so that an array of any size takes no memory: little-endian `f4` in C order,
/// version 1 (or 2 for a very long shape); as `numpy.save` does, the data begins at a multiple of 64 bytes.
///
/// The file appears under its name with `commit`, once it is complete.
package final class NumpyWriter {
  private let file: AtomicFile
  private var offset: Int
  private var missingCount: Int

  /// - Throws: `.file`.
  package init(path: String, shape: [Int]) throws(CheckpointError) {
    let header = NumpyArray.header(shape: shape)
    missingCount = shape.reduce(1, *)
    offset = header.count
    file = try CheckpointError.files { () throws(FileError) in
      let file = try AtomicFile(path: path)
      try file.write(header, at: 0)
      return file
    }
  }

  /// Writes the values that come next.
  ///
  /// - Throws: `.file`.
  /// - Precondition: no more than the shape holds.
  package func append(_ values: [Float]) throws(CheckpointError) {
    precondition(values.count <= missingCount, "no more values than the shape holds")
    try CheckpointError.files { () throws(FileError) in try file.write(values, at: offset) }
    offset += values.count * MemoryLayout<Float>.stride
    missingCount -= values.count
  }

  /// Gives the file its name.
  ///
  /// - Throws: `.file`.
  /// - Precondition: as many values as the shape holds.
  package func commit() throws(CheckpointError) {
    precondition(missingCount == 0, "as many values as the shape holds")
    try CheckpointError.files { () throws(FileError) in try file.commit() }
  }
}
