import ArgumentParser
import Glibc
import Inversion
import Reports
import Workflows

/// `idinv-lite evaluate`
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a model by the paper's experiments.",
    discussion: """
      Example: idinv-lite evaluate held-out/ -o evaluation --preset paper

      Use images that the model has not seen. They are inverted by several methods: in-domain, the encoder alone, a \
      conventional encoder, Image2StyleGAN-style free optimization in W+, and the same in W. Boundaries named after \
      an attribute that the judge, or the model itself, reads take part in the semantic analysis, the edits and the ablation.

      Writes evaluation.html, evaluation.json, evaluation.csv and precision_recall.csv. evaluation.journal keeps what \
      is measured: after an interruption the same command continues.
      """)

  @OptionGroup var images: ImageOptions
  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption

  enum Preset: String, ExpressibleByArgument, CaseIterable { case quick, paper }
  @Option(help: "How much to measure: quick, or the paper's experiments.")
  var preset = Preset.quick

  @Option(
    help: ArgumentHelp(
      "A model file with the conventional encoder. Default: conventional.idinv beside the model, if there.",
      valueName: "model.idinv"))
  var conventional: String?

  @Option(
    help: ArgumentHelp(
      "Folder of boundaries, NAME.npy for attribute NAME. Default: boundaries beside the model, if there.",
      valueName: "dir"))
  var boundaries: String?

  @Option(
    help: ArgumentHelp(
      "Methods, separated by commas: in-domain, encoder, conventional, image2stylegan, w. Default: all possible ones.",
      valueName: "names"), transform: MethodList.init)
  var methods: MethodList?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Steps of in-domain inversion, instead of the preset's.", valueName: "n"))
  var iterations: Int?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Steps of free optimization, instead of the preset's.", valueName: "n")
  )
  var freeIterations: Int?

  @Option(parsing: .unconditional, help: ArgumentHelp("Use at most this many images.", valueName: "n"))
  var limit: Int?

  @OptionGroup var judge: JudgeOption
  @OptionGroup var metrics: MetricsOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    for (name, value) in [("--iterations", iterations), ("--free-iterations", freeIterations)] {
      if let value, !(1...1_000_000).contains(value) {
        throw ValidationError("\(name): expected 1 to 1000000, found \(value)")
      }
    }
    if let limit, limit < 1 { throw ValidationError("--limit: expected 1 or more, found \(limit)") }
  }

  func run() throws {
    try reporting {
      let began = ContinuousClock.now
      Signals.install()
      let model = try model.load()
      let others = try OtherModels(
        conventional: conventional, judge: judge.load(for: model), metrics: metrics.load(for: model), for: model)
      var plan = preset == .paper ? EvaluationPlan.paper : .quick
      plan.iterations = iterations ?? plan.iterations
      plan.freeIterations = freeIterations ?? plan.freeIterations
      var task = try EvaluationTask(
        model, others: others, plan: plan, methods: methods?.values, boundaries: boundaries, since: began)
      let listed = try images.expand()
      try output.folder.prepare()
      try output.folder.claim(
        by: "evaluate", EvaluationTask.outputs, inputs: task.inputs + images.images + listed.map(\.path),
        resumed: [EvaluationTask.journalName])
      let context = self.reporting.context()
      try task.load(listed, most: limit, images.loader, context)
      let kernels = try engine.kernels()
      let choice = try task.choose(memory.limit, kernels)
      try choice.announce(self.reporting)
      let results = try task(choice, into: output.folder, options: optionList(task.plan), kernels: kernels, context)
      try reporting.summarize(line(results)) { results }
      if !results.skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
    }
  }

  private func line(_ results: EvaluationResults) -> String {
    let holding = results.findings.count { $0.holds }
    let few = results.findings.count { $0.isFromFewImages }
    let basis = few == 0 ? "" : " (\(few) of them from fewer than \(EvaluationResults.Finding.fewImages) images)"
    return
      "\(results.images) images, \(holding) of \(results.findings.count) claims of the paper hold\(basis); report: "
      + output.folder.path("evaluation.html")
  }

  private func optionList(_ plan: EvaluationPlan) -> [(name: String, value: String)] {
    [
      ("--preset", preset.rawValue), ("--methods", plan.methods.map(\.rawValue).joined(separator: ",")),
      ("--iterations", "\(plan.iterations)"), ("--free-iterations", "\(plan.freeIterations)"),
      ("--crop", images.crop.rawValue), ("--judge", judge.judge ?? "judge.idinv beside the model, if it is there"),
      ("--metrics", metrics.metrics ?? "the model's own, or metrics.idinv beside the model, if it is there"),
      (
        "images of each part",
        "reconstruction \(plan.reconstructionCount), analysis \(plan.analysisCount), edits "
          + "\(plan.editCount), ablation \(plan.ablationCount), interpolation \(plan.interpolationCount), samples "
          + "\(plan.sampleCount)"
      ),
    ]
  }
}
