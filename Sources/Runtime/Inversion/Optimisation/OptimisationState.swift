/// All that is needed to go on with an interrupted inversion.
public struct OptimisationState: Sendable, Equatable {
  /// Evaluations made so far.
  public var step: Int
  /// The code that comes next, [L, D].
  public var code: [Float]
  public var optimiser: OptimiserMemory
  /// The code of least total loss among those evaluated, and that loss.
  public var bestCode: [Float]
  public var bestLoss: Float
  /// The step that evaluated the best code; 0 before the first.
  public var bestStep: Int
  /// Losses of the evaluated codes.
  public var history: [Losses]
  /// Seconds of work so far.
  public var seconds: Double

  public init(
    step: Int, code: [Float], optimiser: OptimiserMemory, bestCode: [Float], bestLoss: Float, bestStep: Int,
    history: [Losses], seconds: Double
  ) {
    self.step = step
    self.code = code
    self.optimiser = optimiser
    self.bestCode = bestCode
    self.bestLoss = bestLoss
    self.bestStep = bestStep
    self.history = history
    self.seconds = seconds
  }
}

/// Why an inversion ended.
public enum StopReason: String, Sendable, Codable, CaseIterable {
  /// All iterations were made.
  case iterations = "steps"
  /// The next step would have ended after the budget.
  case budget
  /// The best code's PSNR is the target or more.
  case target
  /// The loss did not fall for as long as patience lasts.
  case plateau = "patience"
  /// The optimiser knows of no better code.
  case converged
  /// An observer stopped the run.
  case observer = "interrupted"
}

/// What an observer is told after each step.
public struct StepReport: Sendable {
  public let state: OptimisationState
  /// Of this step; in a batch, this image's share.
  public let seconds: Double
  /// Why this was the last step; nil where it was not.
  public let stopReason: StopReason?
  /// The code to be shown as the state after this step, where the plan wants one; nil after most steps.
  public let snapshot: [Float]?
  /// Steps that are planned in all: fewer than `iterations` where a budget ends the run before.
  public let plannedSteps: Int
  /// Losses of the code that was just evaluated.
  public var losses: Losses { state.history[state.step - 1] }
}

/// The code that an inversion found for one image.
public struct InversionResult: Sendable {
  /// The code that the optimisation started from, [L, D].
  public var startCode: [Float]
  /// The result, [L, D]: the best code; for the published procedure, run to its end, the one after the last step.
  public var code: [Float]
  /// Losses of the evaluated codes.
  public var history: [Losses]
  public var snapshots: [(step: Int, code: [Float])]
  public var stopReason: StopReason
  /// The step that evaluated the code of least total loss; 0 without any.
  public var bestStep: Int
  /// Whether an observer stopped the run before its last step.
  public var wasStopped: Bool { stopReason == .observer }
}
