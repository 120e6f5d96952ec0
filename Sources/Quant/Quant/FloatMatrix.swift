import Files
import Glibc

/// A row-major matrix of floats in a mapped file, or in memory of its own. It is never copied: a hundred thousand codes of a
/// large model are gigabytes.
///
/// `@unchecked Sendable`: the memory is not written once the object is made, and lives as long.
package final class FloatMatrix: @unchecked Sendable {
  package let rowCount: Int
  package let columnCount: Int
  private let bytes: UnsafeRawBufferPointer
  /// Nil where the memory is the object's own.
  private let mapping: MappedFile?

  /// Maps little-endian floats that begin at a byte of a file.
  ///
  /// - Throws: `.file`; `.header` where the file ends before the matrix does.
  package init(path: String, byteOffset: Int, rowCount: Int, columnCount: Int) throws(ModelFileError) {
    let mapping = try ModelFileError.files { () throws(FileError) in try MappedFile(path: path) }
    let (count, overflow) = rowCount.multipliedReportingOverflow(by: columnCount)
    guard !overflow, byteOffset >= 0, byteOffset % 4 == 0, count <= (mapping.bytes.count - byteOffset) / 4 else {
      throw .header(
        byteOffset: byteOffset, found: "\(mapping.bytes.count) bytes", expected: "\(rowCount)×\(columnCount) floats")
    }
    self.mapping = mapping
    self.rowCount = rowCount
    self.columnCount = columnCount
    bytes = UnsafeRawBufferPointer(rebasing: mapping.bytes[byteOffset..<byteOffset + 4 * count])
  }

  /// Takes over memory that `malloc` gave.
  fileprivate init(adopting memory: UnsafeMutablePointer<Float>, rowCount: Int, columnCount: Int) {
    mapping = nil
    self.rowCount = rowCount
    self.columnCount = columnCount
    bytes = UnsafeRawBufferPointer(start: memory, count: 4 * rowCount * columnCount)
  }

  deinit {
    if mapping == nil { free(UnsafeMutableRawPointer(mutating: bytes.baseAddress)) }
  }

  /// Gives the values where they lie, in C order.
  package func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(bytes)
  }

  /// A copy of some rows.
  package func floats(rows: Range<Int>) -> [Float] {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows of a matrix of \(rowCount)")
    return [Float](
      UnsafeRawBufferPointer(rebasing: bytes[4 * rows.lowerBound * columnCount..<4 * rows.upperBound * columnCount])
        .bindMemory(to: Float.self))
  }
}

/// Puts a matrix together row by row, in the memory where it stays.
package final class FloatMatrixBuilder {
  private var memory: UnsafeMutablePointer<Float>?
  private let capacity: Int
  private let columnCount: Int
  package private(set) var rowCount = 0

  /// - Returns: nil where there is not so much memory.
  package init?(rowCapacity: Int, columnCount: Int) {
    let (count, overflow) = rowCapacity.multipliedReportingOverflow(by: columnCount)
    guard !overflow, count > 0, count <= Int.max / 4, let memory = malloc(4 * count) else { return nil }
    self.memory = memory.bindMemory(to: Float.self, capacity: count)
    capacity = rowCapacity
    self.columnCount = columnCount
  }

  deinit { free(memory) }

  /// Adds whole rows.
  ///
  /// - Precondition: there is room for them, and the matrix is not finished.
  package func append(_ values: [Float]) {
    let rows = values.count / columnCount
    guard let memory, rows * columnCount == values.count, rows <= capacity - rowCount else {
      preconditionFailure("whole rows, as many as there is room for")
    }
    (memory + rowCount * columnCount).update(from: values, count: values.count)
    rowCount += rows
  }

  /// The rows added so far. Nothing can be added afterwards.
  package func finish() -> FloatMatrix {
    guard let memory else { preconditionFailure("the matrix was finished before") }
    self.memory = nil
    return FloatMatrix(adopting: memory, rowCount: rowCount, columnCount: columnCount)
  }
}
