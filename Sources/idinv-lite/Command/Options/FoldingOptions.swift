import ArgumentParser
import Checkpoint
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
