/// Where and how a JSON text is malformed.
package struct JSONFault: Error, Equatable {
  package var offset: Int
  package var found: String
  package var expected: String
}

/// A strict JSON reader (RFC 8259) for untrusted files: bounded depth, duplicate keys refused, no recovery.
///
/// Foundation accepts duplicate keys, which would let two programs read two
/// different files from the same bytes.
package struct JSONReader {
  private let bytes: [UInt8]
  private var position = 0
  private static let depthLimit = 32

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The value that makes up all of `bytes`, apart from white space around it.
  package static func read(_ bytes: [UInt8]) throws(JSONFault) -> JSONValue {
    var reader = JSONReader(bytes)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.position == bytes.count else { throw reader.fault("the end of the JSON text") }
    return value
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func fault(_ expected: String) -> JSONFault {
    let found =
      switch current {
      case nil: "the end of the text"
      case .some(let byte) where (0x20..<0x7f).contains(byte): "'\(Character(UnicodeScalar(byte)))'"
      case .some(let byte): "byte \(byte)"
      }
    return JSONFault(offset: position, found: found, expected: expected)
  }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
  }

  private mutating func expect(_ character: Character) throws(JSONFault) {
    guard current == character.asciiValue else { throw fault("'\(character)'") }
    position += 1
  }

  private mutating func value(depth: Int) throws(JSONFault) -> JSONValue {
    guard depth < Self.depthLimit else { throw fault("nesting of at most \(Self.depthLimit) levels") }
    skipSpace()
    switch current {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONFault) -> JSONValue {
    for character in "\(text)" { try expect(character) }
    return value
  }

  private mutating func object(depth: Int) throws(JSONFault) -> JSONValue {
    try expect("{")
    var members: [JSONMember] = []
    var keys: Set<String> = []
    skipSpace()
    if current == UInt8(ascii: "}") {
      position += 1
      return .object([])
    }
    while true {
      skipSpace()
      let start = position
      let key = try string()
      guard keys.insert(key).inserted else {
        throw JSONFault(offset: start, found: "the key \"\(key)\" a second time", expected: "distinct keys")
      }
      skipSpace()
      try expect(":")
      members.append(JSONMember(key: key, value: try value(depth: depth + 1)))
      skipSpace()
      if current == UInt8(ascii: "}") {
        position += 1
        return .object(members)
      }
      guard current == UInt8(ascii: ",") else { throw fault("',' or '}'") }
      position += 1
    }
  }

  private mutating func array(depth: Int) throws(JSONFault) -> JSONValue {
    try expect("[")
    var elements: [JSONValue] = []
    skipSpace()
    if current == UInt8(ascii: "]") {
      position += 1
      return .array([])
    }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if current == UInt8(ascii: "]") {
        position += 1
        return .array(elements)
      }
      guard current == UInt8(ascii: ",") else { throw fault("',' or ']'") }
      position += 1
    }
  }

  private mutating func string() throws(JSONFault) -> String {
    guard current == UInt8(ascii: "\"") else { throw fault("a string") }
    let start = position
    position += 1
    var units: [UInt8] = []
    while let byte = current, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw fault("a string without control characters") }
      position += 1
      if byte == UInt8(ascii: "\\") {
        units.append(contentsOf: String(try escape()).utf8)
      } else {
        units.append(byte)
      }
    }
    try expect("\"")
    guard let text = String(validating: units, as: UTF8.self) else {
      throw JSONFault(offset: start, found: "a string that is not UTF-8", expected: "UTF-8 text")
    }
    return text
  }

  private mutating func escape() throws(JSONFault) -> Unicode.Scalar {
    guard let byte = current else { throw fault("an escape") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let unit = try codeUnit()
      if let scalar = Unicode.Scalar(unit) { return scalar }
      // The first half of a surrogate pair; the second must follow.
      guard unit < 0xdc00, current == UInt8(ascii: "\\") else { throw fault("a surrogate pair") }
      position += 1
      try expect("u")
      let low = try codeUnit()
      let value: UInt32 = 0x10000 + (UInt32(unit) - 0xd800) << 10 + UInt32(low & 0x3ff)
      guard (0xdc00..<0xe000).contains(low), let scalar = Unicode.Scalar(value)
      else { throw fault("a surrogate pair") }
      return scalar
    default:
      position -= 1
      throw fault("an escape")
    }
  }

  private mutating func codeUnit() throws(JSONFault) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw fault("four hexadecimal digits")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }

  private mutating func number() throws(JSONFault) -> JSONValue {
    let start = position
    let isNegative = current == UInt8(ascii: "-")
    if isNegative { position += 1 }
    guard let first = current, isDigit(first) else {
      position = start
      throw fault("a JSON value")
    }
    var magnitude: Int? = 0
    if first == UInt8(ascii: "0") {
      position += 1
    } else {
      while let byte = current, isDigit(byte) {
        magnitude = magnitude.flatMap { value in
          let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
          let (sum, carry) = scaled.addingReportingOverflow(Int(byte - 0x30))
          return overflow || carry ? nil : sum
        }
        position += 1
      }
    }
    if current == UInt8(ascii: ".") {
      position += 1
      try digits()
      magnitude = nil
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      position += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
      try digits()
      magnitude = nil
    }
    guard let magnitude else {
      return .number(Double(String(decoding: bytes[start..<position], as: UTF8.self)) ?? .infinity)
    }
    return .integer(isNegative ? -magnitude : magnitude)
  }

  private mutating func digits() throws(JSONFault) {
    guard let byte = current, isDigit(byte) else { throw fault("a digit") }
    while let byte = current, isDigit(byte) { position += 1 }
  }

  private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

/// `text` as a JSON string, quotes included; only what must be escaped is.
package func jsonQuoted(_ text: String) -> String {
  var quoted = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": quoted += "\\\""
    case "\\": quoted += "\\\\"
    case "\n": quoted += "\\n"
    case "\r": quoted += "\\r"
    case "\t": quoted += "\\t"
    case _ where scalar.value < 0x20:
      quoted += "\\u00" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
    default: quoted.unicodeScalars.append(scalar)
    }
  }
  return quoted + "\""
}
