import ArgumentParser
import Files
import Glibc
import Imaging
import Inversion
import Quant
import Runtime
import Workflows

extension CodeSpace: ExpressibleByArgument {}

/// `idinv-lite invert`
struct Invert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find the codes of images: encode them, then refine the codes by domain-regularized optimization.",
    discussion: """
      Examples:
        idinv-lite invert photo.png -o results
        idinv-lite invert photos/ -o results --budget 5s --resume

      Writes NAME_ori.png, NAME_enc.png, NAME_inv.png (the image of the saved code), encoded_codes.npy and \
      inverted_codes.npy (float32, [N, L, D], row i for line i of image_list.txt), losses.jsonl, summary.json and \
      inversion.html.

      An image that cannot be read is skipped; the exit code is then 65, or 0 with --skip-bad. Ctrl-C saves the best codes so far. After \
      Ctrl-C, a kill or a power cut, --resume does the rest, with the same results as an uninterrupted run.
      """)

  @OptionGroup var images: ImageOptions
  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption

  @OptionGroup(title: "Optimization") var refinement: OptimiserOptions

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Weight of the perceptual term; 0 leaves it out.", valueName: "weight"))
  var lambdaPerceptual: Float = 5e-5

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Layers of the perceptual network that are compared, numbered from 0, such as 4,9,14,22 of a VGG16. Default: its "
        + "last.", valueName: "list"))
  var perceptualLayers: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Weight of the domain term; 0 leaves it out.", valueName: "weight"))
  var lambdaDomain: Float = 2

  @Option(
    help: ArgumentHelp(
      "Where to start: encoder, mean (the mean code) or a .npy file with one code.", valueName: "start"))
  var start = "encoder"

  @Option(
    help: ArgumentHelp(
      "Another model file whose encoder makes the start codes, to compare encoders.", valueName: "model.idinv"))
  var encoder: String?

  @Option(help: "Space of the code: w+ (one w per style layer) or w (the same for all).")
  var space = CodeSpace.wPlus

  @Option(parsing: .unconditional, help: ArgumentHelp("Number of intermediate images in the report.", valueName: "n"))
  var snapshots = 5
  /// A report's size grows with them.

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Save the state of the optimization every N steps, for --resume; 0 for never.", valueName: "n"))
  var checkpointEvery = 0

  @Flag(help: "Continue an interrupted or killed run with the same options and output folder.")
  var resume = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Images refined side by side, which is faster; 0 for as many as gain speed and fit the memory budget, or half of "
        + "the free memory. "
        + "Results do not depend on it.", valueName: "n"))
  var batch = 0

  @Option(
    help: ArgumentHelp(
      "Process only part I of N of the images, into a separate folder, on this or another machine; "
        + "'idinv-lite merge' joins the folders. auto: the part of this task of a Slurm array; auto/N also of a "
        + "Kubernetes Indexed Job.", valueName: "i/n"))
  var shard = ShardChoice.whole

  @Flag(help: "An image that cannot be read is no failure: the exit code is 0.")
  var skipBad = false

  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    func require(_ condition: Bool, _ message: String) throws {
      if !condition { throw ValidationError(message) }
    }
    try require(
      lambdaPerceptual >= 0 && lambdaPerceptual.isFinite,
      "--lambda-perceptual: expected 0 or more, found \(lambdaPerceptual)")
    try require(
      lambdaDomain >= 0 && lambdaDomain.isFinite, "--lambda-domain: expected 0 or more, found \(lambdaDomain)")
    try require(
      encoder == nil || start == "encoder", "--encoder makes the start code; expected --start encoder, found \(start)")
    try require(
      RunDescription.snapshotCounts.contains(snapshots),
      "--snapshots: expected 0 to \(RunDescription.snapshotCounts.upperBound), found \(snapshots)")
    _ = try comparedLayers()
    try require((0...1024).contains(batch), "--batch: expected 0 to 1024, found \(batch)")
    try require(checkpointEvery >= 0, "--checkpoint-every: expected 0 or more, found \(checkpointEvery)")
  }

  private func comparedLayers() throws -> [Int]? {
    try perceptualLayers.map {
      Array(Set(try IntegerList($0, option: "--perceptual-layers", limit: 128).values)).sorted()
    }
  }

  func run() throws {
    try reporting(skipsBad: skipBad) {
      let began = ContinuousClock.now
      Signals.install()
      let model = try model.load()
      try requireNetworks(model)
      try refinement.check(model)
      let listed = try images.expand()
      let options = InversionOptions(
        iterations: refinement.iterationCount, optimiser: refinement.kind, learningRate: refinement.rate,
        weights: ObjectiveWeights(
          perceptual: lambdaPerceptual, domain: lambdaDomain, perceptualLayers: try comparedLayers()),
        start: try startOption(model), startEncoder: try encoder.map { try StartEncoder.load($0, for: model) },
        space: space, goals: refinement.goals, snapshotCount: snapshots)
      let kernels = try engine.kernels()
      try output.folder.prepare()
      try output.folder.claim(
        by: "invert",
        listed.flatMap { ["\($0.name)_ori.png", "\($0.name)_enc.png", "\($0.name)_inv.png"] }
          + ResultFolder.inversionFiles,
        inputs: [model.path, startFile, encoder ?? ""] + images.images + listed.map(\.path))
      let part = try shard.shard { getenv($0).map { String(cString: $0) } }
      let description = try RunDescription(model, options, optionList, kernels: kernels, list: listed, shard: part)
      if resume, try isFinished(description) { return }
      let lines = Array(description.shard.lines(of: listed.count))
      let choice = try chooseMemory(model, options, imageCount: lines.count, kernels)
      try choice.announce(reporting)
      let run = try InversionRun(
        InversionRun.Request(
          memory: choice, options: options, output: output.folder, resumes: resume,
          checkpointInterval: checkpointEvery),
        description, images: listed, kernels: kernels, began: began, context: reporting.context())
      let loader = images.loader.within(choice)
      try run.invert { try loader.load($0, resolution: description.resolution) }
      try reporting.finish(try run.finish(), output.folder, skipsBad: skipBad)
    }
  }

  /// How the run keeps to its memory: images side by side, and the rest.
  private func chooseMemory(
    _ model: Model, _ options: InversionOptions, imageCount: Int, _ kernels: Kernels
  ) throws -> MemoryChoice {
    let extra = try options.startEncoder.map { try StartEncoder.byteCount(of: $0, kernels: kernels) } ?? 0
    return try memory.limit.choose(
      model, batches: batch == 0 ? BatchSize.candidates(imageCount: imageCount) : [min(batch, max(1, imageCount))],
      extra: extra, kernels: kernels, workload: options.workload())
  }

  /// Whether the folder already holds all results of this very run; says so.
  private func isFinished(_ description: RunDescription) throws -> Bool {
    let summary = output.folder.path("summary.json")
    guard !Folder.exists(output.folder.path(InversionJournal.name)),
      let finished = InversionSummary.finishedRun(summary), finished.run == description.digest
    else { return false }
    if reporting.json {
      try StandardStreams.printFile(summary)
    } else if !reporting.quiet {
      try StandardStreams.printOutput("\(output.folder.root): is complete; without --resume all is done anew\n")
    }
    if finished.skippedCount > 0, !skipBad { throw ExitCode(Status.badData.rawValue) }
    return true
  }

  /// The code to start from, if that is one.
  private var startFile: String { ["encoder", "mean"].contains(start) ? "" : start }

  private func startOption(_ model: Model) throws -> InversionOptions.Start {
    switch start {
    case "encoder":
      if encoder == nil { _ = try model.encoder() }
      return .encoder
    case "mean": return .mean
    default: return .code(try Codes.readOne(start, for: model))
    }
  }

  /// A term needs its network; that it is missing is an error and not a silent change of the objective.
  private func requireNetworks(_ model: Model) throws {
    _ = try model.generator()
    try ObjectiveWeights(perceptual: lambdaPerceptual, domain: lambdaDomain).requireNetworks(of: model)
  }

  private var optionList: [RunDescription.Option] {
    var list = refinement.list
    list += [
      ("--lambda-perceptual", "\(lambdaPerceptual)"), ("--lambda-domain", "\(lambdaDomain)"), ("--start", start),
      ("--crop", images.crop.rawValue),
    ]
    // Only where they are in force.
    if let perceptualLayers { list.append(("--perceptual-layers", perceptualLayers)) }
    if space != .wPlus { list.append(("--space", space.rawValue)) }
    return list.map { RunDescription.Option(name: $0.name, value: $0.value) }
  }
}
