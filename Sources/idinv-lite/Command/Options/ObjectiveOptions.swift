import ArgumentParser
import Inversion

/// What an inversion minimizes.
struct ObjectiveOptions: ParsableArguments {
  @OptionGroup var perceptual: PerceptualWeightOption

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Layers of the perceptual network that are compared, numbered from 0, such as 4,9,14,22 of a VGG16. Default: its "
        + "last.", valueName: "list"), transform: { try IntegerList($0, limit: 128) })
  var perceptualLayers: IntegerList?

  @OptionGroup var domain: DomainWeightOption

  var weights: ObjectiveWeights {
    ObjectiveWeights(
      perceptual: perceptual.lambdaPerceptual, domain: domain.lambdaDomain,
      perceptualLayers: perceptualLayers.map { Array(Set($0.values)).sorted() })
  }

  var list: [(name: String, value: String)] {
    [
      ("--lambda-perceptual", "\(perceptual.lambdaPerceptual)"), ("--lambda-domain", "\(domain.lambdaDomain)"),
    ]
  }

  /// Only where they are in force.
  var layersList: [(name: String, value: String)] {
    perceptualLayers.map { [("--perceptual-layers", $0.text)] } ?? []
  }
}
