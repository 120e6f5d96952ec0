import ArgumentParser
import Checkpoint
import Inversion
import Workflows

extension SVMLoss: ExpressibleByArgument {}

/// How a boundary is learned.
struct LearningOptions: ParsableArguments {
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Layers to learn from and to move, as in 0-3,7.", valueName: "list"),
    transform: IntegerList.short)
  var layers: IntegerList?

  @Flag(help: "Learn each layer separately, with a normal of length 1, like idinvert's published boundaries.")
  var perLayer = false

  @Option(help: ArgumentHelp("A boundary whose attribute should stay unchanged; repeatable.", valueName: "b.npy"))
  var condition: [String] = []

  /// What it was called once.
  @Option(name: .customLong("conditional"), help: .hidden)
  var olderCondition: [String] = []

  var conditions: [String] { condition + olderCondition }

  @Option(parsing: .unconditional, help: ArgumentHelp("Share of the samples taken on each side.", valueName: "share"))
  var ratio = 0.02

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Share of those for training; the others validate.", valueName: "share"))
  var split = 0.7

  @Option(parsing: .unconditional, help: ArgumentHelp("C: the cost of a sample on the wrong side.", valueName: "c"))
  var cost = 1.0

  @Option(help: "hinge (as the published boundaries) or squared-hinge.")
  var loss = SVMLoss.hinge

  mutating func validate() throws {
    guard ratio > 0, ratio <= 0.5 else {
      throw ValidationError("--ratio: expected more than 0, and at most 0.5, found \(ratio)")
    }
    guard split > 0, split < 1 else { throw ValidationError("--split: expected between 0 and 1, found \(split)") }
    guard cost > 0, cost.isFinite else { throw ValidationError("--cost: expected more than 0, found \(cost)") }
  }

  func options(seed: UInt64, shape: CodeShape) throws -> BoundaryTraining.Options {
    var options = BoundaryTraining.Options()
    options.samples.ratio = ratio
    options.samples.trainingShare = split
    options.samples.seed = UInt64(seed)
    options.machine.cost = cost
    options.machine.loss = loss
    options.machine.seed = UInt64(seed)
    options.layers = layers?.values
    options.isPerLayer = perLayer
    options.conditions = try conditions.map { path in
      let file = try locating(path) { try BoundaryFile.read(path) }
      return try locating(path) {
        try SemanticBoundary(
          name: file.name, values: file.array.floats, shape: file.array.shape, layers: file.layers, of: shape)
      }
    }
    return options
  }
}
