import Files
import FoundationEssentials

/// JSON of requests and answers: keys in snake case, members in alphabetical order.
package enum JSONBody {
  package static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    // Plain values of this module: there is nothing in them that JSON cannot say.
    guard let data = try? encoder.encode(value) else { preconditionFailure("JSONBody: \(type(of: value))") }
    return [UInt8](data)
  }

  /// - Throws: `Problem` 400 that says what was expected.
  package static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws(Problem) -> Value {
    do {
      return try JSONText.decode(type, from: bytes, isSnakeCase: true)
    } catch let error as DecodingError {
      throw Problem(400, "the body is not the JSON object that was expected: \(Self.explanation(error))")
    } catch {
      throw Problem(
        400, "the body is not the JSON object that was expected: the object cannot be read")
    }
  }

  private static func explanation(_ error: DecodingError) -> String {
    func place(_ context: DecodingError.Context, _ key: (any CodingKey)? = nil) -> String {
      let path = (context.codingPath + (key.map { [$0] } ?? [])).map { $0.intValue.map(String.init) ?? $0.stringValue }
      return path.isEmpty ? "the object" : path.joined(separator: ".")
    }
    return switch error {
    case .typeMismatch(let expected, let context): "\(place(context)) is not of type \(expected)"
    case .valueNotFound(_, let context): "\(place(context)) is null"
    case .keyNotFound(let key, let context): "\(place(context, key)) is missing"
    case .dataCorrupted(let context): "\(place(context)) cannot be read"
    @unknown default: "it cannot be read"
    }
  }
}
