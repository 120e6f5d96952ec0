import Inversion

/// How many images ended why.
package struct StopCounts: Sendable {
  /// By `StopReason.rawValue`.
  package let counts: [String: Int]

  package init(_ stops: [(reason: StopReason, steps: Int)]) {
    counts = Dictionary(stops.map { ($0.reason.rawValue, 1) }, uniquingKeysWith: +)
  }

  /// "all by steps", "by budget 3, by target 2".
  package var text: String {
    let kinds = StopReason.allCases.compactMap { reason in counts[reason.rawValue].map { (reason.rawValue, $0) } }
    guard kinds.count != 1 else { return "ended by \(kinds[0].0)" }
    return kinds.isEmpty ? "no steps" : "ended by " + kinds.map { "\($0.0) (\($0.1))" }.joined(separator: ", ")
  }
}

extension StopReason {
  /// For people, of one image.
  package func sentence(steps: Int) -> String {
    let count = steps == 1 ? "1 step" : "\(steps) steps"
    return switch self {
    case .iterations: "Ended after \(count): there were to be no more."
    case .budget: "Ended after \(count): another one would have ended after the budget."
    case .target: "Ended after \(count): the picture is as close as it was to be."
    case .plateau: "Ended after \(count): the loss had not fallen for as long as patience lasts."
    case .converged: "Ended after \(count): the optimizer found no better code."
    case .observer: "Stopped after \(count); the best code so far."
    }
  }
}
