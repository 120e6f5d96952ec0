import Quant

/// A storage as a pickle refers to it.
struct TorchStorageID {
  struct View: Equatable {
    var offset: Int
    var count: Int
  }
  var key: String
  var dtype: DType
  /// Elements of the whole storage.
  var count: Int
  /// Old files may name a part of a storage.
  var view: View?
  /// What its tensors are, where they are none of `DType`.
  var opaque: OpaqueType?
  /// Of an element.
  var elementByteCount: Int { opaque?.byteCount ?? dtype.byteCount }
}

/// Numbers that are not read, and may lie beside those that are.
struct OpaqueType: Hashable {
  /// With its article: "a complex tensor".
  var kind: String
  var byteCount: Int

  /// By the names of torch's storage classes.
  static let storages: [String: OpaqueType] = {
    var types: [String: OpaqueType] = ["UntypedStorage": OpaqueType(kind: "a tensor of bytes", byteCount: 1)]
    for (name, count) in [("Half", 4), ("Float", 8), ("Double", 16)] {
      types["Complex\(name)Storage"] = OpaqueType(kind: "a complex tensor", byteCount: count)
    }
    for (name, count) in [("QInt8", 1), ("QUInt8", 1), ("QInt32", 4), ("QUInt4x2", 1), ("QUInt2x4", 1)] {
      types["\(name)Storage"] = OpaqueType(kind: "a quantized tensor", byteCount: count)
    }
    for name in ["e4m3fn", "e5m2", "e4m3fnuz", "e5m2fnuz"] {
      types["Float8_\(name)Storage"] = OpaqueType(kind: "a tensor of 8-bit floats", byteCount: 1)
    }
    return types
  }()

  /// By the names of the functions of `torch._utils` that make them.
  static let makers: [String: String] = [
    "_rebuild_sparse_tensor": "a sparse tensor", "_rebuild_sparse_csr_tensor": "a sparse tensor",
    "_rebuild_qtensor": "a quantized tensor", "_rebuild_nested_tensor": "a nested tensor",
    "_rebuild_meta_tensor_no_storage": "a tensor without data",
    "_rebuild_tensor_v3": "a tensor of a type without a storage class of its own, such as 8-bit floats",
  ]
}

/// Where storages' data lies; filled in when it is known. Legacy files list their storages after the pickle.
final class TorchStorageTable {
  var extents: [String: ByteExtent] = [:]
  /// Storages that the pickle asked for, by key, with the type and size it stated.
  var asked: [String: TorchStorageID] = [:]
  var isBigEndian = false
}

/// A run of numbers that tensors are views of.
struct TorchStorage {
  let id: TorchStorageID
  let table: TorchStorageTable

  /// Elements that tensors may address.
  var count: Int { id.view?.count ?? id.count }

  /// Some elements in single precision.
  func floats(_ range: Range<Int>) throws(CheckpointError) -> [Float] {
    guard let extent = table.extents[id.key] else {
      throw .malformed(
        format: "torch file", byteOffset: 0, found: "no data of storage \"\(id.key)\"", expected: "its bytes")
    }
    let start = (id.view?.offset ?? 0) + range.lowerBound
    return try FloatDecoding.decode(
      extent, elements: start..<start + range.count, as: id.dtype, bigEndian: table.isBigEndian)
  }
}

/// A torch tensor: a strided view of a storage whose data is read when asked for.
package struct TorchTensor {
  package let shape: [Int]
  let strides: [Int]
  let offset: Int
  let storage: TorchStorage

  package var dtype: DType { storage.id.dtype }
  package var elementCount: Int { shape.reduce(1, *) }

  struct Fault: Error {
    var found: String
    var expected: String
  }

  /// A view that repeats elements (stride 0) may have more elements than its storage up to this number.
  static let repeatedElementLimit = 1 << 20

  /// - Throws: where the view is not inside its storage.
  init(storage: TorchStorage, offset: Int, shape: [Int], strides: [Int]) throws(Fault) {
    guard shape.count == strides.count, strides.allSatisfy({ $0 >= 0 }), offset >= 0 else {
      throw Fault(
        found: "sizes \(shape), strides \(strides), offset \(offset)",
        expected: "as many strides as sizes, none negative")
    }
    guard let count = Quant.elementCount(of: shape),
      count <= max(storage.count, Self.repeatedElementLimit)
    else {
      throw Fault(found: "a tensor of shape \(shape)", expected: "at most the storage's \(storage.count) elements")
    }
    // Index of the last element; overflow anywhere means outside.
    var last = offset
    var overflows = false
    for (extent, stride) in zip(shape, strides) where extent > 1 {
      let (span, first) = stride.multipliedReportingOverflow(by: extent - 1)
      let (sum, second) = last.addingReportingOverflow(span)
      last = sum
      overflows = overflows || first || second
    }
    guard count == 0 || (!overflows && last < storage.count) else {
      throw Fault(
        found: "a tensor of shape \(shape), strides \(strides), offset \(offset)",
        expected: "a view inside its storage of \(storage.count) elements")
    }
    self.storage = storage
    self.offset = offset
    self.shape = shape
    self.strides = strides
  }

  private var isContiguous: Bool {
    var expected = 1
    for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
      guard stride == expected else { return false }
      expected *= extent
    }
    return true
  }

  /// All elements in C order, in single precision.
  ///
  /// - Throws: `.malformed` where the file's data is cut or damaged, `.file`.
  package func floats() throws(CheckpointError) -> [Float] {
    let count = elementCount
    guard count > 0 else { return [] }
    if isContiguous { return try storage.floats(offset..<offset + count) }
    let span = zip(shape, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
    let source = try storage.floats(offset..<offset + span + 1)
    return gathered(source, shape: shape, strides: strides)
  }
}
