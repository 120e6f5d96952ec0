import Imaging
import Inversion
import Quant
import Reports
import Runtime

/// Model files that an evaluation uses beside the model.
package struct OtherModels {
  /// Whose encoder is the conventional one.
  package var conventional: Model?
  /// Who reads attributes.
  package var judge: Model?
  /// What compares pictures.
  package var metrics: LearnedMetricsSource

  package init(conventional: Model?, judge: Model?, metrics: LearnedMetricsSource = LearnedMetricsSource()) {
    self.conventional = conventional
    self.judge = judge
    self.metrics = metrics
  }
}

/// One run of `evaluate`: inverts by all methods, measures, and keeps what it has in a journal.
package final class EvaluationRun {
  package let model: Model
  package let conventional: Model?
  package let judge: Model?
  package let plan: EvaluationPlan
  package let images: [EvaluationImage]
  package let boundaries: [AttributeBoundary]
  private let kernels: Kernels
  /// Images refined side by side.
  private let batch: Int
  private let journal: EvaluationJournal
  private let context: RunContext
  private let modelIdentity: String
  /// Of all files that measure beside the model.
  private let judgeIdentity: String
  private let digests: [String]
  private let codeCount: Int
  package private(set) var evaluator: Evaluator!

  private var unitsDone = 0
  private var unitsInAll = 0
  private var stage = ""
  private var known: [String: [EvaluatedCode]] = [:]

  /// What a refinement step costs, in pictures that the networks look at.
  private static let unitsPerStep = 3

  /// What is measured, and with what.
  struct Subject {
    var others: OtherModels
    var plan: EvaluationPlan
    var images: [EvaluationImage]
    var boundaries: [AttributeBoundary]
  }

  init(
    _ memory: MemoryChoice, _ subject: Subject, kernels: Kernels, output: OutputFolder, context: RunContext
  ) throws {
    let model = memory.model
    self.model = model
    batch = memory.plan.batch
    let others = subject.others
    conventional = others.conventional
    judge = others.judge
    plan = subject.plan
    images = subject.images
    boundaries = subject.boundaries
    self.kernels = kernels
    self.context = context
    journal = try EvaluationJournal(folder: output)
    modelIdentity = model.file.identity
    judgeIdentity = (judge?.file.identity ?? "") + others.metrics.identity
    codeCount = try model.generator().codeCount
    digests = images.map(\.picture.digest)
    let metrics = try others.metrics.metrics(for: model, kernels: kernels)
    evaluator = Evaluator(
      model, judge: judge, metrics: metrics, images: images, batch: min(batch, Appraiser.mostBatch), kernels: kernels
    ) {
      [unowned self] in try advance(1)
    }
  }

  package func sync() throws { try journal.sync() }

  // MARK: Progress

  private func advance(_ units: Int) throws {
    unitsDone += units
    context.update(ProgressState(name: stage, step: min(unitsDone, unitsInAll), stepCount: unitsInAll))
    if context.isCancelled { throw Cancelled() }
  }

  /// Work of the whole run that the journal does not spare.
  private func countUnits() {
    var inversions: [String: Int] = [:]
    func add(_ options: InversionOptions, _ count: Int) {
      for index in 0..<count {
        let key = codeKey(options, index)
        if !journal.hasCode(key) { inversions[key] = max(1, options.iterations * Self.unitsPerStep) }
      }
    }
    for method in plan.methods { add(options(method), plan.inversionCount) }
    for lambda in ablationLambdas { add(options(lambda: lambda), plan.ablationCount) }
    let sweep = boundaries.count * (EditEvaluation.stepCount + 1)
    unitsInAll = inversions.values.reduce(0, +)
    for method in plan.methods
    where !journal.hasPart(partKey("reconstruction", options(method), plan.reconstructionCount)) {
      unitsInAll += 2 * plan.reconstructionCount
    }
    unitsInAll += plan.analysisCount
    for _ in plan.editedMethods {
      unitsInAll += plan.editCount * sweep + plan.interpolationCount / 2 * (InterpolationEvaluation.stepCount + 1)
    }
    unitsInAll += ablationLambdas.count * plan.ablationCount * (2 + sweep)
    unitsInAll += plan.sampleCount
  }

  // MARK: Codes

  package func options(_ method: InversionMethod) -> InversionOptions {
    method.options(iterations: plan.iterations(of: method), conventional: conventional)
  }

  package func options(lambda: Float) -> InversionOptions {
    var options = options(.inDomain)
    options.weights.domain = lambda
    return options
  }

  private var ablationLambdas: [Float] { plan.methods.contains(.inDomain) ? plan.lambdas : [] }

  /// All that a code depends on but its image.
  private func description(_ options: InversionOptions) -> String {
    [modelIdentity, kernels.computeName(model), options.identity].joined(separator: "|")
  }

  private func codeKey(_ options: InversionOptions, _ image: Int) -> String {
    EvaluationJournal.key(["code", description(options), digests[image]])
  }

  /// A key of what is measured on the codes of the first images.
  private func partKey(_ part: String, _ options: InversionOptions?, _ count: Int, _ more: [String] = []) -> String {
    EvaluationJournal.key(
      [part, modelIdentity, judgeIdentity, kernels.computeName(model), options.map(description) ?? ""]
        + digests.prefix(count) + more)
  }

  /// Codes of the first images, in order: from the journal, or found now.
  package func codes(_ options: InversionOptions, count: Int, title: String) throws -> [EvaluatedCode] {
    let name = description(options)
    if let codes = known[name], codes.count >= count { return Array(codes.prefix(count)) }
    var codes: [EvaluatedCode?] = try (0..<count).map { try journal.code(codeKey(options, $0), count: codeCount) }
    let missing = codes.indices.filter { codes[$0] == nil }
    if !missing.isEmpty {
      stage = title
      func found(_ image: Int, _ code: EvaluatedCode) throws {
        codes[image] = code
        try model.file.verifyUnchanged()
        try journal.append(code, key: codeKey(options, image))
      }
      if options.iterations == 0 {
        try encode(missing, options, found)
      } else {
        try refine(missing, options, found)
      }
    }
    let result = codes.compactMap { $0 }
    known[name] = result
    return result
  }

  private func planar(_ image: Int) -> [Float] { images[image].picture.planar(evaluator.range) }

  /// The encoder alone, timed without its preparation.
  private func encode(
    _ missing: [Int], _ options: InversionOptions, _ found: (Int, EvaluatedCode) throws -> Void
  ) throws {
    let encoder = try NetworkRunner(.encoder, of: options.startEncoder ?? model, batch: 1, kernels: kernels)
    let clock = ContinuousClock()
    for image in missing {
      let picture = planar(image)
      let began = clock.now
      let code = try encoder(picture)
      let seconds = began.duration(to: clock.now) / .seconds(1)
      guard code.allSatisfy(\.isFinite) else {
        throw Failure(.badData, at: images[image].name, "the encoder's code is not finite")
      }
      try found(image, EvaluatedCode(code: code, seconds: seconds))
      try advance(1)
    }
  }

  private func refine(
    _ missing: [Int], _ options: InversionOptions, _ found: (Int, EvaluatedCode) throws -> Void
  ) throws {
    let inverter = try Inverter(model, options: options, batch: min(batch, missing.count), kernels: kernels)
    var queue = missing[...]
    var seconds = [Double](repeating: 0, count: missing.count)
    var failure: (any Error)?
    try inverter.invert(
      next: {
        guard failure == nil, let image = queue.popFirst() else { return nil }
        return InversionInput(planar(image))
      },
      didStep: { number, report in
        seconds[number] = report.state.seconds
        do { try advance(Self.unitsPerStep) } catch { failure = failure ?? error }
        return failure == nil
      },
      didFinish: { number, outcome in
        do {
          let result = try locating(images[missing[number]].name) { try outcome.get() }
          if result.wasStopped { return }
          try found(missing[number], EvaluatedCode(code: result.code, seconds: seconds[number]))
        } catch {
          failure = failure ?? error
        }
      })
    if let failure { throw failure }
  }

  // MARK: Measurements

  /// Everything, in order. The result lacks what only the command knows: time, skipped images.
  package func measure() throws -> (results: EvaluationResults, curves: [(InversionMethod, SemanticAnalysis)]) {
    countUnits()
    var results = EvaluationResults(
      version: Program.version, model: model.path, model_identity: modelIdentity,
      conventional_model: conventional?.path, judge: judge?.path,
      images: images.count,
      plan: plan, compute: kernels.computeName(model), tier: kernels.table.tier.rawValue, threads: kernels.threadCount,
      seconds: 0)
    for method in plan.methods { results.reconstruction.append(try reconstruction(method)) }
    stage = "attributes"
    var curves: [(InversionMethod, SemanticAnalysis)] = []
    let hasAttributes = (judge ?? model).readsAttributes && !boundaries.isEmpty
    let scale = hasAttributes ? try evaluator.attributeScale(plan.analysisCount) : nil
    if let scale {
      for method in plan.methods {
        let codes = try codes(options(method), count: plan.analysisCount, title: method.title)
        let analysis = try evaluator.semanticAnalysis(codes, boundaries: boundaries, scale: scale)
        results.analysis.append(.init(method, analysis))
        curves.append((method, analysis))
      }
    }
    let steps = try editSteps()
    for method in plan.editedMethods {
      if let scale { results.edits.append(try edits(method, steps, scale)) }
      if plan.interpolationCount >= 2 { results.interpolation.append(try interpolation(method)) }
    }
    for lambda in ablationLambdas { results.ablation.append(try ablation(lambda, steps, scale)) }
    if plan.sampleCount > 1 {
      stage = "samples"
      results.samples = try journal.part(partKey("samples", nil, images.count, ["\(plan.sampleCount)"])) {
        try evaluator.samples(count: plan.sampleCount, imageCount: images.count, kernels: kernels)
      }
    }
    results.compareWithPaper()
    return (results, curves)
  }

  private func reconstruction(_ method: InversionMethod) throws -> EvaluationResults.Method {
    let codes = try codes(options(method), count: plan.inversionCount, title: method.title)
    stage = "reconstruction, \(method.title)"
    let count = plan.reconstructionCount
    let evaluation = try journal.part(partKey("reconstruction", options(method), count)) {
      try evaluator.reconstruction(Array(codes.prefix(count)))
    }
    return .init(method, iterations: options(method).iterations, evaluation)
  }

  /// The codes of a method that are edited and joined.
  private func editedCodes(_ method: InversionMethod) throws -> [EvaluatedCode] {
    try codes(options(method), count: max(plan.editCount, plan.interpolationCount), title: method.title)
  }

  private func edits(
    _ method: InversionMethod, _ steps: [Double], _ scale: AttributeScale
  ) throws -> EvaluationResults.Edits {
    let codes = try editedCodes(method)
    stage = "edits, \(method.title)"
    let edits = try edits(options(method), Array(codes.prefix(plan.editCount)), steps, scale)
    return .init(
      method: method, flipped_share: edits.flippedShare, named_change_deviations: edits.namedChange,
      others_change_deviations: edits.othersChange, edits: edits)
  }

  private func interpolation(_ method: InversionMethod) throws -> EvaluationResults.Interpolation {
    let codes = try editedCodes(method)
    stage = "interpolation, \(method.title)"
    let count = plan.interpolationCount
    let line = try journal.part(
      partKey("interpolation", options(method), count), isWhole: \InterpolationEvaluation.isWhole
    ) {
      try evaluator.interpolation(Array(codes.prefix(count)))
    }
    return .init(method: method, interpolation: line)
  }

  /// α of one step along each boundary, by the spread of the first edited method's codes.
  package func editSteps() throws -> [Double] {
    guard let method = plan.editedMethods.first, !boundaries.isEmpty else { return [] }
    let codes = try codes(options(method), count: plan.inversionCount, title: method.title)
    return Evaluator.editSteps(boundaries, codes: codes.map(\.code))
  }

  private func edits(
    _ options: InversionOptions, _ codes: [EvaluatedCode], _ steps: [Double], _ scale: AttributeScale
  ) throws -> EditEvaluation {
    let what = boundaries.map { "\($0.attribute) \($0.boundary.normal)" }
    let measure = ["\(steps)", "\(scale.thresholds)", "\(scale.deviations)"]
    return try journal.part(partKey("edits", options, codes.count, what + measure)) {
      try evaluator.edits(codes, boundaries: boundaries, stepAlphas: steps, scale: scale)
    }
  }

  private func ablation(_ lambda: Float, _ steps: [Double], _ scale: AttributeScale?) throws
    -> EvaluationResults.Ablation
  {
    let options = options(lambda: lambda)
    let title = "λ \(Figure.label(Double(lambda)))"
    let count = plan.ablationCount
    let codes = try codes(options, count: count, title: title)
    stage = "ablation, \(title)"
    let reconstruction = try journal.part(partKey("reconstruction", options, count)) {
      try evaluator.reconstruction(codes)
    }
    var row = EvaluationResults.Ablation(
      lambda_domain: lambda, mse_pm1: reconstruction.mean(\.mse_pm1), psnr_db: reconstruction.mean(\.psnr_db),
      lpips_style: reconstruction.mean(\.lpips_style),
      in_domain_mean_square: reconstruction.mean(\.in_domain_mean_square))
    (row.lpips, row.identity) = (reconstruction.mean(\.lpips), reconstruction.mean(\.identity))
    if let scale {
      let edits = try edits(options, codes, steps, scale)
      row.flipped_share = edits.flippedShare
      row.named_change_deviations = edits.namedChange
      row.others_change_deviations = edits.othersChange
      row.edited_frechet_distance = edits.frechet_distance
      row.mean_average_precision =
        try evaluator.semanticAnalysis(codes, boundaries: boundaries, scale: scale).meanAveragePrecision
    }
    return row
  }
}
