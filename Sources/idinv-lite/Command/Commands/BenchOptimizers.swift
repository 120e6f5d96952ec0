import ArgumentParser
import Glibc
import Imaging
import Inversion
import Reports
import Workflows

/// `idinv-lite bench optimizers`
struct BenchOptimizers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "optimizers",
    abstract: "Measure how soon each optimizer reaches the published result.",
    discussion: """
      Example: idinv-lite bench optimizers images/ -o optimizers

      Runs Adam at 0.01 as published, and auto with and without the model's curvature. All start from the encoder's \
      code, one image at a time, in turns. Writes optimizers.json with every loss, optimizers.csv and optimizers.html.
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
  var iterations = 100

  /// What it was called once.
  @Option(name: .customLong("steps"), parsing: .unconditional, help: .hidden)
  var olderSteps: Int?

  private var steps: Int { olderSteps ?? iterations }

  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit: expected 1 or more, found \(limit)") }
    guard (2...100_000).contains(steps) else {
      throw ValidationError("--iterations: expected 2 to 100000, found \(steps)")
    }
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
        by: "bench optimizers", OptimizerBenchRun.outputs,
        inputs: [loaded.path] + images.images + listed.map(\.path))
      let kernels = try engine.kernels()
      let context = self.reporting.context()
      let (pictures, skipped) = try images.loader.load(listed, most: limit, resolution: resolution, context)
      let run = try OptimizerBenchRun((pictures, skipped), steps: steps, since: began)
      let choice = try memory.limit.choose(loaded, kernels: kernels, workload: InversionOptions().workload())
      try choice.announce(self.reporting)
      let outcome = try run(
        choice, into: output.folder, options: [("--iterations", "\(steps)"), ("--limit", "\(limit)")], kernels: kernels,
        context)
      let report = "report: \(output.folder.path("optimizers.html"))"
      let lines = outcome.figures.map { line($0, of: outcome.images.count) } + [report]
      try self.reporting.summarize(lines.joined(separator: "\n")) { outcome }
      if !skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
    }
  }

  private func line(_ row: OptimizerFigures, of count: Int) -> String {
    "\(row.method): published loss after \(Figure.fixed(row.evaluations_median, 3)) of its evaluations (p90 "
      + "\(Figure.fixed(row.evaluations_p90, 3))), \(Figure.fixed(row.time_median, 3)) of its time (p90 "
      + "\(Figure.fixed(row.time_p90, 3))), \(row.reached) of \(count); loss at its time "
      + "\(Figure.fixed(row.loss_at_published_time_median, 3)); domain term "
      + "\(Figure.fixed(row.domain_at_published_loss_median, 3)); \(row.worse_than_start) worse than the start"
  }
}
