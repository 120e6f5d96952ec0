import Files
import FoundationEssentials

/// Figures for other programs: sorted keys, so that outputs can be compared line by line.
///
/// What JSON has no number for is written as a string: `"inf"`, `"-inf"`, `"nan"` (Python's `float()` takes
/// them). The PSNR of two equal pictures is such a case.
package enum JSONOutput {
  /// The text of a value, indented, with a final newline.
  package static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
  }

  /// The text of a value as an element of an array or object, without a final newline.
  ///
  /// - Parameter indented: levels of nesting.
  package static func text(_ value: some Encodable, indented level: Int) throws -> String {
    let margin = String(repeating: "  ", count: level)
    let lines = try text(value).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    return lines.map { $0.isEmpty ? "" : margin + $0 }.joined(separator: "\n")
  }

  /// A value on one line: for `.jsonl` files, and for keys.
  static func line(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// The members of a value that is encoded as an object.
  static func members(of value: some Encodable) throws -> [JSONMember] {
    try JSONReader.read(Array(text(value).utf8)).members ?? []
  }

  /// Writes a value to a file, whole or not at all.
  package static func write(_ value: some Encodable, to path: String) throws {
    try AtomicFile.write(text(value), to: path, links: .replaced)
  }
}
