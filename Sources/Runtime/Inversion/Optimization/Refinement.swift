import Glibc

/// The way of one image's code to its result: an optimizer, the best code so far, and when to stop.
///
/// It knows no network: it proposes codes and is told what they are worth, and how long that took.
package struct Refinement: Sendable {
  package let options: InversionOptions
  package let startCode: [Float]
  private let curvature: Curvature?
  package private(set) var state: OptimizationState
  /// Codes on the way that this run came by: evenly spaced over its steps, or over its budget where that ends it before.
  package private(set) var snapshots: [(step: Int, code: [Float])] = []
  /// nil while there is more to do.
  package private(set) var stopReason: StopReason?

  private var optimizer: any Optimizer
  /// The peak of PSNR: range of the model's pixels.
  private let pixelRange: Double
  /// The least loss when patience began to run, and the step.
  private var plateau: (loss: Float, step: Int)

  /// - Parameters:
  ///   - start: the code to begin at, [L, D].
  ///   - state: where an earlier run from the same start stopped.
  ///   - curvature: the model's mean curvature, which `auto` uses.
  ///   - pixelRange: difference of the largest and the least pixel value, for PSNR.
  package init(
    from start: [Float], resuming state: OptimizationState? = nil, options: InversionOptions,
    curvature: Curvature? = nil, pixelRange: Float = 2
  ) throws(InversionError) {
    self.options = options
    self.curvature = curvature
    startCode = start
    self.pixelRange = Double(pixelRange)
    if let state {
      guard
        let optimizer = options.optimizer.resume(
          state.optimizer, count: start.count, learningRate: options.learningRate, curvature: curvature)
      else {
        throw .badShape(
          what: "state of the optimization", expected: "[\(start.count)] of \(options.optimizer.rawValue)",
          found: state.optimizer.vectors.map(\.count))
      }
      self.optimizer = optimizer
      self.state = state
    } else {
      optimizer = options.optimizer.start(at: start, learningRate: options.learningRate, curvature: curvature)
      self.state = OptimizationState(
        step: 0, code: start, optimizer: optimizer.memory, bestCode: start, bestLoss: .infinity, bestStep: 0,
        history: [], seconds: 0)
    }
    plateau = Self.plateau(of: self.state.history)
    stopReason = self.state.step >= options.iterations ? .iterations : optimizer.isConverged ? .converged : nil
  }

  /// The code to evaluate next, [L, D].
  package var proposal: [Float] { optimizer.proposal }

  /// Charges work that is no step: encoding, the target's features.
  package mutating func charge(seconds: Double) { state.seconds += seconds }

  /// Takes the objective's value at `proposal`.
  ///
  /// - Parameter seconds: how long the evaluation took.
  package mutating func observe(_ losses: Losses, gradient: [Float], seconds: Double) throws(InversionError) {
    precondition(stopReason == nil)
    let step = state.step + 1
    let shareBefore = shareDone
    // Where even the start has no value there is nothing to return to, and the published procedure never returns.
    if step == 1 || options.optimizer == .adam { try requireFinite(losses, step: step) }
    if losses.total < state.bestLoss {
      state.bestLoss = losses.total
      state.bestCode = optimizer.proposal
      state.bestStep = step
    }
    state.step = step
    state.history.append(losses)
    state.seconds += seconds
    if hasCollapsed {
      optimizer = LBFGS(start: state.bestCode)
    } else {
      optimizer.observe(loss: losses.total, gradient: gradient)
    }
    state.code = optimizer.proposal
    state.optimizer = optimizer.memory
    let count = Double(options.snapshotCount)
    if (shareDone * count).rounded(.down) > (shareBefore * count).rounded(.down) {
      snapshots.append((step, options.optimizer == .adam ? state.code : state.bestCode))
    }
    if state.bestLoss < plateau.loss * (1 - Goals.plateauShare) { plateau = (state.bestLoss, step) }
    stopReason = reason(lastStepSeconds: seconds)
  }

  /// How much of the run is over, by its steps or by its budget: 0 to 1.
  private var shareDone: Double {
    // A little more, so that a step on the border is on its far side: 0.6 · 5 must not be less than 3.
    let bySteps = (Double(state.step) + 1e-6) / Double(max(1, options.iterations))
    guard let budget = options.goals.budgetSeconds, state.step > 0 else { return min(1, bySteps) }
    return min(1, max(bySteps, state.seconds / budget))
  }

  /// Steps in all, as far as can be told: a budget may end the run before `iterations`.
  package var plannedSteps: Int {
    guard let budget = options.goals.budgetSeconds, state.step > 0, state.seconds > 0 else { return options.iterations }
    let left = max(0, budget - state.seconds) * Double(state.step) / state.seconds
    return left < Double(options.iterations - state.step) ? state.step + Int(left) : options.iterations
  }

  /// The code of the last step, where it is one of `snapshots`.
  var snapshot: [Float]? {
    snapshots.last.flatMap { $0.step == state.step ? $0.code : nil }
  }

  /// Ends the refinement with what it has.
  package mutating func stop() { if stopReason == nil { stopReason = .observer } }

  package func result() throws(InversionError) -> InversionResult {
    // As published, the last code is the result; a run that was cut short gives the best one.
    let isPublished = options.optimizer == .adam && stopReason == .iterations
    let code = isPublished ? state.code : state.bestCode
    guard code.allSatisfy(\.isFinite) else { throw .notFinite(term: "gradient", step: state.step) }
    return InversionResult(
      startCode: startCode, code: code, history: state.history, snapshots: snapshots,
      stopReason: stopReason ?? .observer, bestStep: state.bestStep)
  }

  /// Steps above the start's loss, without a break, that make a collapse. A few may go up and come back.
  static let collapseLength = 20

  /// Whether Adam's loss rises for good; L-BFGS cannot rise.
  private var hasCollapsed: Bool {
    guard options.optimizer == .auto, optimizer is AdamOptimizer, let last = state.history.last else { return false }
    if !last.total.isFinite { return true }
    let start = state.history[0].total
    return state.step > Self.collapseLength
      && state.history.suffix(Self.collapseLength).allSatisfy { $0.total > start }
  }

  private func reason(lastStepSeconds: Double) -> StopReason? {
    if state.step >= options.iterations { return .iterations }
    let goals = options.goals
    if let target = goals.targetPSNR, psnr(state.history[state.bestStep - 1]) >= target { return .target }
    if optimizer.isConverged { return .converged }
    if let patience = goals.patience, state.step - plateau.step >= patience { return .plateau }
    if let budget = goals.budgetSeconds, state.seconds + lastStepSeconds > budget { return .budget }
    return nil
  }

  private func psnr(_ losses: Losses) -> Double {
    10 * log10(pixelRange * pixelRange / Double(losses.pixel))
  }

  private static func plateau(of history: [Losses]) -> (loss: Float, step: Int) {
    var plateau: (loss: Float, step: Int) = (.infinity, 0)
    for (index, losses) in history.enumerated() where losses.total < plateau.loss * (1 - Goals.plateauShare) {
      plateau = (losses.total, index + 1)
    }
    return plateau
  }

  private func requireFinite(_ losses: Losses, step: Int) throws(InversionError) {
    for (term, value) in [
      ("pixel", losses.pixel), ("perceptual", losses.perceptual), ("domain", losses.domain), ("total", losses.total),
    ] where !value.isFinite {
      throw .notFinite(term: term, step: step)
    }
  }
}
