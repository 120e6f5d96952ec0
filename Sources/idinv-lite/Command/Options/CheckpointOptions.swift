import ArgumentParser
import Checkpoint

/// The checkpoints of a conversion: by themselves, or as what they are.
struct CheckpointOptions: ParsableArguments {
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

  mutating func validate() throws {
    if attributes != nil, perceptual == nil, files.isEmpty {
      throw ValidationError("--attributes needs --perceptual, the network whose feature it reads")
    }
    guard !files.isEmpty || !named.checkpoints.isEmpty else {
      throw ValidationError(
        "give checkpoints, or at least one of --generator, --encoder, --perceptual, --judge, --detector, --lpips and "
          + "--identity")
    }
  }

  /// What the options name.
  var named: Conversion {
    Conversion(
      [
        .generator: generator, .encoder: encoder, .perceptual: perceptual, .attributes: attributes, .judge: judge,
        .identity: identity,
      ], detector: detector, lpips: lpips)
  }

  /// Files that are read.
  var inputs: [String] { files + named.paths }
}
