import ArgumentParser
import Foundation
import Imaging
import Inversion
import Quant
import Reports
import Runtime
import SIMDKernels
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

  @Option(
    help: ArgumentHelp("Optimizers, separated by commas, as for invert --optimizer.", valueName: "names"))
  var optimizers = "all"

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Numbers of steps, as in 5,10,20-25; 0 is the encoder alone.", valueName: "numbers"))
  var iterations = "0,5,10,25,50,100"

  @Option(
    help: ArgumentHelp(
      "Precisions of the weights: file (as the model file has them), f32, f16, int8. Copies are made of the model file.",
      valueName: "names"))
  var weights = "file"

  @Option(
    help: ArgumentHelp(
      "Arithmetics, as for invert --compute, or all that this machine has.", valueName: "names"))
  var compute = "auto"

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Numbers of threads; 0 for one per physical core.", valueName: "numbers"))
  var threads = "0"

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

  private static let outputs = ["quality.json", "quality.csv", "quality_images.csv", "quality.html", "quality.svg"]

  private func grid() throws -> QualityGrid {
    try QualityGrid(
      optimizers: optimizers, iterations: iterations, weights: weights, compute: compute, threads: threads)
  }

  mutating func validate() throws {
    _ = try grid()
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
      let cpus = Processor.allowedCPUs
      let model = try model.load()
      let resolution = try model.generator().specification.resolution
      _ = try model.encoder()
      // The judge's arithmetic, whatever is judged.
      let kernels = try EngineSettings(compute: .f32).kernels()
      let configurations = try grid().configurations(for: model)
      let listed = try images.expand()
      try output.folder.prepare()
      try output.folder.claim(
        by: "bench quality", Self.outputs + [QualityRun.journalName],
        inputs: [model.path] + images.images + listed.map(\.path))
      var notes: [String] = []
      let judge = try judge.load(for: model), metrics = try metrics.load(for: model)
      let found = edits > 0 ? try AttributeBoundaries.load(boundaries, of: model, judge: judge, &notes) : []
      let context = self.reporting.context()
      let (loaded, skipped) = try images.loader.load(listed, most: limit, resolution: resolution, context)
      guard !loaded.isEmpty else { throw NothingDone() }
      let choice = try memory.limit.choose(
        model, batches: QualityRun.Plan.batches,
        extra: try MetricsFile.byteCount(of: metrics.file, for: model, kernels: kernels), kernels: kernels,
        workload: QualityRun.Plan.workload)
      var plan = QualityRun.Plan(
        memory: choice, configurations: configurations, images: loaded, crop: images.crop, rounds: rounds,
        editCount: min(edits, loaded.count), boundaries: found, judge: judge, cpus: cpus,
        measuringArguments: ["bench", "quality-task"])
      plan.metrics = metrics
      let run = try QualityRun(plan, kernels: kernels, output: output.folder, context: context)
      do {
        try run.measure()
        let measurements = try run.judge()
        try model.file.verifyUnchanged()
        try run.sync()
        context.pause()
        let results = QualityResults(
          run, measurements, clock: clock, seconds: began.duration(to: .now) / .seconds(1), notes: notes,
          skipped: skipped)
        try write(results, run, measurements, kernels)
      } catch is Cancelled {
        try run.sync()
        context.pause()
        throw Cancelled.resumable(journal: output.folder.path(QualityRun.journalName))
      }
      if !skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
    }
  }

  private func write(
    _ results: QualityResults, _ run: QualityRun, _ measurements: [QualityConfiguration: QualityRun.Measurement],
    _ kernels: Kernels
  ) throws {
    try JSONOutput.write(results, to: output.folder.path("quality.json"))
    try output.folder.write(results.csv(), "quality.csv")
    try output.folder.write(results.imagesCSV(), "quality_images.csv")
    var head = try InversionReport.Run(
      model: run.plan.model, kernels: kernels, seconds: results.seconds, options: optionList,
      note: results.skipped.isEmpty ? "" : "Skipped: " + results.skipped.map(\.reason).joined(separator: "; "))
    head.computeType = ""
    head.threadCount = 0
    let page = QualityPage(
      run: head, results: results, pictures: try QualityPictures(run, results, measurements))
    try page.page().write(to: output.folder.path("quality.html"))
    if let chart = page.mainChart { try output.folder.write(chart.file(), "quality.svg") }
    let measured = results.configurations.count { $0.seconds_per_image != nil }
    guard measured > 0 else {
      throw Failure(
        .badData, "bench quality: no configuration could be measured: \(results.configurations.first?.failure ?? "")")
    }
    try reporting.summarise(
      "\(results.frontTable)\n\(counted(measured, "configuration")) on \(counted(results.images, "image")), "
        + "\(results.front.count) of them on the front; report: \(output.folder.path("quality.html"))"
    ) { results }
  }

  private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

  private var optionList: [(name: String, value: String)] {
    [
      ("--optimizers", optimizers), ("--iterations", iterations), ("--weights", weights), ("--compute", compute),
      ("--threads", threads), ("--rounds", "\(rounds)"), ("--clock", clock.rawValue), ("--limit", "\(limit)"),
      ("--edits", "\(edits)"), ("--crop", images.crop.rawValue),
    ] + (memory.budget.map { [("--memory-budget", "\($0.byteCount)")] } ?? [])
  }
}
