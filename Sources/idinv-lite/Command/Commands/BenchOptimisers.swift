import Files
import ArgumentParser
import Foundation
import Imaging
import Inversion
import Reports
import Runtime
import Workflows

/// `idinv-lite bench optimizers`
struct BenchOptimisers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "optimizers",
    abstract: "Measure how soon each optimizer reaches the published result.",
    discussion: """
      Example: idinv-lite bench optimizers images/ -o optimizers

      Runs Adam at 0.01 as published, and auto with and without the model's curvature. All start from the encoder's \
      code, one image at a time, in turns. Writes optimizers.json with every loss, and optimizers.html.
      """,
    aliases: ["optimisers"])

  @OptionGroup var images: ImageOptions
  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption

  @Option(parsing: .unconditional, help: ArgumentHelp("Use at most this many images.", valueName: "n"))
  var limit = 64

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Steps of the published procedure, and at most of auto.", valueName: "n"))
  var steps = 100

  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit: expected 1 or more, found \(limit)") }
    guard (2...100_000).contains(steps) else { throw ValidationError("--steps: expected 2 to 100000, found \(steps)") }
  }

  private struct Listing: Encodable {
    var model: String
    var compute: String
    var threads: Int
    var steps: Int
    var figures: [OptimiserFigures]
    var images: [OptimiserComparison.Comparison]
    var memory: MemoryUse?
  }

  func run() throws {
    try reporting {
      let began = ContinuousClock.now
      Signals.install()
      let loaded = try model.load()
      let resolution = try loaded.imageResolution()
      let listed = try images.expand()
      try output.folder.prepare()
      try output.folder.claim(
        by: "bench optimizers", ["optimizers.json", "optimizers.html"],
        inputs: [loaded.path] + images.images + listed.map(\.path))
      let kernels = try engine.kernels()
      let context = self.reporting.context()
      let (pictures, skipped) = try images.loader.load(listed, most: limit, resolution: resolution, context)
      guard !pictures.isEmpty else { throw NothingDone() }
      let choice = try memory.limit.choose(loaded, kernels: kernels, workload: InversionOptions().workload())
      try choice.announce(self.reporting)
      let model = choice.model
      let compare = try OptimiserComparison(model, steps: steps, kernels: kernels)
      let perImage = steps * (compare.hasCurvature ? 3 : 2) + 1
      var all: [OptimiserComparison.Comparison] = []
      for (index, image) in pictures.enumerated() {
        var done = 0
        let comparison = try locating(image.path) {
          try compare(image.name, image.picture.planar(model.file.specification.pixelRange), turn: index) {
            done += 1
            context.update(
              ProgressState(
                name: image.name, image: index, imageCount: pictures.count, step: done, stepCount: perImage))
            return !Signals.cancellation.isCancelled
          }
        }
        guard let comparison else { break }
        all.append(comparison)
      }
      context.pause()
      guard !Signals.cancellation.isCancelled, !all.isEmpty else { throw Cancelled() }
      let figures = OptimiserComparison.Method.allCases.filter { all[0].runs[$0.rawValue] != nil }
        .map { OptimiserFigures($0, all) }
      let listing = Listing(
        model: PathText.lastComponent(of: model.path), compute: kernels.computeName(model),
        threads: kernels.threadCount, steps: steps, figures: figures, images: all,
        memory: choice.figures)
      try model.file.verifyUnchanged()
      try JSONOutput.write(listing, to: output.folder.path("optimizers.json"))
      let run = try InversionReport.Run(
        model: model, kernels: kernels, seconds: began.duration(to: .now) / .seconds(1),
        options: [("--steps", "\(steps)"), ("--limit", "\(limit)")] + choice.options,
        note: skipped.isEmpty ? "" : "Skipped: " + skipped.map(\.reason).joined(separator: "; "))
      try OptimiserPage(run: run, steps: steps, figures: figures, images: all).page()
        .write(to: output.folder.path("optimizers.html"))
      let lines = figures.map { row in
        "\(row.method): published loss after \(Figure.fixed(row.evaluations_median, 3)) of its evaluations (p90 "
          + "\(Figure.fixed(row.evaluations_p90, 3))), \(Figure.fixed(row.time_median, 3)) of its time (p90 "
          + "\(Figure.fixed(row.time_p90, 3))), \(row.reached) of \(all.count); loss at its time "
          + "\(Figure.fixed(row.loss_at_published_time_median, 3)); domain term "
          + "\(Figure.fixed(row.domain_at_published_loss_median, 3)); \(row.worse_than_start) worse than the start"
      }
      try self.reporting.summarise(
        (lines + ["report: \(output.folder.path("optimizers.html"))"]).joined(separator: "\n")
      ) {
        listing
      }
      if !skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
    }
  }
}
