import Files

/// The header of a safetensors file, checked: 8 bytes of length (little-endian), a JSON object that maps names to
/// `dtype`, `shape` and `data_offsets`, then the tensors' bytes without holes.
///
/// Source: the format section of the safetensors README and `validate()` in its `tensor.rs`. This is what both
/// `.idinv` files and foreign `.safetensors` files have in common; nothing here knows what the tensors mean.
package struct SafetensorsHeader: Sendable {
  package struct Entry: Equatable, Sendable {
    package var name: String
    package var dtype: DType
    package var shape: [Int]
    /// Bytes of the file.
    package var range: Range<Int>

    package init(name: String, dtype: DType, shape: [Int], range: Range<Int>) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
      self.range = range
    }
  }

  /// A tensor of a type that is not read.
  package struct OtherEntry: Equatable, Sendable {
    package var name: String
    package var typeName: String
    package var range: Range<Int>
  }

  /// Types of the format that are not read: 8, 6 and 4 bits, and complex numbers.
  private static let otherTypes: Set<String> = [
    "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F6_E2M3", "F6_E3M2", "F4", "C64", "C128",
  ]

  /// What is wrong, and where.
  package struct Fault: Error, Equatable {
    package enum Place: Equatable {
      case byte(Int)
      case tensor(String)
      case metadata(String)
    }
    package var place: Place
    package var found: String
    package var expected: String
  }

  package var metadata: [String: String] = [:]
  /// In the order of their bytes in the file.
  package var entries: [Entry] = []
  /// Only where they were asked for.
  package var otherEntries: [OtherEntry] = []
  /// Byte of the file where the data begins.
  package var dataStart: Int

  /// Bytes of the length field.
  package static let prefixByteCount = 8

  /// Length of the JSON text, from the file's first 8 bytes.
  ///
  /// - Throws: a fault at byte 0 where the file is too short for a header, or the length passes `limit` or the end.
  package static func length(
    prefix: [UInt8], fileByteCount: Int, limit: Int
  ) throws(Fault) -> Int {
    guard prefix.count >= prefixByteCount, fileByteCount >= prefixByteCount + 2 else {
      throw Fault(
        place: .byte(0), found: "a file of \(fileByteCount) bytes",
        expected: "a header length in 8 bytes and a JSON header")
    }
    var length: UInt64 = 0
    for index in (0..<8).reversed() { length = length << 8 | UInt64(prefix[index]) }
    let bound = min(limit, fileByteCount - prefixByteCount)
    guard length >= 2, length <= UInt64(bound) else {
      // A header that is cut off, or eight bytes of something else.
      let question = length > 2 && length <= UInt64(limit) ? ": is the download complete?" : ""
      throw Fault(
        place: .byte(0), found: "a header of \(length) bytes", expected: "a header of 2 to \(bound) bytes" + question)
    }
    return Int(length)
  }

  /// Reads and checks the JSON text (the bytes after the length field) of a file of `fileByteCount` bytes.
  ///
  /// - Parameter isForeign: whether another program wrote the file: its metadata may be null, and it may have tensors of types
  ///   that are not read.
  /// - Throws: a fault where the text is no JSON object of the right form; a dtype is unknown; a shape's bytes are not
  ///   its range's; ranges overlap, leave a hole, or do not end at the file's end.
  package init(json: [UInt8], fileByteCount: Int, isForeign: Bool = false) throws(Fault) {
    dataStart = Self.prefixByteCount + json.count
    guard json.first == UInt8(ascii: "{") else {
      throw Fault(
        place: .byte(Self.prefixByteCount), found: json.first.map { "byte \($0)" } ?? "nothing",
        expected: "'{', the start of the JSON header")
    }
    let root: JSONValue
    do {
      root = try JSONReader.read(json)
    } catch {
      throw Fault(
        place: .byte(Self.prefixByteCount + error.offset), found: error.found, expected: error.expected)
    }
    guard case .object(let members) = root else {
      throw Fault(place: .byte(Self.prefixByteCount), found: root.kind, expected: "a JSON object")
    }
    let dataByteCount = fileByteCount - dataStart
    for member in members {
      if member.key == "__metadata__" {
        if isForeign, case .null = member.value { continue }
        metadata = try Self.metadata(member.value)
      } else if isForeign, let other = try Self.other(member.key, member.value, dataStart, dataByteCount) {
        otherEntries.append(other)
      } else {
        entries.append(
          try Self.entry(member.key, member.value, dataStart: dataStart, dataByteCount: dataByteCount))
      }
    }
    entries.sort {
      ($0.range.lowerBound, $0.range.upperBound, $0.name) < ($1.range.lowerBound, $1.range.upperBound, $1.name)
    }
    var end = dataStart
    var places = entries.map { (name: $0.name, range: $0.range) }
    if !otherEntries.isEmpty {
      places += otherEntries.map { (name: $0.name, range: $0.range) }
      places.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    }
    for entry in places {
      guard entry.range.lowerBound == end else {
        throw Fault(
          place: .tensor(entry.name), found: "data from offset \(entry.range.lowerBound - dataStart)",
          expected: "data from offset \(end - dataStart), where the tensor before it ends (no holes, no overlap)")
      }
      end = entry.range.upperBound
    }
    guard end == fileByteCount else {
      throw Fault(
        place: .byte(end), found: "\(fileByteCount - end) bytes after the last tensor",
        expected: "the end of the file")
    }
  }

  private static func metadata(_ value: JSONValue) throws(Fault) -> [String: String] {
    guard case .object(let members) = value else {
      throw Fault(place: .metadata("__metadata__"), found: value.kind, expected: "an object of strings")
    }
    var metadata: [String: String] = [:]
    for member in members {
      guard case .string(let text) = member.value else {
        throw Fault(place: .metadata(member.key), found: member.value.kind, expected: "a string")
      }
      metadata[member.key] = text
    }
    return metadata
  }

  /// A tensor of a known type that is not read; nil where it is none. Its bytes are not compared with its shape.
  private static func other(
    _ name: String, _ value: JSONValue, _ dataStart: Int, _ dataByteCount: Int
  ) throws(Fault) -> OtherEntry? {
    guard case .object(let members) = value,
      case .string(let type)? = members.first(where: { $0.key == "dtype" })?.value, otherTypes.contains(type)
    else { return nil }
    let offsets = integers(members.first { $0.key == "data_offsets" }?.value) ?? []
    guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] <= dataByteCount else {
      throw Fault(
        place: .tensor(name), found: "data_offsets \(offsets)", expected: "[begin, end] up to \(dataByteCount)")
    }
    return OtherEntry(name: name, typeName: type, range: dataStart + offsets[0]..<dataStart + offsets[1])
  }

  private static func entry(
    _ name: String, _ value: JSONValue, dataStart: Int, dataByteCount: Int
  ) throws(Fault) -> Entry {
    func fault(_ found: String, _ expected: String) -> Fault {
      Fault(place: .tensor(name), found: found, expected: expected)
    }
    guard case .object(let members) = value else {
      throw fault(value.kind, "an object of dtype, shape, data_offsets")
    }
    var fields: [String: JSONValue] = [:]
    for member in members {
      guard ["dtype", "shape", "data_offsets"].contains(member.key) else {
        throw fault("the key \"\(member.key)\"", "dtype, shape, data_offsets only")
      }
      fields[member.key] = member.value
    }
    guard case .string(let typeName) = fields["dtype"] else {
      throw fault(fields["dtype"]?.kind ?? "no dtype", "a dtype string")
    }
    guard let dtype = DType(rawValue: typeName) else {
      throw fault("dtype \"\(typeName)\"", "one of " + DType.allCases.map(\.rawValue).joined(separator: ", "))
    }
    guard let shape = integers(fields["shape"]), shape.count <= 16 else {
      throw fault(fields["shape"]?.kind ?? "no shape", "a shape of at most 16 non-negative integers")
    }
    guard let offsets = integers(fields["data_offsets"]), offsets.count == 2, offsets[0] <= offsets[1] else {
      throw fault(fields["data_offsets"]?.kind ?? "no data_offsets", "data_offsets of [begin, end], begin ≤ end")
    }
    guard offsets[1] <= dataByteCount else {
      throw fault(
        "data up to offset \(offsets[1])", "at most \(dataByteCount), where the file ends: is the download complete?")
    }
    guard let count = elementCount(of: shape),
      case let (byteCount, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount), !overflow,
      byteCount == offsets[1] - offsets[0]
    else {
      throw fault(
        "\(offsets[1] - offsets[0]) bytes of data", "the bytes of shape \(shape) in \(dtype.rawValue)")
    }
    return Entry(
      name: name, dtype: dtype, shape: shape, range: dataStart + offsets[0]..<dataStart + offsets[1])
  }

  private static func integers(_ value: JSONValue?) -> [Int]? {
    guard case .array(let elements) = value else { return nil }
    var integers: [Int] = []
    for element in elements {
      guard case .integer(let integer) = element, integer >= 0 else { return nil }
      integers.append(integer)
    }
    return integers
  }

  /// The file's bytes up to its data: length field, JSON text in the order given, padded with spaces to a multiple
  /// of 64 bytes. The entries' ranges count from the start of the data here, since the header's length is not known yet.
  package static func encode(
    metadata: [String: String], entries: [Entry], byteCount: Int = 0
  ) -> [UInt8] {
    var text = "{\"__metadata__\":{"
    text += metadata.sorted { $0.key < $1.key }
      .map { jsonQuoted($0.key) + ":" + jsonQuoted($0.value) }.joined(separator: ",")
    text += "}"
    for entry in entries {
      text += ",\(jsonQuoted(entry.name)):{\"dtype\":\"\(entry.dtype.rawValue)\",\"shape\":["
      text += entry.shape.map(String.init).joined(separator: ",")
      text += "],\"data_offsets\":[\(entry.range.lowerBound),\(entry.range.upperBound)]}"
    }
    text += "}"
    var bytes = [UInt8](text.utf8)
    while (prefixByteCount + bytes.count) % 64 != 0 || prefixByteCount + bytes.count < byteCount { bytes.append(0x20) }
    let length = UInt64(bytes.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + bytes
  }
}
