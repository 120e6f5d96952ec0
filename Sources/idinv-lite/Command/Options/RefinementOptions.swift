import ArgumentParser
import Imaging
import Inversion
import Reports
import Workflows

/// How a code is refined: the options that `invert` has too, with its defaults.
struct RefinementOptions: ParsableArguments {
  @OptionGroup var optimizer: OptimizerOptions

  @OptionGroup private var perceptual: PerceptualWeightOption

  @OptionGroup private var sideBySide: BatchOption

  @Option(help: "What to do with a picture that is not square: none refuses it, center takes the middle.")
  var crop = CropRule.none

  var batch: Int { sideBySide.batch }

  var lambdaPerceptual: Float { perceptual.lambdaPerceptual }

  /// - Parameter domain: λ_dom; 0 in a diffusion, whose result is to leave the pasted picture's code.
  func options(domain: Float) -> InversionOptions {
    InversionOptions(
      iterations: optimizer.iterationCount, optimizer: optimizer.kind, learningRate: optimizer.rate,
      weights: ObjectiveWeights(perceptual: lambdaPerceptual, domain: domain), goals: optimizer.goals, snapshotCount: 0)
  }

  var loader: ImageLoader { ImageLoader(crop: crop) }

  var list: [(name: String, value: String)] {
    optimizer.list + [("--lambda-perceptual", "\(lambdaPerceptual)"), ("--crop", crop.rawValue)]
  }
}

/// How pictures are inverted before their codes are edited.
struct ImageInversionOptions: ParsableArguments {
  @OptionGroup var refinement: RefinementOptions

  @OptionGroup private var domain: DomainWeightOption

  var lambdaDomain: Float { domain.lambdaDomain }

  /// Refuses options that nothing would come of: those of the inversion where there is nothing to invert.
  func check(_ items: [CodeSource.Item], _ model: Model) throws {
    if items.contains(where: \.isImage) { return try refinement.optimizer.check(model) }
    let others = [
      ("--lambda-perceptual", refinement.lambdaPerceptual != 5e-5), ("--batch", refinement.batch != 0),
      ("--crop", refinement.crop != .none), ("--lambda-domain", lambdaDomain != 2),
    ]
    let given = refinement.optimizer.given + others.filter(\.1).map(\.0)
    if let option = given.first {
      throw Failure(.usage, at: option, "acts on the inversion of images; expected images, or codes without it")
    }
  }

  var list: [(name: String, value: String)] { refinement.list + [("--lambda-domain", "\(lambdaDomain)")] }

  /// The inversion of photographs' faces, one at a time unless a batch is asked for.
  func planned(photoCount: Int) -> PlannedInversion {
    PlannedInversion(
      refinement.options(domain: lambdaDomain), loader: ImageLoader(),
      batch: refinement.batch == 0 ? 1 : refinement.batch, imageCount: photoCount)
  }

  /// The inversion of the pictures among `items`.
  func planned(_ items: [CodeSource.Item]) -> PlannedInversion {
    PlannedInversion(
      refinement.options(domain: lambdaDomain), loader: refinement.loader, batch: refinement.batch,
      imageCount: items.count { $0.isImage })
  }
}

extension EditingRun {
  /// Chooses how the run keeps to its memory, and says so.
  convenience init(
    model: Model, output: OutputOption, engine: EngineOptions, memory: MemoryOption, reporting: ReportingOptions,
    inversion: PlannedInversion
  ) throws {
    let kernels = try engine.kernels()
    let choice = try memory.limit.choose(
      model, ways: inversion.ways(kernels), kernels: kernels, workload: inversion.workload)
    try choice.announce(reporting)
    try self.init(choice, output: output.folder, kernels: kernels, context: reporting.context())
  }
}
