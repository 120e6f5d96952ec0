import Files
import Imaging
import Inversion
import Reports
import SIMDKernels

/// All of an evaluation: which methods are possible, the pictures, the measurement, and the files of its folder.
package struct EvaluationTask {
  package static let results = ["evaluation.json", "evaluation.csv", "precision_recall.csv", "evaluation.html"]
  /// All files that it writes.
  package static let outputs = results + [journalName]
  package static let journalName = EvaluationJournal.name

  /// With the methods that are possible and the numbers of images that there are.
  package private(set) var plan: EvaluationPlan
  private let model: Model
  private let others: OtherModels
  private let boundaries: [AttributeBoundary]
  private let began: ContinuousClock.Instant
  private var images: [EvaluationImage] = []
  private var skipped: [SkippedImage] = []
  private var notes: [String] = []

  /// - Parameters:
  ///   - methods: nil for all that the models permit.
  ///   - boundaries: a folder of them; nil for the one beside the model, if it is there.
  ///   - began: from when the run's time counts.
  /// - Throws: `Failure` where a network is missing.
  package init(
    _ model: Model, others: OtherModels, plan: EvaluationPlan, methods: [InversionMethod]?, boundaries: String?,
    since began: ContinuousClock.Instant
  ) throws {
    _ = try model.generator()
    guard model.hasFeatureNetwork else {
      throw Failure(
        .badData, "\(model.path) holds no perceptual network; expected one: distances are measured in its features")
    }
    self.model = model
    self.others = others
    self.plan = plan
    self.began = began
    self.plan.methods = try Self.chosen(methods, model, others, &notes)
    self.boundaries = try AttributeBoundaries.load(boundaries, of: model, judge: others.judge, &notes)
  }

  /// Model files that are read.
  package var inputs: [String] {
    [model.path] + [others.conventional, others.judge, others.metrics.file].compactMap { $0?.path }
  }

  private static func chosen(
    _ methods: [InversionMethod]?, _ model: Model, _ others: OtherModels, _ notes: inout [String]
  ) throws -> [InversionMethod] {
    func obstacle(_ method: InversionMethod) -> String? {
      switch method {
      case .inDomain, .encoder: model.hasEncoder ? nil : "\(model.path) holds no encoder"
      case .conventional: others.conventional == nil ? "no conventional model is given" : nil
      case .image2StyleGAN, .w: nil
      }
    }
    if let methods {
      for method in methods {
        guard let reason = obstacle(method) else { continue }
        throw Failure(
          .usage, of: "methods", remedies: method == .conventional ? ["conventional"] : [],
          "\(method.rawValue): \(reason)")
      }
      return methods
    }
    var possible: [InversionMethod] = []
    for method in InversionMethod.allCases {
      if let reason = obstacle(method) {
        notes.append("Without \(method.rawValue): \(reason).")
      } else {
        possible.append(method)
      }
    }
    return possible
  }

  /// Reads the pictures.
  ///
  /// - Parameter most: in place of the plan's number, where that is more.
  /// - Throws: `NothingDone` where none can be read.
  package mutating func load(
    _ listed: [ListedImage], most: Int?, _ loader: ImageLoader, _ context: RunContext
  ) throws {
    let loaded = try loader.load(
      listed, most: min(most ?? .max, plan.imageCount), resolution: try model.generator().specification.resolution,
      context)
    images = loaded.images.map { EvaluationImage(name: $0.name, picture: $0.picture) }
    skipped = loaded.skipped
    guard !images.isEmpty else { throw NothingDone() }
    plan = plan.limited(to: images.count)
  }

  package func choose(_ limit: MemoryLimit, _ kernels: Kernels) throws -> MemoryChoice {
    try limit.choose(
      model, batches: BatchSize.candidates(imageCount: plan.inversionCount),
      extra: try plan.byteCount(for: model, others: others, kernels: kernels), kernels: kernels,
      workload: plan.workload(others: others))
  }

  /// Measures, and writes the results. What is measured is kept in a journal, from which the same task goes on.
  ///
  /// - Parameter options: of the run, for the report.
  /// - Throws: `Cancelled`, with the way to go on.
  package func callAsFunction(
    _ memory: MemoryChoice, into folder: OutputFolder, options: [(name: String, value: String)], kernels: Kernels,
    _ context: RunContext
  ) throws -> EvaluationResults {
    let run = try EvaluationRun(
      memory,
      EvaluationRun.Subject(
        others: others, plan: plan, images: Array(images.prefix(plan.imageCount)), boundaries: boundaries),
      kernels: kernels, output: folder, context: context)
    do {
      var (results, curves) = try run.measure()
      results.seconds = began.duration(to: .now) / .seconds(1)
      results.notes = notes
      results.skipped = skipped
      results.memory = memory.figures
      let pictures = try EvaluationPictures(run, kernels: kernels)
      try model.file.verifyUnchanged()
      try run.sync()
      context.pause()
      try JSONOutput.write(results, to: folder.path("evaluation.json"))
      try folder.write(results.csv(), "evaluation.csv")
      try folder.write(EvaluationResults.csv(curves), "precision_recall.csv")
      let head = try InversionReport.Run(
        model: memory.model, kernels: kernels, seconds: results.seconds, options: options + memory.options,
        note: skipped.isEmpty ? "" : "Skipped: " + skipped.map(\.reason).joined(separator: "; "))
      try EvaluationPage(run: head, results: results, curves: curves, pictures: pictures).page()
        .write(to: folder.path("evaluation.html"))
      return results
    } catch is Cancelled {
      try run.sync()
      context.pause()
      throw Cancelled.resumable(journal: folder.path(EvaluationJournal.name))
    }
  }
}

extension OtherModels {
  /// - Parameter conventional: path of a model file; nil for `conventional.idinv` beside the model, if it is there.
  package init(
    conventional: String?, judge: Model?, metrics: LearnedMetricsSource, for model: Model
  ) throws {
    let path = conventional ?? model.neighbor("conventional.idinv")
    self.init(
      conventional: try path.map { try StartEncoder.load($0, for: model) }, judge: judge, metrics: metrics)
  }
}
