/// Precision and recall of a score as a detector of a label, at each of its thresholds; as scikit-learn computes them.
package struct PrecisionRecall: Sendable, Codable, Equatable {
  /// What "score at or above the threshold" finds.
  package struct Point: Sendable, Codable, Equatable {
    package var threshold: Double
    /// Share of what is found that is positive.
    package var precision: Double
    /// Share of the positives that is found.
    package var recall: Double
  }

  /// By falling threshold, one point for each different score: recall rises to 1.
  package let points: [Point]
  package let positiveCount: Int
  package let count: Int

  /// - Returns: nil where all labels are alike: there is nothing to detect.
  package init?(scores: [Double], labels: [Bool]) {
    precondition(scores.count == labels.count)
    positiveCount = labels.lazy.filter { $0 }.count
    count = labels.count
    guard positiveCount > 0, positiveCount < count else { return nil }
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    var points: [Point] = []
    var found = 0
    for (rank, index) in order.enumerated() {
      if labels[index] { found += 1 }
      // Equal scores are found together.
      if rank + 1 < order.count, scores[order[rank + 1]] == scores[index] { continue }
      points.append(
        Point(
          threshold: scores[index], precision: Double(found) / Double(rank + 1),
          recall: Double(found) / Double(positiveCount)))
    }
    self.points = points
  }

  /// Σ (Rₙ − Rₙ₋₁)·Pₙ: the area under the steps. A score that knows nothing has the share of the positives.
  package var averagePrecision: Double {
    var (sum, recall) = (0.0, 0.0)
    for point in points {
      sum += (point.recall - recall) * point.precision
      recall = point.recall
    }
    return sum
  }
}
