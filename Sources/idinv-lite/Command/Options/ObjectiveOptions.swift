import ArgumentParser
import Inversion

/// What an inversion minimizes.
struct ObjectiveOptions: ParsableArguments {
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Weight of the perceptual term; 0 leaves it out.", valueName: "weight"))
  var lambdaPerceptual: Float = 5e-5

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Layers of the perceptual network that are compared, numbered from 0, such as 4,9,14,22 of a VGG16. Default: its "
        + "last.", valueName: "list"), transform: { try IntegerList($0, limit: 128) })
  var perceptualLayers: IntegerList?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Weight of the domain term; 0 leaves it out.", valueName: "weight"))
  var lambdaDomain: Float = 2

  mutating func validate() throws {
    for (option, weight) in [("--lambda-perceptual", lambdaPerceptual), ("--lambda-domain", lambdaDomain)] {
      guard weight >= 0, weight.isFinite else {
        throw ValidationError("\(option): expected 0 or more, found \(weight)")
      }
    }
  }

  var weights: ObjectiveWeights {
    ObjectiveWeights(
      perceptual: lambdaPerceptual, domain: lambdaDomain,
      perceptualLayers: perceptualLayers.map { Array(Set($0.values)).sorted() })
  }

  var list: [(name: String, value: String)] {
    [("--lambda-perceptual", "\(lambdaPerceptual)"), ("--lambda-domain", "\(lambdaDomain)")]
  }

  /// Only where they are in force.
  var layersList: [(name: String, value: String)] {
    perceptualLayers.map { [("--perceptual-layers", $0.text)] } ?? []
  }
}
