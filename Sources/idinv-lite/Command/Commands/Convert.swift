import ArgumentParser
import Checkpoint
import Files
import Glibc
import Imaging
import Quant
import Workflows

/// `idinv-lite convert`
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Convert trained checkpoints into one model file.",
    discussion: """
      Example: idinv-lite convert generator.pth encoder.pth vgg16.pth -o ffhq.idinv

      Says what each file is, and converts what it holds: PyTorch's .pth and .pt (also unpacked folders and archives of \
      one), .safetensors, and NVIDIA's .pkl, none of whose code is run. Resolution, layers, channels, dimensions and \
      normalization are inferred from names and shapes; what was found, inferred and ignored is printed. docs/MODELS.md \
      lists the programs whose files are read.
      """)

  @Argument(help: ArgumentHelp("Checkpoints, in any order; what each holds is recognized.", valueName: "checkpoint"))
  var files: [String] = []

  @Option(help: ArgumentHelp("StyleGAN generator.", valueName: "checkpoint")) var generator: String?
  @Option(help: ArgumentHelp("Domain-guided encoder.", valueName: "checkpoint")) var encoder: String?
  @Option(help: ArgumentHelp("VGG-style feature network.", valueName: "checkpoint")) var perceptual: String?
  @Option(
    help: ArgumentHelp(
      "Head on the feature network that reads attributes off an image; needs --perceptual.", valueName: "checkpoint"))
  var attributes: String?
  @Option(
    help: ArgumentHelp(
      "Network that reads attributes off an image by itself, to judge the others; usually a file of its own.",
      valueName: "checkpoint"))
  var judge: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Face detector: pnet.pt, rnet.pt and onet.pt of facenet-pytorch, or the folder with them.",
      valueName: "checkpoints"))
  var detector: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "LPIPS, for evaluations: its linear layers (alex.pth or vgg.pth of the Python package lpips) and torchvision's "
        + "AlexNet or VGG16.", valueName: "checkpoints"))
  var lpips: [String] = []

  @Option(
    help: ArgumentHelp(
      "Network that tells persons apart, for evaluations: model_ir_se50.pth of ArcFace.", valueName: "checkpoint"))
  var identity: String?

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The model file to write.", valueName: "model.idinv"))
  var output: String

  @Option(help: "How weights are stored: f32, f16 or int8.")
  var weights = WeightsPrecision.f16

  @OptionGroup(title: "What a checkpoint does not record") var folding: FoldingOptions

  @Option(parsing: .unconditional, help: ArgumentHelp("Interval of pixel values.", valueName: "min,max"))
  var pixelRange = "-1,1"

  @Option(
    name: [.customLong("license"), .customLong("licence")],
    help: ArgumentHelp("License of the weights; stored in the file.", valueName: "text"))
  var licence = ""

  @Option(help: ArgumentHelp("Where the weights come from; stored in the file.", valueName: "text"))
  var note = ""

  @Flag(help: "Ignore tensors that the published networks do not have instead of refusing the checkpoint.")
  var ignoreUnknown = false

  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    if attributes != nil, perceptual == nil, files.isEmpty {
      throw ValidationError("--attributes needs --perceptual, the network whose feature it reads")
    }
    guard !files.isEmpty || !given.checkpoints.isEmpty else {
      throw ValidationError(
        "give checkpoints, or at least one of --generator, --encoder, --perceptual, --judge, --detector, --lpips and "
          + "--identity")
    }
    _ = try pixelInterval()
  }

  /// What the options name.
  private var given: Conversion {
    Conversion(
      [
        .generator: generator, .encoder: encoder, .perceptual: perceptual, .attributes: attributes, .judge: judge,
        .identity: identity,
      ], detector: detector, lpips: lpips)
  }

  func run() throws {
    try reporting {
      var options = folding.conversionOptions(weights: weights)
      (options.pixelMinimum, options.pixelMaximum) = try pixelInterval()
      options.licence = licence
      options.note = note
      options.ignoresUnknownTensors = ignoreUnknown
      try OutputPlaces(inputs: files + given.paths).check(output)
      Signals.install()
      AtomicFile.removeLeftovers(beside: output)
      let context = reporting.context()
      var given = given
      given.options = options
      let assignment = try given.assigning(files)
      var report = try context.follow("convert") { try assignment.run(to: output, while: $0) }
      try context.checkCancellation()
      try report.addUsualInDomainScore(kernels: try EngineSettings(compute: .f32).kernels())
      for warning in report.warnings {
        StandardStreams.printError("idinv-lite: warning: \(printable(warning.text))\(remedyText(warning.remedy))")
      }
      let found = assignment.recognitions.map { "found: \($0.path) is \($0.description)\n" }
      try reporting.summarise(found.joined() + report.text) { report }
    }
  }

  private func pixelInterval() throws -> (Float, Float) {
    let ends = pixelRange.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) }
    guard ends.count == 2, let low = ends[0], let high = ends[1], low.isFinite, high.isFinite, low < high else {
      throw ValidationError("--pixel-range: expected two numbers as in -1,1, found '\(pixelRange)'")
    }
    return (low, high)
  }
}
