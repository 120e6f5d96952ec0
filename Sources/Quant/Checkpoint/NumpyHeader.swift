import Quant

/// The header of a `.npy` file: magic, version, and a Python dictionary of `descr`, `fortran_order`, `shape`.
///
/// Source: NumPy's NEP 1 and `numpy/lib/format.py`; versions 1 (16-bit length), 2 (32-bit) and 3 (UTF-8).
struct NumpyHeader: Equatable {
  var dtype: NumpyDType
  var isFortranOrder: Bool
  var shape: [Int]
  /// Where the data begins.
  var byteCount: Int

  static let magic: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
  static let format = "npy file"
  /// Longest header text that is read; a shape of 32 extents needs a few hundred bytes.
  static let textLimit = 1 << 16

  /// - Throws: `.malformed`, `.file`.
  init(_ extent: ByteExtent) throws(CheckpointError) {
    func fault(_ offset: Int, _ found: String, _ expected: String) -> CheckpointError {
      .malformed(format: Self.format, byteOffset: extent.place(of: offset), found: found, expected: expected)
    }
    let start = try extent.read(0..<min(12, extent.count))
    guard start.starts(with: Self.magic.prefix(start.count)) else {
      throw .otherFormat(format: Self.format, found: Self.guess(try extent.read(0..<min(256, extent.count))))
    }
    guard extent.count >= 10 else { throw fault(0, "\(extent.count) bytes", "a header") }
    let version = start[6]
    guard (1...3).contains(version), start[7] == 0 else {
      throw fault(6, "version \(version).\(start[7])", "1.0, 2.0 or 3.0")
    }
    let textStart = version == 1 ? 10 : 12
    guard start.count >= textStart else { throw fault(8, "\(extent.count) bytes", "a header length") }
    let length = version == 1 ? Int(word16(start, 8)) : Int(word32(start, 8))
    guard length <= min(Self.textLimit, extent.count - textStart) else {
      throw fault(8, "a header of \(length) bytes", "at most \(min(Self.textLimit, extent.count - textStart))")
    }
    byteCount = textStart + length
    var literal = PythonLiteral(try extent.read(textStart..<byteCount))
    guard let members = literal.dictionary() else {
      throw fault(textStart + literal.position, "a malformed header", "{'descr': …, 'fortran_order': …, 'shape': …}")
    }
    guard Set(members.keys) == ["descr", "fortran_order", "shape"] else {
      throw fault(textStart, "keys \(members.keys.sorted())", "descr, fortran_order, shape")
    }
    guard case .string(let descriptor) = members["descr"], let dtype = NumpyDType(descriptor) else {
      throw fault(textStart, "another element type", "a number type or objects, such as '<f4' or '|O'")
    }
    guard case .bool(let isFortranOrder) = members["fortran_order"] else {
      throw fault(textStart, "another fortran_order", "True or False")
    }
    guard case .tuple(let shape) = members["shape"], shape.count <= 32, elementCount(of: shape) != nil else {
      throw fault(textStart, "another shape", "a tuple of at most 32 sizes, their product within 63 bits")
    }
    self.dtype = dtype
    self.isFortranOrder = isFortranOrder
    self.shape = shape
  }
}

extension NumpyHeader {
  /// What a file seems to be that is none of NumPy's.
  static func guess(_ start: [UInt8]) -> String {
    if start.starts(with: [0x50, 0x4b]) { return "a zip archive (an .npz file?)" }
    if start.first == 0x80, start.count > 1, start[1] <= 5 { return "a Python pickle" }
    return FileGuess.text(start) ?? "other bytes"
  }
}

/// The few Python literals that a `.npy` header is made of.
private struct PythonLiteral {
  enum Value {
    case string(String)
    case bool(Bool)
    case tuple([Int])
  }
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x0a, 0x09, 0x0d].contains(bytes[position]) { position += 1 }
  }

  private mutating func take(_ character: Character) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
    position += 1
    return true
  }

  /// The whole text as a dictionary with distinct string keys.
  mutating func dictionary() -> [String: Value]? {
    guard take("{") else { return nil }
    var members: [String: Value] = [:]
    while !take("}") {
      guard let key = string(), take(":"), let value = value(), members.updateValue(value, forKey: key) == nil
      else { return nil }
      if !take(",") {
        guard take("}") else { return nil }
        break
      }
    }
    skipSpace()
    return position == bytes.count ? members : nil
  }

  private mutating func value() -> Value? {
    skipSpace()
    if let text = string() { return .string(text) }
    if word("True") { return .bool(true) }
    if word("False") { return .bool(false) }
    guard take("(") else { return nil }
    var sizes: [Int] = []
    while !take(")") {
      guard let size = integer(), sizes.count < 64 else { return nil }
      sizes.append(size)
      if !take(",") {
        guard take(")") else { return nil }
        break
      }
    }
    return .tuple(sizes)
  }

  private mutating func word(_ text: String) -> Bool {
    guard bytes[position...].starts(with: text.utf8) else { return false }
    position += text.utf8.count
    return true
  }

  private mutating func string() -> String? {
    skipSpace()
    guard position < bytes.count, bytes[position] == 0x27 || bytes[position] == 0x22 else { return nil }
    let quote = bytes[position]
    guard let end = bytes[(position + 1)...].firstIndex(of: quote) else { return nil }
    defer { position = end + 1 }
    let text = bytes[position + 1..<end]
    return text.contains(0x5c) ? nil : String(validating: text, as: UTF8.self)
  }

  private mutating func integer() -> Int? {
    skipSpace()
    let start = position
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
    // Python 2 wrote long integers with an L.
    defer { if position < bytes.count, bytes[position] == 0x4c { position += 1 } }
    // Octal in Python 2, no number at all in Python 3.
    guard position - start == 1 || start < position && bytes[start] != 0x30 else { return nil }
    return Int(String(decoding: bytes[start..<position], as: UTF8.self))
  }
}
