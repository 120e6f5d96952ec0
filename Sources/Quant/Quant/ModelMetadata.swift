import Files
import FoundationEssentials
import Glibc

/// A file that went into a model.
package struct ModelSource: Codable, Equatable, Sendable {
  /// `generator`, `encoder`, `perceptual` or `attributes`.
  package var part: String
  /// Name without folders.
  package var file: String
  package var byteCount: Int
  /// 64 lowercase hexadecimal digits.
  package var sha256: String

  package init(part: String, file: String, byteCount: Int, sha256: String) {
    self.part = part
    self.file = file
    self.byteCount = byteCount
    self.sha256 = sha256
  }
}

/// What a model file says about itself besides its tensors; the keys are those of `docs/FORMAT.md`.
package struct ModelMetadata: Equatable, Sendable {
  package static let formatName = "idinv"
  package static let formatVersion = 1
  package static let quantizationVersion = 1

  package var specification: ModelSpecification
  package var precision: WeightsPrecision
  package var sources: [ModelSource]
  /// Terms under which the weights may be used; empty where unknown.
  package var licence: String
  /// Where the weights come from, in words; may be empty.
  package var note: String
  /// Program and version that wrote the file.
  package var creator: String

  package init(
    specification: ModelSpecification, precision: WeightsPrecision, sources: [ModelSource] = [],
    licence: String = "", note: String = "", creator: String = "idinv-lite"
  ) {
    self.specification = specification
    self.precision = precision
    self.sources = sources
    self.licence = licence
    self.note = note
    self.creator = creator
  }

  /// As the header's string map; equal values give equal bytes.
  package func encoded(checksums: [String: UInt32]) throws(ModelFileError) -> [String: String] {
    [
      "format": Self.formatName,
      "format_version": "\(Self.formatVersion)",
      "quantisation_version": "\(Self.quantizationVersion)",
      "specification": try Self.json(specification, key: "specification"),
      "precision": precision.rawValue,
      "sources": try Self.json(sources, key: "sources"),
      "licence": licence,
      "note": note,
      "creator": creator,
      "checksums": "{"
        + checksums.sorted { $0.key < $1.key }
        .map { jsonQuoted($0.key) + ":\"\(hexadecimal($0.value))\"" }.joined(separator: ",") + "}",
    ]
  }

  private static func json(_ value: some Encodable, key: String) throws(ModelFileError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else {
      throw .metadata(key: key, found: "a value that JSON cannot express", expected: "finite numbers")
    }
    return String(decoding: data, as: UTF8.self)
  }

  /// From the header's string map, with the tensors' checksums. Keys that this version does not know are ignored.
  ///
  /// - Throws: `.metadata` where a key is missing or malformed, `.unsupportedVersion`, `.specification`.
  package static func decode(
    _ map: [String: String]
  ) throws(ModelFileError) -> (metadata: ModelMetadata, checksums: [String: UInt32]) {
    func text(_ key: String, _ expected: String) throws(ModelFileError) -> String {
      guard let value = map[key] else { throw .metadata(key: key, found: "nothing", expected: expected) }
      return value
    }
    let format = try text("format", "\"\(formatName)\"; is this a plain safetensors file?")
    guard format == formatName else {
      throw .metadata(key: "format", found: "\"\(format)\"", expected: "\"\(formatName)\"")
    }
    for (key, supported) in [("format_version", formatVersion), ("quantisation_version", quantizationVersion)] {
      let version = try text(key, "\(supported)")
      guard version == "\(supported)" else {
        throw .unsupportedVersion(key: key, found: version, supported: "\(supported)")
      }
    }
    let precisionName = try text("precision", "f32, f16 or int8")
    guard let precision = WeightsPrecision(rawValue: precisionName) else {
      throw .metadata(key: "precision", found: "\"\(precisionName)\"", expected: "f32, f16 or int8")
    }
    let specification: ModelSpecification = try decoded(
      try text("specification", "the networks' description"), key: "specification")
    try specification.validate()
    let metadata = ModelMetadata(
      specification: specification, precision: precision,
      sources: try decoded(try text("sources", "a list of source files"), key: "sources"),
      licence: try text("licence", "a text, possibly empty"), note: map["note"] ?? "",
      creator: try text("creator", "the writing program"))
    return (metadata, try checksums(try text("checksums", "a CRC-32 per tensor")))
  }

  private static func decoded<Value: Decodable>(_ text: String, key: String) throws(ModelFileError) -> Value {
    do {
      return try JSONText.decode(Value.self, from: text.utf8)
    } catch let error as JSONFault {
      throw .metadata(
        key: key, found: "JSON with \(error.found) at byte \(error.offset)", expected: error.expected)
    } catch let error as DecodingError {
      throw .metadata(key: key, found: reason(error), expected: "JSON as docs/FORMAT.md describes it")
    } catch {
      throw .metadata(key: key, found: "malformed JSON", expected: "JSON as docs/FORMAT.md describes it")
    }
  }

  private static func reason(_ error: DecodingError) -> String {
    func path(_ context: DecodingError.Context) -> String {
      context.codingPath.map(\.stringValue).joined(separator: ".")
    }
    return switch error {
    case .keyNotFound(let key, let context):
      "no \((context.codingPath + [key]).map(\.stringValue).joined(separator: "."))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context): "a wrong type at '\(path(context))'"
    case .dataCorrupted(let context) where context.codingPath.isEmpty: "malformed JSON"
    case .dataCorrupted(let context): "a wrong value at '\(path(context))'"
    @unknown default: "malformed JSON"
    }
  }

  private static func checksums(_ text: String) throws(ModelFileError) -> [String: UInt32] {
    guard let value = try? JSONReader.read([UInt8](text.utf8)), case .object(let members) = value else {
      throw .metadata(key: "checksums", found: "malformed JSON", expected: "an object of CRC-32s")
    }
    var checksums: [String: UInt32] = [:]
    for member in members {
      guard case .string(let digits) = member.value, digits.utf8.count == 8, digits.allSatisfy(\.isHexDigit),
        let checksum = UInt32(digits, radix: 16)
      else {
        throw .metadata(
          key: "checksums", found: "\(member.value.kind) for \(member.key)", expected: "8 hexadecimal digits")
      }
      checksums[member.key] = checksum
    }
    return checksums
  }
}
