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

  /// As `identity`, for a state within the optimisation: when it is to end does not change a step.
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
    var hash = SHA256()
    // Strings, numbers and lists: there is nothing in it that JSON could not take.
    hash.update([UInt8](try! encoder.encode(self)))
    return hash.hexDigest()
  }
}

/// In an identity, a model is what its file holds.
extension Model: Encodable {
  package func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(file.identity)
  }
}
