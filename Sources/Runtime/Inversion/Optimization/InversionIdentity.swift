import FoundationEssentials
import Quant

extension InversionOptions {
  /// One text for all that decides on the code that is found: different texts, different work. All stored properties take
  /// part, because the compiler writes the encoding; only what is known not to matter is left out.
  package var identity: String {
    var decisive = self
    decisive.snapshotCount = 0  // pictures on the way change nothing
    return decisive.digest
  }

  /// As `identity`, for a state within the optimization: when it is to end does not change a step.
  package var stepIdentity: String {
    var decisive = self
    decisive.iterations = 0
    decisive.goals = Goals()
    return decisive.identity
  }

  private var digest: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    // By the name that the option had when journals and summaries first held identities.
    encoder.keyEncodingStrategy = .custom { path in
      let key = path[path.count - 1]
      return key.stringValue == "optimizer" ? OlderKey(stringValue: "optimiser") : key
    }
    var hash = SHA256()
    // Strings, numbers and lists: there is nothing in it that JSON could not take.
    hash.update([UInt8](try! encoder.encode(self)))
    return hash.hexDigest()
  }
}

private struct OlderKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

/// In an identity, a model is what its file holds.
extension Model: Encodable {
  package func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(file.identity)
  }
}
