import Runtime

/// Where images are refined, side by side in the rows of one prepared graph, each by an optimizer of its own; a row whose
/// image is done takes the next one. Lanes of one model share its weights, and compute at the same time where each has an
/// arena of its own.
///
/// `@unchecked Sendable`: one thread at a time uses it.
final class InversionLane: @unchecked Sendable {
  /// An image to be inverted, by its number.
  typealias Input = (number: Int, input: InversionInput)

  let rowCount: Int
  private let model: Model
  private let options: InversionOptions
  private let startEncoder: Model
  private let isMasked: Bool
  private let kernels: Kernels
  private let pixelRange: Float
  private let curvature: Curvature?
  private var objective: Objective?
  /// Prepared for the first image that needs it.
  private var encoder: NetworkRunner?
  /// The images whose targets the objective holds.
  private var held: [Int] = []

  /// Prepares nothing yet.
  ///
  /// - Parameter isFirst: whether it computes in the arena of the model.
  init(
    _ model: Model, options: InversionOptions, curvature: Curvature?, rowCount: Int, isMasked: Bool, isFirst: Bool,
    kernels: Kernels
  ) {
    self.model = isFirst ? model : model.withOwnArena()
    let startEncoder = options.startEncoder.map { isFirst ? $0 : $0.withOwnArena() }
    self.startEncoder = startEncoder ?? self.model
    self.options = options
    self.curvature = curvature
    self.rowCount = rowCount
    self.isMasked = isMasked
    self.kernels = kernels
    let specification = model.file.specification
    pixelRange = specification.pixelMaximum - specification.pixelMinimum
  }

  /// Prepares the graph of a step, where that has not been done.
  @discardableResult
  func prepare() throws(InversionError) -> Objective {
    if let objective { return objective }
    let made = try Objective(
      model, weights: options.weights, space: options.space, batch: rowCount, isMasked: isMasked, kernels: kernels)
    objective = made
    return made
  }

  /// The code that an optimization of `image` starts from.
  func startCode(for image: [Float]) throws(InversionError) -> [Float] {
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
      .encoder, of: startEncoder, batch: 1, kernels: kernels.forOptimizing,
      side: try model.generator().specification.resolution)
    encoder = runner
    return runner
  }

  /// Refines images until there are no more. What fails for one image does not concern the others.
  ///
  /// - Parameters:
  ///   - next: the next image; nil where there is no more, and then it is not asked again.
  ///   - share: the lane's part of the machine: what its images are charged of its time.
  ///   - didStep: told after each step of each image. False stops that image, and the best code so far is its result.
  ///   - didFinish: told the outcome of each image, as soon as it is known: not always in order.
  func run(
    next: () -> Input?, share: () -> Double,
    didStep: (_ image: Int, _ report: StepReport, _ refinement: Refinement) -> Bool,
    didFinish: (_ image: Int, _ outcome: Result<InversionResult, InversionError>) -> Void
  ) throws(InversionError) {
    held = []
    var rows: [Row] = []
    var isExhausted = false
    let clock = ContinuousClock()

    while true {
      while rows.count < rowCount, !isExhausted {
        guard let (number, input) = next() else {
          isExhausted = true
          break
        }
        do throws(InversionError) {
          let row = try begin(input, number: number, share: share)
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
      let seconds = began.duration(to: clock.now) / .seconds(1) / Double(rows.count) * share()

      var remaining: [Row] = []
      for (index, var row) in rows.enumerated() {
        do throws(InversionError) {
          let report = try row.step(evaluation, at: index, seconds: seconds)
          if !didStep(row.number, report, row.refinement) { row.refinement.stop() }
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
  private func begin(_ input: InversionInput, number: Int, share: () -> Double) throws(InversionError) -> Row {
    let clock = ContinuousClock()
    let began = clock.now
    let start = try startCode(for: input.image)
    var refinement = try Refinement(
      from: start, resuming: input.state, options: options, curvature: curvature, pixelRange: pixelRange)
    let target = try prepare().prepareTarget(input.image, mask: input.mask)
    refinement.charge(seconds: began.duration(to: clock.now) / .seconds(1) * share())
    return Row(number: number, target: target, refinement: refinement)
  }

  /// An image at work.
  private struct Row {
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
    var objective = try prepare()
    var size = objective.batch
    if size < rows.count { size = rowCount }
    while size / 2 >= rows.count { size /= 2 }
    if size != objective.batch {
      let features = objective.features
      objective = try Objective(
        model, weights: options.weights, space: options.space, batch: size, isMasked: isMasked, kernels: kernels)
      objective.features = features
      self.objective = objective
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
