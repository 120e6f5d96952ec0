import ArgumentParser
import Foundation
import Imaging
import Inversion
import Quant
import Reports
import Runtime
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
      valueName: "names"))
  var methods: String?

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

  private static let outputs = ["evaluation.json", "evaluation.csv", "precision_recall.csv", "evaluation.html"]

  mutating func validate() throws {
    for (name, value) in [("--iterations", iterations), ("--free-iterations", freeIterations)] {
      if let value, !(1...1_000_000).contains(value) {
        throw ValidationError("\(name): expected 1 to 1000000, found \(value)")
      }
    }
    if let limit, limit < 1 { throw ValidationError("--limit: expected 1 or more, found \(limit)") }
    if let methods { _ = try Self.methods(methods) }
  }

  private static func methods(_ text: String) throws -> [InversionMethod] {
    var result: [InversionMethod] = []
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let method = InversionMethod(rawValue: String(name)) else {
        let names = InversionMethod.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("--methods: expected some of \(names), found '\(name)'")
      }
      if !result.contains(method) { result.append(method) }
    }
    return result
  }

  func run() throws {
    try reporting {
      let began = ContinuousClock.now
      Signals.install()
      let model = try model.load()
      let specification = try model.generator().specification
      guard model.hasFeatureNetwork else {
        throw Failure(
          .badData, "\(model.path) holds no perceptual network; expected one: distances are measured in its features")
      }
      var notes: [String] = []
      let others = OtherModels(
        conventional: try conventionalModel(of: model), judge: try judge.load(for: model),
        metrics: try metrics.load(for: model))
      let methods = try chosenMethods(model, hasConventional: others.conventional != nil, &notes)
      let boundaries = try AttributeBoundaries.load(boundaries, of: model, judge: others.judge, &notes)
      let listed = try images.expand()
      try output.folder.prepare()
      let beside = [others.conventional?.path, others.judge?.path, others.metrics.file?.path].compactMap { $0 }
      try output.folder.claim(
        by: "evaluate", Self.outputs + [EvaluationJournal.name],
        inputs: [model.path] + beside + images.images + listed.map(\.path))
      let context = self.reporting.context()
      let most = min(
        limit ?? .max, preset == .paper ? EvaluationPlan.paper.imageCount : EvaluationPlan.quick.imageCount)
      let (loaded, skipped) = try images.loader.load(
        listed, most: most, resolution: specification.resolution, context)
      let pictures = loaded.map { EvaluationImage(name: $0.name, picture: $0.picture) }
      guard !pictures.isEmpty else { throw NothingDone() }

      var plan = preset == .paper ? EvaluationPlan.paper : .quick
      plan.methods = methods
      plan.iterations = iterations ?? plan.iterations
      plan.freeIterations = freeIterations ?? plan.freeIterations
      plan = plan.limited(to: pictures.count)
      let kernels = try engine.kernels()
      let choice = try memory.limit.choose(
        model, batches: BatchSize.candidates(imageCount: plan.inversionCount),
        extra: try plan.byteCount(for: model, others: others, kernels: kernels), kernels: kernels,
        workload: plan.workload(others: others))
      try choice.announce(self.reporting)
      let run = try EvaluationRun(
        choice, others: others, plan: plan, images: Array(pictures.prefix(plan.imageCount)),
        boundaries: boundaries, kernels: kernels, output: output.folder, context: context)
      do {
        var (results, curves) = try run.measure()
        results.seconds = began.duration(to: .now) / .seconds(1)
        results.notes = notes
        results.skipped = skipped
        results.memory = choice.figures
        let shown = try EvaluationPictures(run, kernels: kernels)
        try model.file.verifyUnchanged()
        try run.sync()
        context.pause()
        try finish(results, curves, shown, choice, kernels)
      } catch is Cancelled {
        try run.sync()
        context.pause()
        throw Cancelled.resumable(journal: output.folder.path(EvaluationJournal.name))
      }
      if !skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
    }
  }

  private func finish(
    _ results: EvaluationResults, _ curves: [(InversionMethod, SemanticAnalysis)], _ pictures: EvaluationPictures,
    _ choice: MemoryChoice, _ kernels: Kernels
  ) throws {
    try JSONOutput.write(results, to: output.folder.path("evaluation.json"))
    try output.folder.write(results.csv(), "evaluation.csv")
    try output.folder.write(EvaluationResults.csv(curves), "precision_recall.csv")
    let run = try InversionReport.Run(
      model: choice.model, kernels: kernels, seconds: results.seconds,
      options: optionList(results.plan) + choice.options,
      note: results.skipped.isEmpty ? "" : "Skipped: " + results.skipped.map(\.reason).joined(separator: "; "))
    try EvaluationPage(run: run, results: results, curves: curves, pictures: pictures).page()
      .write(to: output.folder.path("evaluation.html"))
    let holding = results.findings.count { $0.holds }
    let few = results.findings.count { $0.isFromFewImages }
    let basis = few == 0 ? "" : " (\(few) of them from fewer than \(EvaluationResults.Finding.fewImages) images)"
    try reporting.summarise(
      "\(results.images) images, \(holding) of \(results.findings.count) claims of the paper hold\(basis); report: "
        + output.folder.path("evaluation.html")
    ) { results }
  }

  private func optionList(_ plan: EvaluationPlan) -> [(name: String, value: String)] {
    [
      ("--preset", preset.rawValue), ("--methods", plan.methods.map(\.rawValue).joined(separator: ",")),
      ("--iterations", "\(plan.iterations)"), ("--free-iterations", "\(plan.freeIterations)"),
      ("--crop", images.crop.rawValue), ("--judge", judge.judge ?? "judge.idinv beside the model, if it is there"),
      (
        "images of each part",
        "reconstruction \(plan.reconstructionCount), analysis \(plan.analysisCount), edits "
          + "\(plan.editCount), ablation \(plan.ablationCount), interpolation \(plan.interpolationCount), samples "
          + "\(plan.sampleCount)"
      ),
    ]
  }

  // MARK: Inputs

  private func conventionalModel(of model: Model) throws -> Model? {
    guard let path = conventional ?? model.neighbour("conventional.idinv") else { return nil }
    return try StartEncoder.load(path, for: model)
  }

  private func chosenMethods(
    _ model: Model, hasConventional: Bool, _ notes: inout [String]
  ) throws -> [InversionMethod] {
    func obstacle(_ method: InversionMethod) -> String? {
      switch method {
      case .inDomain, .encoder: model.hasEncoder ? nil : "\(model.path) holds no encoder"
      case .conventional: hasConventional ? nil : "no --conventional model is given"
      case .image2StyleGAN, .w: nil
      }
    }
    if let methods {
      let chosen = try Self.methods(methods)
      for method in chosen {
        if let reason = obstacle(method) { throw Failure(.usage, "--methods \(method.rawValue): \(reason)") }
      }
      return chosen
    }
    return InversionMethod.allCases.filter { method in
      guard let reason = obstacle(method) else { return true }
      notes.append("Without \(method.rawValue): \(reason).")
      return false
    }
  }
}
