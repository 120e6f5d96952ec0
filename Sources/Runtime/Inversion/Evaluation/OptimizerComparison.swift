import Runtime

/// Runs optimizers on the same images from the same codes, in turns, and says when each reaches what the published procedure
/// ends with: by evaluations of the objective, which do not depend on the machine, and by time.
package final class OptimizerComparison {
  package enum Method: String, Sendable, Codable, CaseIterable {
    /// Adam at 0.01, as published.
    case published
    /// `auto` as it is for the model.
    case auto
    /// `auto` for a model without a curvature.
    case withoutCurvature = "auto without curvature"
  }

  /// The way of one optimizer on one image.
  package struct Run: Sendable, Codable {
    /// After each evaluation: total and domain term, and seconds since the first began.
    package var total: [Float]
    package var domain: [Float]
    package var seconds: [Double]

    /// The least total among the first `count`, and where it was.
    package func best(_ count: Int? = nil) -> (total: Float, index: Int) {
      let values = total.prefix(count ?? total.count)
      return values.enumerated().reduce((Float.infinity, 0)) { $1.element < $0.0 ? ($1.element, $1.offset) : $0 }
    }

    /// The first evaluation, from 1, at which the total is no more than `loss`.
    package func evaluations(to loss: Float) -> Int? { total.firstIndex { $0 <= loss }.map { $0 + 1 } }
  }

  /// One image's runs against the published one of `steps` steps.
  package struct Comparison: Sendable, Codable {
    package var name: String
    package var runs: [String: Run]
    package let steps: Int

    /// Total loss of the code after the last published step.
    package var publishedLoss: Float { published.total[steps] }
    package var publishedSeconds: Double { published.seconds[steps - 1] }
    private var published: Run { runs[Method.published.rawValue]! }

    /// Evaluations to the published loss over those of the published procedure; infinite where it is not reached.
    package func evaluationShare(_ method: Method) -> Double {
      runs[method.rawValue]?.evaluations(to: publishedLoss).map { Double($0) / Double(steps) } ?? .infinity
    }

    /// The same by time.
    package func timeShare(_ method: Method) -> Double {
      guard let run = runs[method.rawValue], let count = run.evaluations(to: publishedLoss) else { return .infinity }
      return run.seconds[count - 1] / publishedSeconds
    }

    /// The least loss within the published time over the published one.
    package func lossShare(_ method: Method) -> Double {
      guard let run = runs[method.rawValue] else { return .infinity }
      let count = max(1, run.seconds.prefix { $0 <= publishedSeconds }.count)
      return Double(run.best(count).total / publishedLoss)
    }

    /// The domain term where the published loss is reached, over the published one.
    package func domainShare(_ method: Method) -> Double {
      guard let run = runs[method.rawValue], let count = run.evaluations(to: publishedLoss) else { return .infinity }
      return Double(run.domain[count - 1] / published.domain[steps])
    }

    /// Whether the result is above the start.
    package func isWorseThanStart(_ method: Method) -> Bool {
      guard let run = runs[method.rawValue], let first = run.total.first else { return false }
      return method == .published ? publishedLoss > first : run.best().total > first
    }
  }

  private let objective: Objective
  private let inverter: Inverter
  private let curvature: Curvature?
  private let steps: Int

  package init(_ model: Model, steps: Int, kernels: Kernels) throws(InversionError) {
    objective = try Objective(model, kernels: kernels)
    inverter = try Inverter(model, options: InversionOptions(), kernels: kernels)
    curvature = try model.curvature()
    self.steps = steps
  }

  package var hasCurvature: Bool { curvature != nil }

  /// - Parameters:
  ///   - turn: which method goes first.
  ///   - observer: told after each evaluation; false ends the comparison.
  /// - Returns: nil where it was ended.
  package func callAsFunction(
    _ name: String, _ image: [Float], turn: Int, observer: () -> Bool = { true }
  ) throws(InversionError) -> Comparison? {
    let start = try inverter.startCode(for: image)
    objective.set([try objective.prepareTarget(image)])
    _ = objective.evaluate(start)
    var comparison = Comparison(name: name, runs: [:], steps: steps)
    let methods = Method.allCases.filter { $0 != .withoutCurvature || hasCurvature }
    for index in methods.indices {
      let method = methods[(index + turn) % methods.count]
      // The loss of the last published code needs one evaluation more.
      let options = InversionOptions(
        iterations: method == .published ? steps + 1 : steps, optimizer: method == .published ? .adam : .auto,
        snapshotCount: 0)
      var refinement = try Refinement(
        from: start, options: options, curvature: method == .auto ? curvature : nil)
      var run = Run(total: [], domain: [], seconds: [])
      let began = ContinuousClock.now
      while refinement.stopReason == nil {
        let evaluation = objective.evaluate(refinement.proposal)
        try refinement.observe(evaluation.losses[0], gradient: evaluation.gradient, seconds: 0)
        run.total.append(evaluation.losses[0].total)
        run.domain.append(evaluation.losses[0].domain)
        run.seconds.append(began.duration(to: .now) / .seconds(1))
        if !observer() { return nil }
      }
      comparison.runs[method.rawValue] = run
    }
    return comparison
  }
}
