import Files
import Quant

extension NumpyFile {
  /// An array's rows, one for each index of its first dimension: mapped where they can be used as they lie (little-endian
  /// `f4` in C order), else read and converted.
  ///
  /// - Throws: as `NumpyArray.read`; `.unsupported` for an array of fewer than two dimensions or without elements.
  package static func matrix(_ path: String) throws(CheckpointError) -> (matrix: FloatMatrix, shape: [Int]) {
    let file = try ByteFile(path: path)
    let extent = try ByteExtent(file, 0..<file.byteCount, format: NumpyHeader.format)
    let header = try NumpyHeader(extent)
    guard let element = header.dtype.element else {
      throw .unsupported(path: path, found: "pickled Python objects", expected: "an array of numbers")
    }
    guard header.shape.count >= 2, let count = elementCount(of: header.shape), count > 0 else {
      throw .unsupported(path: path, found: "shape \(header.shape)", expected: "rows of numbers, [N, …]")
    }
    let rows = header.shape[0]
    if element == .f32, !header.dtype.isBigEndian, !header.isFortranOrder, header.byteCount % 4 == 0 {
      let available = extent.count - header.byteCount
      guard available / 4 == count, available % 4 == 0 else {
        throw .malformed(
          format: NumpyHeader.format, byteOffset: header.byteCount, found: "\(available) bytes of data",
          expected: "shape \(header.shape) in \(element.rawValue), no more and no less")
      }
      do throws(ModelFileError) {
        let matrix = try FloatMatrix(
          path: path, byteOffset: header.byteCount, rowCount: rows, columnCount: count / rows)
        return (matrix, header.shape)
      } catch {
        throw .modelFile(error)
      }
    }
    let values = try floats(extent, header)
    guard let builder = FloatMatrixBuilder(rowCapacity: rows, columnCount: count / rows) else {
      throw .outOfMemory(path: path, what: "\(count) numbers")
    }
    builder.append(values)
    return (builder.finish(), header.shape)
  }

  /// Writes a matrix as `.npy` with the given shape, a piece at a time.
  ///
  /// - Precondition: `shape` has as many elements as the matrix.
  /// - Throws: `.file`.
  package static func write(_ matrix: FloatMatrix, shape: [Int], to path: String) throws(CheckpointError) {
    precondition(elementCount(of: shape) == matrix.rowCount * matrix.columnCount, "a shape of as many elements")
    let header = NumpyArray.header(shape: shape)
    try CheckpointError.files { () throws(FileError) in
      let file = try AtomicFile(path: path)
      try file.write(header, at: 0)
      let piece = max(1, (1 << 20) / matrix.columnCount)
      for start in stride(from: 0, to: matrix.rowCount, by: piece) {
        let rows = start..<min(start + piece, matrix.rowCount)
        try file.write(matrix.floats(rows: rows), at: header.count + 4 * start * matrix.columnCount)
      }
      try file.commit()
    }
  }
}
