/// All that is needed to go on with an interrupted inversion.
package struct OptimizationState: Sendable, Equatable {
  /// Evaluations made so far.
  package var step: Int
  /// The code that comes next, [L, D].
  package var code: [Float]
  package var optimizer: OptimizerMemory
  /// The code of least total loss among those evaluated, and that loss.
  package var bestCode: [Float]
  package var bestLoss: Float
  /// The step that evaluated the best code; 0 before the first.
  package var bestStep: Int
  /// Losses of the evaluated codes.
  package var history: [Losses]
  /// Seconds of work so far.
  package var seconds: Double

  package init(
    step: Int, code: [Float], optimizer: OptimizerMemory, bestCode: [Float], bestLoss: Float, bestStep: Int,
    history: [Losses], seconds: Double
  ) {
    self.step = step
    self.code = code
    self.optimizer = optimizer
    self.bestCode = bestCode
    self.bestLoss = bestLoss
    self.bestStep = bestStep
    self.history = history
    self.seconds = seconds
  }
}

/// Why an inversion ended.
package enum StopReason: String, Sendable, Codable, CaseIterable {
  /// All iterations were made.
  case iterations = "steps"
  /// The next step would have ended after the budget.
  case budget
  /// The best code's PSNR is the target or more.
  case target
  /// The loss did not fall for as long as patience lasts.
  case plateau = "patience"
  /// The optimizer knows of no better code.
  case converged
  /// An observer stopped the run.
  case observer = "interrupted"
}

/// What an observer is told after each step.
package struct StepReport: Sendable {
  package let state: OptimizationState
  /// Of this step; in a batch, this image's share.
  package let seconds: Double
  /// Why this was the last step; nil where it was not.
  package let stopReason: StopReason?
  /// The code to be shown as the state after this step, where the plan wants one; nil after most steps.
  package let snapshot: [Float]?
  /// Steps that are planned in all: fewer than `iterations` where a budget ends the run before.
  package let plannedSteps: Int
  /// Losses of the code that was just evaluated.
  package var losses: Losses { state.history[state.step - 1] }
}

/// The code that an inversion found for one image.
package struct InversionResult: Sendable {
  /// The code that the optimization started from, [L, D].
  package var startCode: [Float]
  /// The result, [L, D]: the best code; for the published procedure, run to its end, the one after the last step.
  package var code: [Float]
  /// Losses of the evaluated codes.
  package var history: [Losses]
  package var snapshots: [(step: Int, code: [Float])]
  package var stopReason: StopReason
  /// The step that evaluated the code of least total loss; 0 without any.
  package var bestStep: Int
  /// Whether an observer stopped the run before its last step.
  package var wasStopped: Bool { stopReason == .observer }
}
