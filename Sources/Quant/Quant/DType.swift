/// Element types of stored tensors, with the names that safetensors gives them.
///
/// An `.idinv` file holds `f32`, `f16` and `i8` only (`DType.modelFileTypes`); the others occur in checkpoints.
package enum DType: String, Codable, CaseIterable, Sendable {
  case f64 = "F64"
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"
  case i64 = "I64"
  case i32 = "I32"
  case i16 = "I16"
  case i8 = "I8"
  case u64 = "U64"
  case u32 = "U32"
  case u16 = "U16"
  case u8 = "U8"
  case bool = "BOOL"

  /// Element types that weights of an `.idinv` file may have.
  package static let modelFileTypes: [DType] = [.f32, .f16, .i8]

  /// Bytes of one element.
  package var byteCount: Int {
    switch self {
    case .f64, .i64, .u64: 8
    case .f32, .i32, .u32: 4
    case .f16, .bf16, .i16, .u16: 2
    case .i8, .u8, .bool: 1
    }
  }
}

/// Product of a shape's extents, or nil where it overflows or an extent is negative. A scalar's shape is empty: 1.
package func elementCount(of shape: [Int]) -> Int? {
  var count = 1
  for extent in shape {
    guard extent >= 0 else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: extent)
    if overflow { return nil }
    count = product
  }
  return count
}
