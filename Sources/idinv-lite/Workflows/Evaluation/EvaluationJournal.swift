import Files
import FoundationEssentials
import Imaging
import Inversion
import Quant

/// What an evaluation has found so far, so that an interrupted one goes on where it stopped, and one with more images or
/// other parts does not do again what is done.
///
/// A record's key holds all that its value depends on: model, options, image. Records of other models or options stay and
/// are not found.
package final class EvaluationJournal {
  package static let name = "evaluation.journal"

  private struct Header: Codable {
    var version = 1
    var kind: String
  }

  private struct Record: Codable {
    var key: String
    /// An inverted code and the seconds that it took.
    var code: PackedFloats?
    var seconds: Double?
    /// The result of a part, as JSON.
    var part: Data?
  }

  private let journal: Journal<Header, Record>
  private var numbers: [String: Int] = [:]

  /// - Parameter kind: of the measurements that it holds; another kind's journal is refused.
  package init(folder: OutputFolder, name: String = EvaluationJournal.name, kind: String = "evaluation") throws {
    let path = folder.path(name)
    if Folder.exists(path), try !Journal<Header, Record>.isUnbegun(path) {
      var numbers: [String: Int] = [:]
      journal = try Journal(opening: path, isAppending: true) { record, number in numbers[record.key] = number }
      guard journal.header.version == 1, journal.header.kind == kind else {
        throw Failure(.badData, at: path, "is no journal of this kind and version; delete it to begin anew")
      }
      self.numbers = numbers
    } else {
      journal = try Journal(creating: path, header: Header(kind: kind))
    }
  }

  /// A key of fixed length.
  package static func key(_ parts: [String]) -> String {
    var hash = SHA256()
    hash.update([UInt8](parts.joined(separator: "\0").utf8))
    return hash.hexDigest()
  }

  package func hasCode(_ key: String) -> Bool { numbers[key] != nil }

  /// - Parameter count: number of values that the code must have.
  package func code(_ key: String, count: Int) throws -> EvaluatedCode? {
    guard let number = numbers[key] else { return nil }
    let record = try journal.record(number)
    guard let values = record.code?.values, values.count == count, values.allSatisfy(\.isFinite) else { return nil }
    return EvaluatedCode(code: values, seconds: record.seconds ?? 0)
  }

  package func append(_ code: EvaluatedCode, key: String) throws {
    numbers[key] = try journal.append(Record(key: key, code: PackedFloats(code.code), seconds: code.seconds))
  }

  /// The result of a part: stored, or made and stored.
  ///
  /// - Parameter isWhole: whether a stored result hangs together; one that does not is made again.
  package func part<Value: Codable>(
    _ key: String, isWhole: (Value) -> Bool = { _ in true }, make: () throws -> Value
  ) throws -> Value {
    if let value: Value = try storedPart(key), isWhole(value) { return value }
    let value = try make()
    try append(value, key: key)
    return value
  }

  /// Stores the result of a part.
  package func append(_ value: some Codable, key: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    numbers[key] = try journal.append(Record(key: key, part: try encoder.encode(value)))
  }

  /// The stored result of a part; nil where there is none.
  package func storedPart<Value: Codable>(_ key: String) throws -> Value? {
    guard let number = numbers[key], let data = try journal.record(number).part else { return nil }
    return try? JSONText.decode(Value.self, from: data, namesNonNumbers: true)
  }

  package func hasPart(_ key: String) -> Bool { numbers[key] != nil }

  package func sync() throws { try journal.sync() }
}
