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
/// Images are refined side by side: in lanes, which compute at the same time, and in the rows of each lane. The same bits
/// result whatever their number. One call at a time.
package final class Inverter {
  package let model: Model
  package let options: InversionOptions
  /// Images refined side by side, at most.
  package let batch: Int
  private let lanes: [InversionLane]

  /// - Parameters:
  ///   - batch: images refined side by side; memory grows with it.
  ///   - laneCount: lanes that divide them, and the threads, among each other: at most one for each image and thread.
  ///   - isMasked: whether each image comes with a mask (diffusion).
  package init(
    _ model: Model, options: InversionOptions = InversionOptions(), batch: Int = 1, laneCount: Int = 1,
    isMasked: Bool = false, kernels: Kernels
  ) throws(InversionError) {
    try options.validate()
    guard batch > 0 else { throw .badOption(name: "batch", expected: "1 or more", found: "\(batch)") }
    self.model = model
    self.options = options
    self.batch = batch
    let layerCount = try model.generator().specification.layerCount
    let curvature =
      options.optimizer == .auto
      ? try model.curvature()?.restricted(to: options.space, layerCount: layerCount) : nil
    let laneCount = max(1, min(laneCount, batch, kernels.threadCount))
    lanes = kernels.divided(among: laneCount).enumerated().map { index, kernels in
      InversionLane(
        model, options: options, curvature: curvature,
        rowCount: batch / laneCount + (index < batch % laneCount ? 1 : 0), isMasked: isMasked, isFirst: index == 0,
        kernels: kernels)
    }
    try lanes[0].prepare()
  }

  /// The code that an optimization of `image` starts from.
  package func startCode(for image: [Float]) throws(InversionError) -> [Float] {
    try lanes[0].startCode(for: image)
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
  /// All callbacks are called on the calling thread. What they do with the networks of the model waits for the first lane.
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
    if lanes.count > 1, try LaneExchange(lanes).run(next: next, didStep: didStep, didFinish: didFinish) { return }
    var count = 0
    try lanes[0].run(
      next: {
        guard let input = next() else { return nil }
        defer { count += 1 }
        return (count, input)
      },
      share: { 1 }, didStep: { number, report, _ in didStep(number, report) }, didFinish: didFinish)
  }
}
