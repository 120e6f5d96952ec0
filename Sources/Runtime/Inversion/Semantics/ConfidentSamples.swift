/// The samples that a boundary is learned from: those with the highest and the lowest scores, of which a share is kept back
/// for validation (Shen et al., CVPR 2020, sec. 4; InterFaceGAN's `train_boundary`).
package struct ConfidentSamples: Sendable, Equatable {
  package struct Options: Sendable, Equatable {
    /// Share of all samples on each side.
    package var ratio = 0.02
    /// Share of those that are learned from; the others validate.
    package var trainingShare = 0.7
    package var seed: UInt64 = 0

    package init() {}
  }

  /// Rows and their labels, 1 for a high score and −1 for a low one.
  package struct Part: Sendable, Equatable {
    package var rows: [Int]
    package var labels: [Double]
  }

  package let training: Part
  package let validation: Part
  /// All others; their labels tell on which side of `threshold` they are.
  package let remaining: Part
  /// Halfway between the mean scores of the two sides.
  package let threshold: Double

  /// The least that is learned from on each side.
  static let leastCount = 5

  /// - Throws: `.badSamples` for scores that are not finite, too few, or no different from each other; `.badOption`.
  package init(scores: [Float], options: Options) throws(InversionError) {
    guard options.ratio > 0, options.ratio <= 0.5 else {
      throw .badOption(name: "ratio", expected: "more than 0, and at most 0.5", found: "\(options.ratio)")
    }
    guard options.trainingShare > 0, options.trainingShare < 1 else {
      throw .badOption(name: "split", expected: "between 0 and 1", found: "\(options.trainingShare)")
    }
    if let bad = scores.firstIndex(where: { !$0.isFinite }) {
      throw .badSamples(what: "scores", expected: "finite numbers", found: "\(scores[bad]) in row \(bad)")
    }
    // Products may be off by a rounding.
    func count(toLearnOf side: Int) -> Int { Int(Double(side) * options.trainingShare + 1e-9) }
    func suffices(_ side: Int) -> Bool {
      count(toLearnOf: side) >= Self.leastCount && count(toLearnOf: side) < side
    }
    let side = Int(Double(scores.count) * options.ratio + 1e-9)
    let trainingCount = count(toLearnOf: side)
    guard suffices(side) else {
      let needed = (Self.leastCount...max(Self.leastCount, scores.count / 2)).first(where: suffices)
      // Rounded up, to what is written briefly.
      let least = needed.map { (Double($0) / Double(scores.count) * 1e4).rounded(.up) / 1e4 }
      throw .badSamples(
        what: "scores",
        expected: "\(Self.leastCount) samples or more to learn from on each side, and one to validate",
        found: "\(trainingCount) and \(side - trainingCount): a ratio of \(options.ratio) of \(scores.count) is "
          + "\(side), of which \(options.trainingShare) are learned from; "
          + (least.map { "a ratio of \(min($0, 0.5)) would do" } ?? "more samples are needed"))
    }
    if let first = scores.first, scores.allSatisfy({ $0 == first }) {
      throw .badSamples(what: "scores", expected: "scores that differ", found: "\(first) in all \(scores.count) rows")
    }
    let order = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
    var (high, low) = (Array(order.prefix(side)), Array(order.suffix(side)))
    guard scores[high[side - 1]] > scores[low[0]] else {
      throw .badSamples(
        what: "scores", expected: "highest and lowest that differ",
        found: "\(scores[low[0]]) in both: is it a rare attribute? a smaller ratio may do")
    }
    func mean(_ rows: [Int]) -> Double { rows.reduce(0) { $0 + Double(scores[$1]) } / Double(rows.count) }
    let threshold = (mean(high) + mean(low)) / 2
    var random = SplitMix(seed: options.seed)
    high.shuffle(using: &random)
    low.shuffle(using: &random)
    func part(_ range: Range<Int>) -> Part {
      Part(
        rows: Array(high[range]) + Array(low[range]),
        labels: range.map { _ in 1 } + range.map { _ in -1 })
    }
    training = part(0..<trainingCount)
    validation = part(trainingCount..<side)
    let others = Array(order[side..<order.count - side])
    remaining = Part(rows: others, labels: others.map { Double(scores[$0]) > threshold ? 1 : -1 })
    self.threshold = threshold
  }
}
