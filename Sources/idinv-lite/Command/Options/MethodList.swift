import ArgumentParser
import Inversion

/// Ways of inverting, as users write them: `in-domain,encoder`.
struct MethodList {
  /// Each once.
  let values: [InversionMethod]

  init(_ text: String) throws {
    var values: [InversionMethod] = []
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let method = InversionMethod(rawValue: String(name)) else {
        let names = InversionMethod.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("expected some of \(names), found '\(name)'")
      }
      if !values.contains(method) { values.append(method) }
    }
    self.values = values
  }
}
