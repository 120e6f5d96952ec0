/// Where a file has the same network several times: training programs store a running average of the weights beside the
/// weights.
struct NetworkCopies {
  /// Of the copies that are about as complete as the most complete one.
  let prefixes: [String]

  /// - Parameter counts: the number of the network's names behind each prefix; nil where there is none.
  init?(_ counts: [String: Int]) {
    guard let most = counts.values.max() else { return nil }
    prefixes = counts.filter { $0.value * 10 >= most * 9 }.map(\.key).sorted()
  }

  /// The copy whose prefix contains `wanted` (all of a name between dots, where one is); without a wish the average, which
  /// is the one that is published and meant, else the first.
  func choose(_ wanted: String?) -> String? {
    guard let wanted, prefixes.count > 1 else { return prefixes.first(where: Self.isAverage) ?? prefixes[0] }
    return prefixes.first { $0.split(separator: ".").contains { $0 == wanted } }
      ?? prefixes.first { $0.contains(wanted) }
  }

  private static let averages: Set<Substring> = [
    "ema", "smooth", "gs", "average", "averaged", "avg", "running", "shadow", "copy",
  ]

  /// Whether a prefix says that it is that of a running average: by a whole word, not by letters within one.
  private static func isAverage(_ prefix: String) -> Bool {
    prefix.lowercased().split(whereSeparator: { $0 == "." || $0 == "_" }).contains { averages.contains($0) }
  }
}

/// The number in names such as `layer12`.
func index(of text: some StringProtocol, after word: String) -> Int? {
  guard text.hasPrefix(word) else { return nil }
  let digits = text.dropFirst(word.count)
  guard !digits.isEmpty, digits.count <= 6, digits.allSatisfy(\.isNumber) else { return nil }
  return Int(digits)
}
