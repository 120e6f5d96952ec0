import Foundation
import Quant
import TestSupport
import Testing

/// A model file's header and data, to be put together again with something changed.
struct ModelFileParts {
  /// Without the spaces that pad it.
  var json: String
  var data: [UInt8]

  init(json: String, data: [UInt8]) { (self.json, self.data) = (json, data) }

  init(_ bytes: [UInt8]) {
    let length = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
    json = String(decoding: bytes[8..<8 + length], as: UTF8.self).trimmingCharacters(in: .whitespaces)
    data = Array(bytes[(8 + length)...])
  }

  /// Replaces text of the header, which must occur there.
  mutating func replace(_ old: String, by new: String) {
    #expect(json.contains(old), "\(old)")
    json = json.replacingOccurrences(of: old, with: new)
  }

  /// Replaces the first float of a tensor.
  mutating func setFirst(of tensor: String, to value: Float) throws {
    let header = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    let entry = try #require(header[tensor] as? [String: Any])
    let begin = try #require((entry["data_offsets"] as? [Int])?.first)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { data.replaceSubrange(begin..<begin + 4, with: $0) }
  }

  /// The file, its header padded to the alignment.
  func bytes(pads: Bool = true) -> [UInt8] {
    var header = Array(json.utf8)
    while pads && (8 + header.count) % 64 != 0 { header.append(0x20) }
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
  }
}

extension TemporaryFolder {
  func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name)))) }

  /// The error of opening a file of these bytes; nil where it is accepted.
  func error(opening bytes: [UInt8], verifies: Bool = false) throws -> ModelFileError? {
    let path = try write(bytes, "hostile.idinv")
    do throws(ModelFileError) {
      let file = try ModelFile(path: path)
      if verifies { try file.verifyChecksums() }
      return nil
    } catch {
      #expect(!error.description.isEmpty)
      return error
    }
  }
}

extension ModelFile {
  /// Whether a tensor is the same in another file, byte for byte, with its scales.
  func hasSame(_ name: String, as other: ModelFile) throws -> Bool {
    let (a, b) = (try tensor(name), try other.tensor(name))
    guard a.dtype == b.dtype && a.shape == b.shape && a.scales == b.scales else { return false }
    return a.withUnsafeBytes { a in b.withUnsafeBytes { b in a.elementsEqual(b) } }
  }
}
