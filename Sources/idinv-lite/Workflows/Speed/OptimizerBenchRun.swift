import Files
import Imaging
import Inversion
import Reports
import SIMDKernels

/// How soon each optimizer reaches the published result, on the same pictures in turns.
package struct OptimizerBenchRun {
  /// `optimizers.json`.
  package struct Outcome: Encodable {
    package var model: String
    package var compute: String
    package var threads: Int
    package var steps: Int
    package var figures: [OptimizerFigures]
    package var images: [OptimizerComparison.Comparison]
    package var memory: MemoryUse?
  }

  package static let outputs = ["optimizers.json", "optimizers.csv", "optimizers.html"]

  private let pictures: [LoadedImage]
  private let skipped: [SkippedImage]
  private let steps: Int
  private let began: ContinuousClock.Instant

  /// - Parameters:
  ///   - steps: of the published procedure, and at most of `auto`.
  ///   - began: from when the run's time counts.
  /// - Throws: `NothingDone` without pictures.
  package init(
    _ loaded: (images: [LoadedImage], skipped: [SkippedImage]), steps: Int, since began: ContinuousClock.Instant
  ) throws {
    guard !loaded.images.isEmpty else { throw NothingDone() }
    (pictures, skipped) = loaded
    self.steps = steps
    self.began = began
  }

  /// - Parameter options: of the run, for the report.
  /// - Throws: `Cancelled`; nothing is written then.
  package func callAsFunction(
    _ memory: MemoryChoice, into folder: OutputFolder, options: [(name: String, value: String)], kernels: Kernels,
    _ context: RunContext
  ) throws -> Outcome {
    let model = memory.model
    let all = try compare(model, kernels, context)
    let figures = OptimizerComparison.Method.allCases.filter { all[0].runs[$0.rawValue] != nil }
      .map { OptimizerFigures($0, all) }
    let outcome = Outcome(
      model: PathText.lastComponent(of: model.path), compute: kernels.computeName(model),
      threads: kernels.threadCount, steps: steps, figures: figures, images: all, memory: memory.figures)
    try model.file.verifyUnchanged()
    try JSONOutput.write(outcome, to: folder.path(Self.outputs[0]))
    try folder.write(OptimizerFigures.csv(figures), Self.outputs[1])
    let run = try InversionReport.Run(
      model: model, kernels: kernels, seconds: began.duration(to: .now) / .seconds(1),
      options: options + memory.options,
      note: skipped.isEmpty ? "" : "Skipped: " + skipped.map(\.reason).joined(separator: "; "))
    try OptimizerPage(run: run, steps: steps, figures: figures, images: all).page()
      .write(to: folder.path(Self.outputs[2]))
    return outcome
  }

  private func compare(
    _ model: Model, _ kernels: Kernels, _ context: RunContext
  ) throws -> [OptimizerComparison.Comparison] {
    let compare = try OptimizerComparison(model, steps: steps, kernels: kernels)
    let perImage = steps * (compare.hasCurvature ? 3 : 2) + 1
    let range = model.file.specification.pixelRange
    var all: [OptimizerComparison.Comparison] = []
    for (index, image) in pictures.enumerated() {
      var done = 0
      let comparison = try locating(image.path) {
        try compare(image.name, image.picture.planar(range), turn: index) {
          done += 1
          context.update(
            ProgressState(name: image.name, image: index, imageCount: pictures.count, step: done, stepCount: perImage))
          return !context.isCancelled
        }
      }
      guard let comparison else { break }
      all.append(comparison)
    }
    context.pause()
    guard !context.isCancelled, !all.isEmpty else { throw Cancelled() }
    return all
  }
}
