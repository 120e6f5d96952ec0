import FoundationEssentials

/// Values out of JSON: the one way from bytes to a `Decodable` type.
///
/// Foundation of Swift 6.0 ends the program over a key that is not UTF-8 or has a faulty escape, and all accept a key
/// twice. `JSONReader` reads the bytes first, which refuses either.
package enum JSONText {
  private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

  /// - Parameters:
  ///   - namesNonNumbers: whether `"inf"`, `"-inf"` and `"nan"` are numbers, as `JSONOutput` writes them.
  ///   - isSnakeCase: whether keys are those of `type` in snake case.
  /// - Throws: `JSONFault` for what is no JSON; `DecodingError`.
  package static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: some Collection<UInt8>, namesNonNumbers: Bool = false, isSnakeCase: Bool = false
  ) throws -> Value {
    var text = Array(bytes)
    if text.starts(with: byteOrderMark) { text.removeFirst(byteOrderMark.count) }
    _ = try JSONReader.read(text)
    let decoder = JSONDecoder()
    if namesNonNumbers {
      decoder.nonConformingFloatDecodingStrategy = .convertFromString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    }
    if isSnakeCase { decoder.keyDecodingStrategy = .convertFromSnakeCase }
    return try decoder.decode(type, from: Data(text))
  }
}
