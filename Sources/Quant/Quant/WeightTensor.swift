import Files
import Glibc

/// One tensor of a model file, in the mapped memory; keeps the mapping alive.
package struct WeightTensor: Sendable {
  package let name: String
  /// Extents, outermost first; C order.
  package let shape: [Int]
  /// f32, f16 or i8.
  package let dtype: DType
  /// For i8: the factor of each row of the first dimension, finite and positive. Nil for the other types.
  package let scales: [Float]?
  let mapping: MappedFile
  let range: Range<Int>

  init(
    name: String, shape: [Int], dtype: DType, scales: [Float]?, mapping: MappedFile, range: Range<Int>
  ) {
    self.name = name
    self.shape = shape
    self.dtype = dtype
    self.scales = scales
    self.mapping = mapping
    self.range = range
  }

  package var elementCount: Int { range.count / dtype.byteCount }
  package var byteCount: Int { range.count }
  /// Extent of the first dimension; the output channels of a weight.
  package var rows: Int { shape.first ?? 1 }
  /// Elements of one row.
  package var rowLength: Int { rows == 0 ? 0 : elementCount / rows }

  /// Gives the stored bytes, 64-byte aligned, little-endian, without reading or copying them first.
  package func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(rebasing: mapping.bytes[range]))
  }

  /// All values in single precision: f16 widened exactly, i8 multiplied by its row's scale.
  package func floats() -> [Float] { floats(rows: 0..<rows) }

  /// The values of some rows of the first dimension, in single precision.
  ///
  /// - Precondition: `rows` lies within `0..<self.rows`.
  package func floats(rows wanted: Range<Int>) -> [Float] {
    precondition(wanted.lowerBound >= 0 && wanted.upperBound <= rows, "rows of tensor \(name)")
    let rowLength = rowLength
    let first = wanted.lowerBound * rowLength
    let count = wanted.count * rowLength
    return withUnsafeBytes { bytes in
      [Float](unsafeUninitializedCapacity: count) { values, initialized in
        switch dtype {
        case .f16:
          let halves = bytes.bindMemory(to: UInt16.self)
          for index in 0..<count { values[index] = Half(bitPattern: halves[first + index]).float }
        case .i8:
          let codes = bytes.bindMemory(to: Int8.self)
          let scales = scales ?? []
          for row in wanted {
            let scale = scales[row]
            let from = row * rowLength
            for index in from..<from + rowLength { values[index - first] = Float(codes[index]) * scale }
          }
        default:
          let floats = bytes.bindMemory(to: Float.self)
          for index in 0..<count { values[index] = floats[first + index] }
        }
        initialized = count
      }
    }
  }

  /// Lets the kernel take the tensor's memory back, for instance once the weights are packed. Reading again is
  /// correct, and costs a read from the disk's cache or the disk.
  package func adviseDontNeed() { mapping.advise(range, Int32(MADV_DONTNEED)) }

  /// The same for some rows.
  package func adviseDontNeed(rows: Range<Int>) {
    let rowByteCount = rowLength * dtype.byteCount
    mapping.advise(
      range.lowerBound + rows.lowerBound * rowByteCount..<range.lowerBound + rows.upperBound * rowByteCount,
      Int32(MADV_DONTNEED))
  }
}
