import Quant
import Runtime

/// How an image is inverted. Defaults are the published procedure.
public struct InversionOptions: Sendable {
  /// Where the optimisation starts.
  public enum Start: Sendable, Equatable {
    /// E(x): the domain-guided encoder's code.
    case encoder
    /// The generator's mean code.
    case mean
    /// A given code, [L, D].
    case code([Float])
  }

  public var iterations: Int
  public var learningRate: Float
  public var weights: ObjectiveWeights
  public var start: Start
  /// How many intermediate codes to keep, evenly spaced; the last is the result.
  public var snapshotCount: Int

  public init(
    iterations: Int = 100, learningRate: Float = 0.01, weights: ObjectiveWeights = ObjectiveWeights(),
    start: Start = .encoder, snapshotCount: Int = 5
  ) {
    self.iterations = iterations
    self.learningRate = learningRate
    self.weights = weights
    self.start = start
    self.snapshotCount = snapshotCount
  }

  /// The steps after which a snapshot is kept, ascending. At most one per step, so more snapshots than steps are
  /// not an error.
  public var snapshotSteps: [Int] {
    guard iterations > 0, snapshotCount > 0 else { return [] }
    let count = min(snapshotCount, iterations)
    return (1...count).map { ($0 * iterations + count - 1) / count }
  }
}

/// All that is needed to go on with an interrupted inversion.
public struct OptimisationState: Sendable, Equatable {
  /// Updates made so far.
  public var step: Int
  /// Current code, [L, D].
  public var code: [Float]
  public var firstMoment: [Float]
  public var secondMoment: [Float]
  /// The code of least total loss among those evaluated, and that loss.
  public var bestCode: [Float]
  public var bestLoss: Float
  /// Losses before each update.
  public var history: [Losses]

  public init(
    step: Int, code: [Float], firstMoment: [Float], secondMoment: [Float], bestCode: [Float], bestLoss: Float,
    history: [Losses]
  ) {
    self.step = step
    self.code = code
    self.firstMoment = firstMoment
    self.secondMoment = secondMoment
    self.bestCode = bestCode
    self.bestLoss = bestLoss
    self.history = history
  }
}

/// What an observer is told after each step, and how it answers.
public struct StepReport: Sendable {
  public let state: OptimisationState
  public let seconds: Double
  /// Losses before the update that was just made.
  public var losses: Losses { state.history[state.step - 1] }
}

/// The code that an inversion found for one image.
public struct InversionResult: Sendable {
  /// The code that the optimisation started from, [L, D].
  public var startCode: [Float]
  /// The result, [L, D]: the code after the last step, or the best one if the run was stopped early.
  public var code: [Float]
  /// Losses before each update.
  public var history: [Losses]
  public var snapshots: [(step: Int, code: [Float])]
  /// Whether an observer stopped the run before its last step.
  public var wasStopped: Bool
}

/// Inverts images by domain-regularised optimisation (Zhu et al., ECCV 2020, sec. 3.2).
///
/// All graphs are prepared once and serve any number of images. One inversion at a time.
public final class Inverter {
  public let model: Model
  public let options: InversionOptions
  private let kernels: Kernels
  private let objective: Objective

  /// - Parameters:
  ///   - isMasked: whether each image comes with a mask (diffusion).
  public init(
    _ model: Model, options: InversionOptions = InversionOptions(), isMasked: Bool = false, kernels: Kernels
  ) throws(InversionError) {
    guard options.iterations >= 0 else {
      throw .badOption(name: "iterations", expected: "0 or more", found: "\(options.iterations)")
    }
    guard options.learningRate > 0, options.learningRate.isFinite else {
      throw .badOption(name: "learning rate", expected: "a positive number", found: "\(options.learningRate)")
    }
    self.model = model
    self.options = options
    self.kernels = kernels
    objective = try Objective(model, weights: options.weights, isMasked: isMasked, kernels: kernels)
  }

  /// The code that an optimisation of `image` starts from.
  public func startCode(for image: [Float]) throws(InversionError) -> [Float] {
    let generator = try model.generator()
    switch options.start {
    case .mean: return generator.meanCode
    case .code(let code):
      guard code.count == generator.codeCount else {
        throw .badShape(
          what: "start code",
          expected: "[\(generator.specification.layerCount), \(generator.specification.wDimension)]",
          found: [code.count])
      }
      return code
    case .encoder:
      // Not kept: its arena would add to that of the optimisation.
      return try NetworkRunner(.encoder, of: model, batch: 1, kernels: kernels)(image)
    }
  }

  /// Inverts one image.
  ///
  /// - Parameters:
  ///   - image: [3, R, R] in the model's pixel range.
  ///   - mask: [3, R, R] of 0 and 1, where the objective is masked.
  ///   - state: where an earlier run stopped, to go on from there.
  ///   - observer: told after each step; false stops the run, and the best code so far is the result.
  public func invert(
    _ image: [Float], mask: [Float]? = nil, resuming state: OptimisationState? = nil,
    observer: (StepReport) -> Bool = { _ in true }
  ) throws(InversionError) -> InversionResult {
    let start = try startCode(for: image)
    try objective.setTarget(image, mask: mask)
    var state =
      state
      ?? OptimisationState(
        step: 0, code: start, firstMoment: [Float](repeating: 0, count: start.count),
        secondMoment: [Float](repeating: 0, count: start.count), bestCode: start, bestLoss: .infinity, history: [])
    var adam = Adam(
      learningRate: options.learningRate, stepCount: state.step, firstMoment: state.firstMoment,
      secondMoment: state.secondMoment)
    let snapshotSteps = Set(options.snapshotSteps)
    var result = InversionResult(
      startCode: start, code: state.code, history: state.history, snapshots: [], wasStopped: false)
    let clock = ContinuousClock()

    while state.step < options.iterations {
      let began = clock.now
      let evaluation = objective.evaluate(state.code)
      let losses = evaluation.losses[0]
      try requireFinite(losses, step: state.step + 1)
      if losses.total < state.bestLoss {
        state.bestLoss = losses.total
        state.bestCode = state.code
      }
      adam.update(&state.code, gradient: evaluation.gradient)
      state.step = adam.stepCount
      state.firstMoment = adam.firstMoment
      state.secondMoment = adam.secondMoment
      state.history.append(losses)
      if snapshotSteps.contains(state.step) { result.snapshots.append((state.step, state.code)) }

      let elapsed = began.duration(to: clock.now)
      if !observer(StepReport(state: state, seconds: elapsed / .seconds(1))), state.step < options.iterations {
        result.wasStopped = true
        break
      }
    }
    result.code = result.wasStopped ? state.bestCode : state.code
    result.history = state.history
    guard result.code.allSatisfy(\.isFinite) else { throw .notFinite(term: "gradient", step: state.step) }
    return result
  }

  private func requireFinite(_ losses: Losses, step: Int) throws(InversionError) {
    for (term, value) in [
      ("pixel", losses.pixel), ("perceptual", losses.perceptual), ("domain", losses.domain),
    ] where !value.isFinite {
      throw .notFinite(term: term, step: step)
    }
  }
}
