import Files
import Imaging
import Inversion
import Reports
import SIMDKernels

/// All of `bench quality`: the pictures, the measurement of each configuration, and the files of its folder.
package struct QualityTask {
  /// All files that it writes.
  package static let outputs = [
    "quality.json", "quality.csv", "quality_images.csv", "quality.html", "quality.svg", QualityRun.journalName,
  ]

  /// Along which boundaries codes are edited.
  package enum Edits {
    case none
    /// A folder of boundaries; nil for the one beside the model, if it is there.
    case among(String?)
  }

  /// How configurations are timed.
  package struct Timing {
    /// How often each is.
    package var rounds: Int
    /// What counts as time.
    package var clock: QualityResults.Clock
    /// Images whose codes are edited, at most.
    package var editCount: Int
    /// With which the program measures one configuration.
    package var arguments: [String]

    package init(rounds: Int, clock: QualityResults.Clock, editCount: Int, arguments: [String]) {
      self.rounds = rounds
      self.clock = clock
      self.editCount = editCount
      self.arguments = arguments
    }
  }

  private let model: Model
  private let judge: Model?
  private let metrics: LearnedMetricsSource
  private let configurations: [QualityConfiguration]
  private let boundaries: [AttributeBoundary]
  private let began: ContinuousClock.Instant
  /// Taken before anything binds this process to some of them.
  private let cpus = Processor.allowedCPUs
  private var images: [LoadedImage] = []
  private var skipped: [SkippedImage] = []
  private var crop = CropRule.none
  private var notes: [String] = []

  /// - Parameters:
  ///   - metrics: what compares pictures, beside what is built in.
  ///   - began: from when the run's time counts.
  /// - Throws: `.missingNetwork` without generator or encoder.
  package init(
    _ model: Model, configurations: [QualityConfiguration], judge: Model?, metrics: LearnedMetricsSource,
    boundaries: Edits, since began: ContinuousClock.Instant
  ) throws {
    _ = try model.generator()
    _ = try model.encoder()
    self.model = model
    self.judge = judge
    self.metrics = metrics
    self.configurations = configurations
    self.began = began
    self.boundaries =
      switch boundaries {
      case .none: []
      case .among(let folder): try AttributeBoundaries.load(folder, of: model, judge: judge, &notes)
      }
  }

  /// Model files that are read.
  package var inputs: [String] { [model.path] + [judge?.path, metrics.file?.path].compactMap { $0 } }

  package func choose(_ limit: MemoryLimit, _ kernels: Kernels) throws -> MemoryChoice {
    try limit.choose(
      model, batches: QualityRun.Plan.batches,
      extra: try MetricsFile.byteCount(of: metrics.file, for: model, kernels: kernels), kernels: kernels,
      workload: QualityRun.Plan.workload)
  }

  /// Reads the pictures.
  ///
  /// - Throws: `NothingDone` where none can be read.
  package mutating func load(
    _ listed: [ListedImage], most: Int, _ loader: ImageLoader, _ context: RunContext
  ) throws {
    (images, skipped) = try loader.load(
      listed, most: most, resolution: try model.generator().specification.resolution, context)
    crop = loader.crop
    guard !images.isEmpty else { throw NothingDone() }
  }

  /// Measures, and writes the results. What is measured is kept in a journal, from which the same task goes on.
  ///
  /// - Parameter options: of the run, for the report.
  /// - Throws: `Cancelled`, with the way to go on; `Failure` where no configuration can be measured.
  package func callAsFunction(
    _ timing: Timing, _ memory: MemoryChoice, into folder: OutputFolder, options: [(name: String, value: String)],
    kernels: Kernels, _ context: RunContext
  ) throws -> QualityResults {
    var plan = QualityRun.Plan(
      memory: memory, configurations: configurations, images: images, crop: crop, rounds: timing.rounds,
      editCount: min(timing.editCount, images.count), boundaries: boundaries, judge: judge, cpus: cpus,
      measuringArguments: timing.arguments)
    plan.metrics = metrics
    let run = try QualityRun(plan, kernels: kernels, output: folder, context: context)
    do {
      try run.measure()
      let measurements = try run.judge()
      try model.file.verifyUnchanged()
      try run.sync()
      context.pause()
      let results = QualityResults(
        run, measurements, clock: timing.clock, seconds: began.duration(to: .now) / .seconds(1), notes: notes,
        skipped: skipped)
      var head = try InversionReport.Run(
        model: memory.model, kernels: kernels, seconds: results.seconds, options: options,
        note: skipped.isEmpty ? "" : "Skipped: " + skipped.map(\.reason).joined(separator: "; "))
      head.computeType = ""
      head.threadCount = 0
      let pictures = try QualityPictures(run, results, measurements)
      try write(results, QualityPage(run: head, results: results, pictures: pictures), to: folder)
      return results
    } catch is Cancelled {
      try run.sync()
      context.pause()
      throw Cancelled.resumable(journal: folder.path(QualityRun.journalName))
    }
  }

  private func write(_ results: QualityResults, _ page: QualityPage, to folder: OutputFolder) throws {
    try JSONOutput.write(results, to: folder.path("quality.json"))
    try folder.write(results.csv(), "quality.csv")
    try folder.write(results.imagesCSV(), "quality_images.csv")
    try page.page().write(to: folder.path("quality.html"))
    if let chart = page.mainChart { try folder.write(chart.file(), "quality.svg") }
    guard results.configurations.contains(where: { $0.seconds_per_image != nil }) else {
      throw Failure(
        .badData, "bench quality: no configuration could be measured: \(results.configurations.first?.failure ?? "")")
    }
  }
}
