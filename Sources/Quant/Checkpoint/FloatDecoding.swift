import Quant

/// Numbers of a checkpoint in single precision. Doubles are rounded, integers beyond 2²⁴ too.
///
/// Bytes are put together by index, bounds checked: the optimizer turns four adjacent byte reads into one load.
enum FloatDecoding {
  /// Decodes `values.count` numbers of type `dtype` from `bytes` into a part of `values`.
  ///
  /// - Precondition: `bytes` holds whole numbers and `values` has room for them from `start` on.
  static func decode(
    _ bytes: [UInt8], as dtype: DType, bigEndian: Bool = false, into values: inout [Float], at start: Int
  ) {
    let size = dtype.byteCount
    let count = bytes.count / size
    precondition(start >= 0 && start + count <= values.count)
    let bytes = bigEndian && size > 1 ? swapped(bytes, size: size) : bytes
    switch dtype {
    case .f32:
      for index in 0..<count { values[start + index] = Float(bitPattern: word32(bytes, 4 * index)) }
    case .f16:
      for index in 0..<count { values[start + index] = Half(bitPattern: word16(bytes, 2 * index)).float }
    case .bf16:
      for index in 0..<count { values[start + index] = BFloat16(bitPattern: word16(bytes, 2 * index)).float }
    case .f64:
      for index in 0..<count { values[start + index] = Float(Double(bitPattern: word64(bytes, 8 * index))) }
    case .i64:
      for index in 0..<count { values[start + index] = Float(Int64(bitPattern: word64(bytes, 8 * index))) }
    case .u64:
      for index in 0..<count { values[start + index] = Float(word64(bytes, 8 * index)) }
    case .i32:
      for index in 0..<count { values[start + index] = Float(Int32(bitPattern: word32(bytes, 4 * index))) }
    case .u32:
      for index in 0..<count { values[start + index] = Float(word32(bytes, 4 * index)) }
    case .i16:
      for index in 0..<count { values[start + index] = Float(Int16(bitPattern: word16(bytes, 2 * index))) }
    case .u16:
      for index in 0..<count { values[start + index] = Float(word16(bytes, 2 * index)) }
    case .i8:
      for index in 0..<count { values[start + index] = Float(Int8(bitPattern: bytes[index])) }
    case .u8:
      for index in 0..<count { values[start + index] = Float(bytes[index]) }
    case .bool:
      for index in 0..<count { values[start + index] = bytes[index] == 0 ? 0 : 1 }
    }
  }

  /// Decodes a range of elements of an extent, a few megabytes at a time. The extent's checksum is compared where
  /// the range is all of it.
  static func decode(
    _ extent: ByteExtent, elements: Range<Int>, as dtype: DType, bigEndian: Bool = false
  ) throws(CheckpointError) -> [Float] {
    let size = dtype.byteCount
    let (end, overflow) = elements.upperBound.multipliedReportingOverflow(by: size)
    guard elements.lowerBound >= 0, !overflow, end <= extent.count else {
      throw .malformed(
        format: extent.format, byteOffset: extent.place(of: 0), found: "\(extent.count / size) numbers",
        expected: "\(elements.upperBound)")
    }
    var values = [Float](repeating: 0, count: elements.count)
    var check = CRC32Check(extent)
    let piece = 1 << 20
    for start in stride(from: 0, to: elements.count, by: piece) {
      let first = elements.lowerBound + start
      let last = min(first + piece, elements.upperBound)
      let bytes = try extent.read(first * size..<last * size)
      check.update(bytes)
      decode(bytes, as: dtype, bigEndian: bigEndian, into: &values, at: start)
    }
    if elements.lowerBound == 0, end == extent.count { try check.finish() }
    return values
  }

  private static func swapped(_ bytes: [UInt8], size: Int) -> [UInt8] {
    var swapped = bytes
    for start in stride(from: 0, to: bytes.count - size + 1, by: size) {
      for index in 0..<size { swapped[start + index] = bytes[start + size - 1 - index] }
    }
    return swapped
  }
}

@inline(__always)
func word16(_ bytes: [UInt8], _ at: Int) -> UInt16 { UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8 }

@inline(__always)
func word32(_ bytes: [UInt8], _ at: Int) -> UInt32 {
  UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24
}

@inline(__always)
func word64(_ bytes: [UInt8], _ at: Int) -> UInt64 {
  UInt64(word32(bytes, at)) | UInt64(word32(bytes, at + 4)) << 32
}
