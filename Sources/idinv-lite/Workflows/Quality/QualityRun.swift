import Files
import FoundationEssentials
import Glibc
import Imaging
import Inversion
import Quant
import Reports
import Runtime

/// One run of `bench quality`: measures all configurations in turns, judges what they found, and keeps it in a journal.
package final class QualityRun {
  /// What is measured, and on what.
  package struct Plan {
    /// How the judge keeps to its memory.
    package var memory: MemoryChoice
    package var configurations: [QualityConfiguration]
    package var images: [LoadedImage]
    /// A value of `--crop`.
    package var crop: CropRule
    /// How often each configuration inverts each image.
    package var rounds: Int
    /// Images, from the first, whose codes are edited.
    package var editCount: Int
    package var boundaries: [AttributeBoundary]
    /// Who reads the attributes of edits; nil for the model itself.
    package var judge: Model?
    /// What compares pictures.
    package var metrics = LearnedMetricsSource()
    /// CPUs that each process may choose from.
    package var cpus: [Int]
    /// With what this program is started to measure one configuration, which it reads from its standard input.
    package var measuringArguments: [String]

    package init(
      memory: MemoryChoice, configurations: [QualityConfiguration], images: [LoadedImage], crop: CropRule,
      rounds: Int, editCount: Int, boundaries: [AttributeBoundary], judge: Model?, cpus: [Int],
      measuringArguments: [String]
    ) {
      self.memory = memory
      self.configurations = configurations
      self.images = images
      self.crop = crop
      self.rounds = rounds
      self.editCount = editCount
      self.boundaries = boundaries
      self.judge = judge
      self.cpus = cpus
      self.measuringArguments = measuringArguments
    }

    package var model: Model { memory.model }
    /// Pictures that the judge looks at side by side, the favorite first.
    package static let batches = [Appraiser.mostBatch, 2, 1]

    /// Builds the judge's graphs.
    package static func workload(_ model: Model, _ kernels: Kernels, _ batch: Int) throws(InversionError) -> [AnyObject]
    {
      let appraiser = Appraiser(model, batch: batch, kernels: kernels)
      try appraiser.prepare()
      return [appraiser, try QualityJudge(model, images: [], kernels: kernels)]
    }
  }

  /// One inversion's figures of time and memory.
  package struct Timing: Codable {
    package var seconds: Double
    package var cpuSeconds: Double
    /// From the start of the process until it was ready for its first image.
    package var startSeconds: Double
    package var peakBytes: Int
    package var steps: Int
  }

  /// One inversion's result; the same in all rounds and for any number of threads.
  package struct Found: Codable {
    package var code: PackedFloats
    /// A PNG file.
    package var picture: Data
  }

  package let plan: Plan
  package let machine: MachineFacts
  package let modelIdentity: String
  /// Why a configuration could not be measured to its end.
  package private(set) var failures: [QualityConfiguration: String] = [:]
  package private(set) var notes: [String] = []
  private let output: OutputFolder
  private let journal: EvaluationJournal
  private let kernels: Kernels
  private let context: RunContext
  private let digests: [String]
  private let programSHA: String
  private var storedModels: [WeightsPrecision: String] = [:]

  private var unitsDone = 0
  private var unitsInAll = 0
  private var stage = ""

  package static let journalName = "quality.journal"
  private static let taskName = ".quality-task.json"

  /// - Parameter kernels: of the judge.
  package init(_ plan: Plan, kernels: Kernels, output: OutputFolder, context: RunContext) throws {
    self.plan = plan
    self.kernels = kernels
    self.output = output
    self.context = context
    machine = MachineFacts(kernels)
    journal = try EvaluationJournal(folder: output, name: Self.journalName, kind: "quality")
    modelIdentity = plan.model.file.identity
    // Another build may be faster, or round otherwise: it is measured anew.
    programSHA = try Program.path.map { try SHA256.hexDigest(ofFile: $0) } ?? "unknown"
    digests = plan.images.map(\.picture.digest)
    removeLeftovers()
  }

  /// Removes what a killed run left in the folder; the journal's lock says that no other is at work there.
  private func removeLeftovers() {
    AtomicFile.removeLeftovers(in: output.root)
    let names = (try? Folder.names(in: output.root)) ?? []
    let models = WeightsPrecision.allCases.map(Self.storedName)
    for name in names {
      if name == Self.taskName || models.contains(name) { Folder.removeFile(output.path(name)) }
    }
  }

  package func sync() throws { try journal.sync() }

  // MARK: Keys

  private func description(_ configuration: QualityConfiguration) -> [String] {
    [
      modelIdentity, programSHA, configuration.method, configuration.weights.rawValue, configuration.compute,
      machine.tier,
    ] + (plan.memory.budgetByteCount.map { ["memory \($0)"] } ?? [])
  }

  private func timingKey(_ configuration: QualityConfiguration, _ image: Int, _ round: Int) -> String {
    let place = ["\(configuration.threads)", "\(round)", machine.processor, digests[image]]
    return EvaluationJournal.key(["timing"] + description(configuration) + place)
  }

  private func foundKey(_ configuration: QualityConfiguration, _ image: Int) -> String {
    EvaluationJournal.key(["found"] + description(configuration) + [digests[image]])
  }

  // MARK: Measuring

  /// Everything that the journal does not have yet.
  package func measure() throws {
    defer { removeStoredModels() }
    var turns: [(round: Int, configuration: QualityConfiguration, images: [Int])] = []
    for round in 0..<plan.rounds {
      // Back and forth, so that a slow minute of the machine does not always meet the same ones.
      let order = round % 2 == 0 ? plan.configurations : plan.configurations.reversed()
      for configuration in order {
        // What comes first in a process finds cold caches: each round it is another image.
        let images = plan.images.indices.map { ($0 + round) % plan.images.count }
          .filter { !journal.hasPart(timingKey(configuration, $0, round)) }
        if !images.isEmpty { turns.append((round, configuration, images)) }
      }
    }
    unitsInAll = turns.reduce(0) { $0 + $1.images.count * units($1.configuration) } + judgingUnits
    for (round, configuration, images) in turns where failures[configuration] == nil {
      stage = "round \(round + 1)/\(plan.rounds), \(configuration.method)"
      try measure(configuration, images, round)
    }
  }

  /// Work of one inversion, in steps.
  private func units(_ configuration: QualityConfiguration) -> Int { configuration.iterations + 2 }

  private func measure(_ configuration: QualityConfiguration, _ images: [Int], _ round: Int) throws {
    let began = unitsDone
    let task = MeasuringTask(
      model: try modelPath(configuration.weights), configuration: configuration, crop: plan.crop,
      images: images.map { MeasuringTask.Image(number: $0, path: plan.images[$0].path) }, cpus: plan.cpus,
      memoryBudget: plan.memory.budgetByteCount)
    let process = try MeasuringProcess(
      task, path: output.path(Self.taskName), arguments: plan.measuringArguments,
      context: context)
    var startSeconds = 0.0
    var doneCount = 0
    let end = try process.run { event, seconds in
      switch event {
      case .ready: startSeconds = seconds
      case .step: break
      case .refused(let reason):
        failures[configuration] = reason
        return false
      case .failed(let image, let reason):
        failures[configuration] = "\(plan.images[image].name): \(reason)"
        return false
      case .done(let image, let inversion):
        try keep(inversion, configuration, image, round, startSeconds: startSeconds)
        doneCount += 1
        unitsDone = began + doneCount * units(configuration)
      }
      show()
      return !context.isCancelled
    }
    unitsDone = began + images.count * units(configuration)
    if context.isCancelled { throw Cancelled() }
    if case .failed(let reason) = end { failures[configuration] = reason }
  }

  private func keep(
    _ inversion: MeasuredInversion, _ configuration: QualityConfiguration, _ image: Int, _ round: Int,
    startSeconds: Double
  ) throws {
    let key = foundKey(configuration, image)
    if let found: Found = try journal.storedPart(key) {
      if found.code != inversion.code {
        notes.append("\(configuration.id) found another code of \(plan.images[image].name) in round \(round + 1).")
      }
    } else {
      try journal.append(Found(code: inversion.code, picture: inversion.picture), key: key)
    }
    try journal.append(
      Timing(
        seconds: inversion.seconds, cpuSeconds: inversion.cpuSeconds, startSeconds: startSeconds,
        peakBytes: inversion.peakBytes, steps: inversion.steps),
      key: timingKey(configuration, image, round))
  }

  private func show() {
    context.update(ProgressState(name: stage, step: min(unitsDone, unitsInAll), stepCount: unitsInAll))
  }

  private func advance(_ units: Int) throws {
    unitsDone += units
    show()
    if context.isCancelled { throw Cancelled() }
  }

  // MARK: Weights

  private static func storedName(_ weights: WeightsPrecision) -> String { ".quality-\(weights.rawValue).idinv" }

  /// The model file itself, or a copy with other weights, made when it is first needed.
  private func modelPath(_ weights: WeightsPrecision) throws -> String {
    let file = plan.model.file
    if weights == file.metadata.precision { return plan.model.path }
    if let path = storedModels[weights] { return path }
    let path = output.path(Self.storedName(weights))
    stage = "weights in \(weights.rawValue)"
    show()
    try locating(plan.model.path) { try file.write(to: path, precision: weights) }
    storedModels[weights] = path
    return path
  }

  private func removeStoredModels() {
    for path in storedModels.values { Folder.removeFile(path) }
    storedModels = [:]
  }

  // MARK: Judging

  private var judgingUnits: Int {
    let sweeps = plan.boundaries.count * plan.editCount * (EditEvaluation.stepCount + 1)
    return plan.configurations.count * (plan.images.count + sweeps)
  }

  /// The figures of a configuration, for each image; nil where it could not be measured to its end.
  package struct Measurement {
    /// By image, then by round.
    package var timings: [[Timing]]
    /// By image.
    package var qualities: [InversionQuality]
    package var pictures: [Image8]
    package var edits: EditEvaluation?
  }

  /// What `measure()` has found, judged by the model itself in f32.
  package func judge() throws -> [QualityConfiguration: Measurement] {
    let images = plan.images.map { EvaluationImage(name: $0.name, picture: $0.picture) }
    let metrics = try plan.metrics.metrics(for: plan.model, kernels: kernels)
    let judge = try QualityJudge(plan.model, metrics: metrics, images: images, kernels: kernels)
    let evaluator = Evaluator(
      plan.model, judge: plan.judge, images: images, batch: plan.memory.plan.batch, kernels: kernels
    ) {
      [unowned self] in try advance(1)
    }
    stage = "judging"
    let scale = plan.boundaries.isEmpty || plan.editCount == 0 ? nil : try evaluator.attributeScale(images.count)
    var steps: [Double] = []
    var result: [QualityConfiguration: Measurement] = [:]
    for configuration in plan.configurations where failures[configuration] == nil {
      stage = "judging, \(configuration.method)"
      let found = try images.indices.compactMap { try storedResult(configuration, $0) }
      guard found.count == images.count else { continue }
      let timings = try images.indices.map { image in
        try (0..<plan.rounds).compactMap { round -> Timing? in
          try journal.storedPart(timingKey(configuration, image, round))
        }
      }
      guard timings.allSatisfy({ !$0.isEmpty }) else { continue }
      let pictures = try found.map { try picture(of: $0) }
      let qualities = try images.indices.map { image in
        defer { unitsDone += 1 }
        let key = EvaluationJournal.key(
          ["quality", modelIdentity, programSHA, plan.metrics.identity, foundKey(configuration, image)])
        return try journal.part(key) {
          try advance(0)
          return try judge.quality(ofCode: found[image].code.values, picture: pictures[image], image: image)
        }
      }
      var measurement = Measurement(timings: timings, qualities: qualities, pictures: pictures)
      if let scale {
        let codes = found.map { EvaluatedCode(code: $0.code.values, seconds: 0) }
        // The spread of the first configuration's codes is the measure of all.
        if steps.isEmpty { steps = Evaluator.editSteps(plan.boundaries, codes: codes.map(\.code)) }
        measurement.edits = try edits(Array(codes.prefix(plan.editCount)), steps, scale, evaluator)
      }
      result[configuration] = measurement
    }
    return result
  }

  /// What the journal holds of an image.
  private func storedResult(_ configuration: QualityConfiguration, _ image: Int) throws -> Found? {
    guard let found: Found = try journal.storedPart(foundKey(configuration, image)) else { return nil }
    let (values, count) = (found.code.values, try plan.model.codeShape().count)
    guard values.count == count, values.allSatisfy({ $0.isFinite }) else {
      throw damage("no code of \(plan.images[image].name)", expected: "\(count) finite numbers")
    }
    return found
  }

  private func picture(of found: Found) throws -> Image8 {
    let picture = try PNG.decode([UInt8](found.picture), path: journalPath)
    let side = try plan.model.imageResolution()
    guard picture.width == side, picture.height == side else {
      throw damage("a picture of \(picture.width)×\(picture.height)", expected: "\(side)×\(side)")
    }
    return picture
  }

  private func damage(_ what: String, expected: String) -> Failure {
    Failure(.badData, at: journalPath, "holds \(what); expected \(expected); delete it to begin anew")
  }

  private var journalPath: String { output.path(Self.journalName) }

  private func edits(
    _ codes: [EvaluatedCode], _ steps: [Double], _ scale: AttributeScale, _ evaluator: Evaluator
  ) throws -> EditEvaluation {
    var parts = ["edits", modelIdentity, programSHA]
    parts += codes.map(\.code.hashDigest)
    parts += plan.boundaries.map { "\($0.attribute) \($0.boundary.normal.hashDigest)" }
    parts += digests.prefix(codes.count)
    parts += ["\(steps)", "\(scale.thresholds)", "\(scale.deviations)"]
    return try journal.part(EvaluationJournal.key(parts)) {
      try evaluator.edits(codes, boundaries: plan.boundaries, stepAlphas: steps, scale: scale)
    }
  }
}
