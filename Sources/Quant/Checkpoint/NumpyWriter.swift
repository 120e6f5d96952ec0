import Quant

/// Writes a `.npy` file piece by piece, so that an array of any size takes no memory: little-endian `f4` in C order,
/// version 1 (or 2 for a very long shape); as `numpy.save` does, the data begins at a multiple of 64 bytes.
///
/// The file appears under its name with `commit`, once it is complete.
package final class NumpyWriter {
  private let file: TemporaryFile
  private var offset: Int
  private var missingCount: Int

  /// - Throws: `.cannotWrite`.
  package init(path: String, shape: [Int]) throws(CheckpointError) {
    let header = NumpyArray.header(shape: shape)
    missingCount = shape.reduce(1, *)
    offset = header.count
    file = try Self.writing { () throws(ModelFileError) in
      let file = try TemporaryFile(target: path)
      try file.write(header, at: 0)
      return file
    }
  }

  /// Writes the values that come next.
  ///
  /// - Throws: `.cannotWrite`.
  /// - Precondition: no more than the shape holds.
  package func append(_ values: [Float]) throws(CheckpointError) {
    precondition(values.count <= missingCount, "no more values than the shape holds")
    try Self.writing { () throws(ModelFileError) in try file.write(values, at: offset) }
    offset += values.count * MemoryLayout<Float>.stride
    missingCount -= values.count
  }

  /// Gives the file its name.
  ///
  /// - Throws: `.cannotWrite`.
  /// - Precondition: as many values as the shape holds.
  package func commit() throws(CheckpointError) {
    precondition(missingCount == 0, "as many values as the shape holds")
    try Self.writing { () throws(ModelFileError) in try file.commit() }
  }

  private static func writing<Value>(_ body: () throws(ModelFileError) -> Value) throws(CheckpointError) -> Value {
    do throws(ModelFileError) {
      return try body()
    } catch {
      if case .cannotWrite(let path, let reason) = error { throw .cannotWrite(path: path, reason: reason) }
      throw .modelFile(error)
    }
  }
}
