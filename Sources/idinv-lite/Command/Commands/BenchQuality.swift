import ArgumentParser
import Glibc
import Inversion
import Reports
import Workflows

extension QualityResults.Clock: ExpressibleByArgument {}

/// `idinv-lite bench quality`
struct BenchQuality: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quality",
    abstract: "Measure quality against time and memory, and find the configurations worth using.",
    discussion: """
      Example: idinv-lite bench quality images/ -o quality --iterations 5,20,100

      Combines all given optimizers, numbers of steps, weights, arithmetics and numbers of threads. Each \
      configuration runs in its own process, in alternating rounds; times are medians over the rounds. All results \
      are judged by the model as it is, in f32: objective, PSNR, an LPIPS-style distance, in-domain score, and edits. \
      Run nothing else beside it.

      Writes quality.html, quality.svg (the first chart), quality.json, quality.csv (one line per configuration) and \
      quality_images.csv. quality.journal keeps what is measured: after an interruption the same command continues. A \
      memory budget applies to each process; a configuration that does not fit is listed with the smallest budget \
      that works.
      """)

  @OptionGroup var images: ImageOptions
  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption

  @OptionGroup var grid: QualityGridOptions

  @Option(parsing: .unconditional, help: ArgumentHelp("How often each configuration is timed.", valueName: "n"))
  var rounds = 3

  @Option(
    help: """
      What counts as time in curves and fronts: wall, or processor, that of all threads together, which other programs \
      disturb less.
      """)
  var clock = QualityResults.Clock.wall

  @Option(parsing: .unconditional, help: ArgumentHelp("Use at most this many images.", valueName: "n"))
  var limit = 16

  @Option(parsing: .unconditional, help: ArgumentHelp("Number of images whose codes are edited.", valueName: "n"))
  var edits = 8

  @Option(
    help: ArgumentHelp(
      "Folder of boundaries for the edits, NAME.npy for attribute NAME. Default: boundaries beside the model, if there.",
      valueName: "dir"))
  var boundaries: String?

  @OptionGroup var judge: JudgeOption
  @OptionGroup var metrics: MetricsOption
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    for (name, value, least) in [("--rounds", rounds, 1), ("--limit", limit, 1), ("--edits", edits, 0)] {
      guard (least...1_000_000).contains(value) else {
        throw ValidationError("\(name): expected \(least) to 1000000, found \(value)")
      }
    }
  }

  func run() throws {
    try reporting {
      let began = ContinuousClock.now
      Signals.install()
      let model = try model.load()
      var task = try QualityTask(
        model, configurations: try grid.grid().configurations(for: model), judge: judge.load(for: model),
        metrics: metrics.load(for: model), boundaries: edits > 0 ? .among(boundaries) : .none, since: began)
      // The judge's arithmetic, whatever is judged.
      let kernels = try EngineSettings(compute: .f32).kernels()
      let listed = try images.expand()
      try output.folder.prepare()
      try output.folder.claim(
        by: "bench quality", QualityTask.outputs, inputs: task.inputs + images.images + listed.map(\.path),
        resumed: [QualityRun.journalName])
      let context = self.reporting.context()
      try task.load(listed, most: limit, images.loader, context)
      let choice = try task.choose(memory.limit, kernels)
      let results = try task(
        QualityTask.Timing(rounds: rounds, clock: clock, editCount: edits, arguments: ["bench", "quality-task"]),
        choice, into: output.folder, options: optionList, kernels: kernels, context)
      let measured = results.configurations.count { $0.seconds_per_image != nil }
      try reporting.summarize(
        "\(results.frontTable)\n\(counted(measured, "configuration")) on \(counted(results.images, "image")), "
          + "\(results.front.count) of them on the front; report: \(output.folder.path("quality.html"))"
      ) { results }
      if !results.skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
    }
  }

  private var optionList: [(name: String, value: String)] {
    grid.list + [
      ("--rounds", "\(rounds)"), ("--clock", clock.rawValue), ("--limit", "\(limit)"), ("--edits", "\(edits)"),
      ("--crop", images.crop.rawValue),
    ] + (memory.budget.map { [("--memory-budget", "\($0.byteCount)")] } ?? [])
  }
}
