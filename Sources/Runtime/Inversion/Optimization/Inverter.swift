import Quant
import Runtime

/// An image to be inverted.
package struct InversionInput: Sendable {
  /// [3, R, R] in the model's pixel range.
  package var image: [Float]
  /// [3, R, R] of 0 and 1, where the objective is masked.
  package var mask: [Float]?
  /// Where an earlier run stopped, to go on from there.
  package var state: OptimizationState?

  package init(_ image: [Float], mask: [Float]? = nil, resuming state: OptimizationState? = nil) {
    self.image = image
    self.mask = mask
    self.state = state
  }
}

/// Inverts images by domain-regularized optimization (Zhu et al., ECCV 2020, sec. 3.2).
///
/// Images are refined side by side in the rows of one prepared graph, each by an optimizer of its own; a row whose image
/// is done takes the next one. The same bits result whatever the number of rows. One call at a time.
package final class Inverter {
  package let model: Model
  package let options: InversionOptions
  /// Images refined side by side, at most.
  package let batch: Int
  private let isMasked: Bool
  private let kernels: Kernels
  private var objective: Objective
  /// Prepared for the first image that needs it.
  private var encoder: NetworkRunner?
  /// The images whose targets the objective holds.
  private var held: [Int] = []
  private let pixelRange: Float
  private let curvature: Curvature?

  /// - Parameters:
  ///   - batch: images refined side by side; memory grows with it.
  ///   - isMasked: whether each image comes with a mask (diffusion).
  package init(
    _ model: Model, options: InversionOptions = InversionOptions(), batch: Int = 1, isMasked: Bool = false,
    kernels: Kernels
  ) throws(InversionError) {
    try options.validate()
    guard batch > 0 else { throw .badOption(name: "batch", expected: "1 or more", found: "\(batch)") }
    self.model = model
    self.options = options
    self.batch = batch
    self.isMasked = isMasked
    self.kernels = kernels.forOptimizing
    let specification = model.file.specification
    pixelRange = specification.pixelMaximum - specification.pixelMinimum
    let layerCount = try model.generator().specification.layerCount
    curvature =
      options.optimizer == .auto
      ? try model.curvature()?.restricted(to: options.space, layerCount: layerCount) : nil
    objective = try Objective(
      model, weights: options.weights, space: options.space, batch: batch, isMasked: isMasked, kernels: kernels)
  }

  /// The code that an optimization of `image` starts from.
  package func startCode(for image: [Float]) throws(InversionError) -> [Float] {
    let generator = try model.generator()
    func projected(_ code: [Float]) -> [Float] {
      options.space.projection(of: code, layerCount: generator.specification.layerCount)
    }
    switch options.start {
    case .mean: return projected(generator.meanCode)
    case .code(let code):
      guard code.count == generator.codeCount else {
        throw .badShape(
          what: "start code",
          expected: "[\(generator.specification.layerCount), \(generator.specification.wDimension)]",
          found: [code.count])
      }
      return projected(code)
    case .encoder:
      let code = try preparedEncoder()(image)
      guard code.count == generator.codeCount else {
        throw .badShape(what: "code of the start's encoder", expected: "[\(generator.codeCount)]", found: [code.count])
      }
      return projected(code)
    }
  }

  private func preparedEncoder() throws(InversionError) -> NetworkRunner {
    if let encoder { return encoder }
    let runner = try NetworkRunner(
      .encoder, of: options.startEncoder ?? model, batch: 1, kernels: kernels,
      side: try model.generator().specification.resolution)
    encoder = runner
    return runner
  }

  /// Inverts one image.
  ///
  /// - Parameters:
  ///   - image: [3, R, R] in the model's pixel range.
  ///   - mask: [3, R, R] of 0 and 1, where the objective is masked.
  ///   - state: where an earlier run stopped, to go on from there.
  ///   - observer: told after each step; false stops the run, and the best code so far is the result.
  package func invert(
    _ image: [Float], mask: [Float]? = nil, resuming state: OptimizationState? = nil,
    observer: (StepReport) -> Bool = { _ in true }
  ) throws(InversionError) -> InversionResult {
    var input: InversionInput? = InversionInput(image, mask: mask, resuming: state)
    var outcome: Result<InversionResult, InversionError>?
    try invert(
      next: {
        defer { input = nil }; return input
      },
      didStep: { _, report in observer(report) },
      didFinish: { _, result in outcome = result })
    return try outcome!.get()
  }

  /// Inverts a stream of images, up to `batch` side by side. What fails for one image does not concern the others.
  ///
  /// - Parameters:
  ///   - next: the next image; nil where there is no more, and then it is not asked again.
  ///   - didStep: told after each step of each image; images are numbered from 0 as `next` gave them. False stops that
  ///     image, and the best code so far is its result.
  ///   - didFinish: told the outcome of each image, as soon as it is known: not always in order.
  package func invert(
    next: () -> InversionInput?,
    didStep: (_ image: Int, _ report: StepReport) -> Bool,
    didFinish: (_ image: Int, _ outcome: Result<InversionResult, InversionError>) -> Void
  ) throws(InversionError) {
    held = []
    var rows: [Row] = []
    var isExhausted = false
    var count = 0
    let clock = ContinuousClock()

    while true {
      while rows.count < batch, !isExhausted {
        guard let input = next() else {
          isExhausted = true
          break
        }
        let number = count
        count += 1
        do throws(InversionError) {
          let row = try begin(input, number: number)
          if row.refinement.stopReason == nil {
            rows.append(row)
          } else {
            didFinish(number, .success(try row.refinement.result()))
          }
        } catch {
          didFinish(number, .failure(error))
        }
      }
      if rows.isEmpty { return }
      let began = clock.now
      let evaluation = try evaluate(rows)
      let seconds = began.duration(to: clock.now) / .seconds(1) / Double(rows.count)

      var remaining: [Row] = []
      for (index, var row) in rows.enumerated() {
        do throws(InversionError) {
          let report = try row.step(evaluation, at: index, seconds: seconds)
          if !didStep(row.number, report) { row.refinement.stop() }
          if row.refinement.stopReason == nil {
            remaining.append(row)
          } else {
            didFinish(row.number, .success(try row.refinement.result()))
          }
        } catch {
          didFinish(row.number, .failure(error))
        }
      }
      rows = remaining
    }
  }

  /// Finds an image's start code and target; the time counts as the image's.
  private func begin(_ input: InversionInput, number: Int) throws(InversionError) -> Row {
    let clock = ContinuousClock()
    let began = clock.now
    let start = try startCode(for: input.image)
    var refinement = try Refinement(
      from: start, resuming: input.state, options: options, curvature: curvature, pixelRange: pixelRange)
    let target = try objective.prepareTarget(input.image, mask: input.mask)
    refinement.charge(seconds: began.duration(to: clock.now) / .seconds(1))
    return Row(number: number, target: target, refinement: refinement)
  }

  /// An image at work.
  private struct Row {
    /// As `next` counted it.
    let number: Int
    let target: Objective.Target
    var refinement: Refinement

    /// Takes the objective's value into account.
    mutating func step(
      _ evaluation: Objective.Evaluation, at index: Int, seconds: Double
    ) throws(InversionError) -> StepReport {
      try refinement.observe(evaluation.losses[index], gradient: evaluation.gradient(of: index), seconds: seconds)
      return StepReport(
        state: refinement.state, seconds: seconds, stopReason: refinement.stopReason, snapshot: refinement.snapshot,
        plannedSteps: refinement.plannedSteps)
    }
  }

  /// The objective of all rows. Towards the end of the images the graph shrinks by halves: idle rows cost as much as
  /// others.
  private func evaluate(_ rows: [Row]) throws(InversionError) -> Objective.Evaluation {
    var size = objective.batch
    if size < rows.count { size = batch }
    while size / 2 >= rows.count { size /= 2 }
    if size != objective.batch {
      let features = objective.features
      objective = try Objective(
        model, weights: options.weights, space: options.space, batch: size, isMasked: isMasked, kernels: kernels)
      objective.features = features
      held = []
    }
    let numbers = rows.map(\.number)
    if held != numbers {
      objective.set(rows.map(\.target))
      held = numbers
    }
    var codes = rows.flatMap(\.refinement.proposal)
    let last = rows[rows.count - 1].refinement.proposal
    for _ in rows.count..<size { codes += last }
    return objective.evaluate(codes)
  }
}
