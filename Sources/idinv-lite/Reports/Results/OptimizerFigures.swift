import Inversion

/// Medians and 90th percentiles over the images, the published procedure as 1.
package struct OptimizerFigures: Codable {
  package var method: String
  package var reached: Int
  package var evaluations_median: Double?
  package var evaluations_p90: Double?
  package var time_median: Double?
  package var time_p90: Double?
  package var loss_at_published_time_median: Double
  package var loss_at_published_time_p90: Double
  package var domain_at_published_loss_median: Double?
  package var worse_than_start: Int

  package init(_ method: OptimizerComparison.Method, _ all: [OptimizerComparison.Comparison]) {
    func share(_ value: (OptimizerComparison.Comparison) -> Double, _ share: Double) -> Double? {
      // By rank, not between ranks: some may be infinite.
      let sorted = all.map(value).sorted()
      let found = sorted[min(sorted.count - 1, Int((share * Double(sorted.count - 1)).rounded()))]
      return found.isFinite ? found : nil
    }
    self.method = method.rawValue
    reached = all.count { $0.evaluationShare(method).isFinite }
    evaluations_median = share({ $0.evaluationShare(method) }, 0.5)
    evaluations_p90 = share({ $0.evaluationShare(method) }, 0.9)
    time_median = share({ $0.timeShare(method) }, 0.5)
    time_p90 = share({ $0.timeShare(method) }, 0.9)
    loss_at_published_time_median = share({ $0.lossShare(method) }, 0.5) ?? .nan
    loss_at_published_time_p90 = share({ $0.lossShare(method) }, 0.9) ?? .nan
    domain_at_published_loss_median = share({ $0.domainShare(method) }, 0.5)
    worse_than_start = all.count { $0.isWorseThanStart(method) }
  }
}

extension OptimizerFigures {
  /// A line for each method; what does not exist is empty.
  package static func csv(_ figures: [OptimizerFigures]) -> String {
    var table = CSVTable([
      "method", "reached", "evaluations_median", "evaluations_p90", "time_median", "time_p90",
      "loss_at_published_time_median", "loss_at_published_time_p90", "domain_at_published_loss_median",
      "worse_than_start",
    ])
    func text(_ value: Double?) -> String { value.map { $0.isFinite ? "\($0)" : "" } ?? "" }
    for row in figures {
      table.add([
        row.method, "\(row.reached)", text(row.evaluations_median), text(row.evaluations_p90), text(row.time_median),
        text(row.time_p90), text(row.loss_at_published_time_median), text(row.loss_at_published_time_p90),
        text(row.domain_at_published_loss_median), "\(row.worse_than_start)",
      ])
    }
    return table.text
  }
}
