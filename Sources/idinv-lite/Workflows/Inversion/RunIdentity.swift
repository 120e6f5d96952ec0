/// What two runs must agree in before one may go on with the results of the other.
package struct RunIdentity: Codable, Equatable {
  /// An option with its value, in the order of the command's help.
  package struct Option: Codable, Equatable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Where the model file lay; two runs need not agree in it.
  var model: String
  /// `ModelFile.identity`
  var modelIdentity: String
  var options: [Option]

  /// How the other run differs, for a sentence about its results: "other options (the defaults; expected --crop center)";
  /// nil where it does not.
  func mismatch(_ other: RunIdentity) -> String? {
    if modelIdentity != other.modelIdentity {
      return "another model (\(other.model), identity \(other.modelIdentity.prefix(12))…; "
        + "expected that of \(model), \(modelIdentity.prefix(12))…)"
    }
    guard options != other.options else { return nil }
    let ours = options.filter { !other.options.contains($0) }
    let theirs = other.options.filter { !options.contains($0) }
    func text(_ options: [Option]) -> String {
      options.isEmpty ? "the defaults" : options.map { "\($0.name) \($0.value)" }.joined(separator: " ")
    }
    return "other options (\(text(theirs)); expected \(text(ours)))"
  }

  /// What a run says of a folder with results that it neither has made nor is to replace.
  ///
  /// - Parameter mismatch: how they differ.
  static func refusal(at path: String, _ mismatch: String) -> Failure {
    Failure(
      .badData, at: path, "holds results of \(mismatch); expected the same call as before, or another folder")
  }
}
