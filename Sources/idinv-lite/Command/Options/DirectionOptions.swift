import ArgumentParser
import Inversion
import Workflows

/// The directions that codes are moved along.
struct DirectionOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "A semantic boundary, and a factor for its α; repeatable.", valueName: "b.npy[:factor]"))
  var boundary: [BoundaryReference]

  @Option(help: ArgumentHelp("A boundary whose attribute should stay unchanged; repeatable.", valueName: "b.npy"))
  var condition: [String] = []

  /// What other commands called it once.
  @Option(name: .customLong("conditional"), help: .hidden)
  var olderCondition: [String] = []

  @Option(
    help: ArgumentHelp("Layers to move, as in 0-3,7, instead of the boundaries' own.", valueName: "list"),
    transform: IntegerList.short)
  var layers: IntegerList?

  mutating func validate() throws {
    condition += olderCondition
    guard !boundary.isEmpty else { throw ValidationError("--boundary: expected at least one") }
  }

  /// Files that are read.
  var inputs: [String] { boundary.map(\.path) + condition }

  func load(_ model: Model) throws -> (boundaries: [LoadedBoundary], conditions: [SemanticBoundary]) {
    try LoadedBoundary.read(boundary, layers: layers?.values, conditionPaths: condition, of: model)
  }

  var list: [(name: String, value: String)] {
    boundary.map { ("--boundary", "\($0.path):\($0.factor)") } + condition.map { ("--condition", $0) }
      + (layers.map { [("--layers", $0.text)] } ?? [])
  }
}
