import ArgumentParser
import Checkpoint
import Files
import Foundation
import Imaging
import Quant
import Workflows

extension WeightsPrecision: ExpressibleByArgument {}
extension PerceptualInput: ExpressibleByArgument {}
extension StyleHeadsKind: ExpressibleByArgument {}

/// What a checkpoint cannot state; shared by `convert` and `verify`.
struct FoldingOptions: ParsableArguments {
  @Flag(
    inversion: .prefixedNo,
    help: "Whether the generator's image passes through tanh. Default: as the program that wrote the checkpoint has it."
  )
  var finalTanh: Bool?

  @Option(
    help: ArgumentHelp(
      "Where a file has several copies of a network, the one whose name contains this. Default: the running average.",
      valueName: "name"))
  var which: String?

  @Flag(help: "The encoder was built with use_wscale.")
  var encoderWscale = false

  @Option(
    help: "Which encoder of pSp's family it is, where the file does not say: psp, e4e, restyle-psp or restyle-e4e.")
  var encoderType: StyleHeadsKind?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Truncation factor ψ. Default: the checkpoint's buffer, else 0.7.", valueName: "psi"))
  var truncationPsi: Float?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Number of truncated layers. Default: the checkpoint's buffer, else 8.", valueName: "n"))
  var truncationLayers: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Layers of the perceptual network to keep. Default: to the ReLU of conv4_3 in a VGG16, all in others.",
      valueName: "n"))
  var perceptualLayers: Int?

  @Option(
    help: ArgumentHelp(
      "Input of the perceptual network: caffe (BGR minus a mean, as published) or torchvision. Default: what the weights "
        + "tell, else caffe."))
  var perceptualInput: PerceptualInput?

  mutating func validate() throws {
    if let psi = truncationPsi, !psi.isFinite { throw ValidationError("--truncation-psi: expected a number") }
    if let count = truncationLayers, count < 0 {
      throw ValidationError("--truncation-layers: expected 0 or more, found \(count)")
    }
    if let count = perceptualLayers, count < 1 {
      throw ValidationError("--perceptual-layers: expected 1 or more, found \(count)")
    }
  }

  func conversionOptions(weights: WeightsPrecision) -> ConversionOptions {
    var options = ConversionOptions()
    options.precision = weights
    options.finalTanh = finalTanh
    options.which = which
    options.encoderWScale = encoderWscale
    options.encoderKind = encoderType
    options.truncationPsi = truncationPsi
    options.truncationLayers = truncationLayers
    options.perceptualLayers = perceptualLayers
    options.perceptualInput = perceptualInput
    options.creator = "idinv-lite \(Program.version)"
    return options
  }
}

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
      "LPIPS: its linear layers (alex.pth or vgg.pth of the Python package lpips) and torchvision's AlexNet or VGG16.",
      valueName: "checkpoints"))
  var lpips: [String] = []

  @Option(
    help: ArgumentHelp(
      "Network that tells persons, for evaluations: model_ir_se50.pth of ArcFace.", valueName: "checkpoint"))
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
    guard !checkpoints.isEmpty else {
      throw ValidationError(
        "give checkpoints, or at least one of --generator, --encoder, --perceptual, --judge, --detector, --lpips and "
          + "--identity")
    }
    _ = try pixelInterval()
  }

  private var checkpoints: [String] {
    files + [generator, encoder, perceptual, attributes, judge, identity].compactMap { $0 } + detectorFiles + lpips
  }

  /// The detector's three files: as given, or those of the folder.
  private var detectorFiles: [String] {
    guard detector.count == 1, let folder = detector.first else { return detector }
    guard (try? Folder.kind(of: folder)) == .folder else { return detector }
    return ["pnet.pt", "rnet.pt", "onet.pt"].map { PathText.path($0, in: folder) }
  }

  func run() throws {
    try reporting {
      var options = folding.conversionOptions(weights: weights)
      (options.pixelMinimum, options.pixelMaximum) = try pixelInterval()
      options.licence = licence
      options.note = note
      options.ignoresUnknownTensors = ignoreUnknown
      try OutputPlaces(inputs: checkpoints).check(output)
      Signals.install()
      AtomicFile.removeLeftovers(beside: output)
      let context = reporting.context()
      let given = Conversion(
        generator: generator, encoder: encoder, perceptual: perceptual, attributes: attributes, judge: judge,
        detector: detectorFiles, lpips: lpips, identity: identity, options: options)
      let assignment = try given.assigning(files)
      let conversion = assignment.conversion
      let report = try naming { () throws(CheckpointError) in
        try conversion.run(to: output) { share in
          context.update(ProgressState(name: "convert", step: Int(share * 100), stepCount: 100))
          guard Signals.cancellation.isCancelled else { return }
          context.pause()
          AtomicFile.removeUnfinished()
          Self.exit(withError: ExitCode(Signals.exitCode))
        }
      }
      context.pause()
      for warning in report.warnings {
        StandardStreams.printError("idinv-lite: warning: \(ImageList.printable(warning))")
      }
      let found = assignment.recognitions.map { "found: \($0.path) is \($0.description)\n" }
      try reporting.summarise(found.joined() + report.text) { report }
    }
  }

  /// Adds the checkpoint's path to errors that do not name it.
  private func naming<Value>(_ body: () throws(CheckpointError) -> Value) throws -> Value {
    do {
      return try body()
    } catch {
      let text = error.description
      guard !(checkpoints + [output]).contains(where: text.contains), let path = culprit(error) else { throw error }
      throw LocatedError(path: path, error: error)
    }
  }

  /// The checkpoint that an error is about: the only one, the one of its kind, the one that cannot be opened, or the one
  /// that has the tensor.
  private func culprit(_ error: CheckpointError) -> String? {
    if checkpoints.count == 1 { return checkpoints[0] }
    switch error {
    case .wrongNetwork(let part, _, _), .missingTensors(let part, _):
      let paths = [
        "generator": generator, "encoder": encoder, "perceptual": perceptual, "attributes": attributes, "judge": judge,
        "identity": identity,
      ]
      return paths[part].flatMap { $0 }
    default: break
    }
    return checkpoints.first { path in
      guard let names = try? CheckpointReader.open(path).names else { return true }
      guard case .tensor(let name, _, _) = error else { return false }
      return names.contains { $0 == name || $0.hasSuffix("." + name) }
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
