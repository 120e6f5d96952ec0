import ArgumentParser
import Inversion
import Workflows

/// What is interpolated between: a path through codes, or each of some with each of others.
struct InterpolationEnds: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Pictures, folders or .list files: a path through them; result folders and codes.npy are taken as they are.",
      valueName: "images"))
  var images: [String] = []

  @Option(help: ArgumentHelp("A path through codes [N, L, D] or [N, D].", valueName: "codes.npy"))
  var codes: String?

  @Option(help: ArgumentHelp("A path through the codes of a result folder.", valueName: "dir"))
  var from: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Where lines begin: a result folder, codes.npy, or images.", valueName: "a"))
  var fromA: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Where lines end: a result folder, codes.npy, or images.", valueName: "b"))
  var fromB: [String] = []

  mutating func validate() throws {
    guard fromA.isEmpty == fromB.isEmpty else { throw ValidationError("give both --from-a and --from-b, or neither") }
    guard [codes != nil, from != nil, !images.isEmpty, !fromA.isEmpty].count(where: { $0 }) == 1 else {
      throw ValidationError("give either images, --codes, --from, or --from-a and --from-b")
    }
  }

  var isPath: Bool { fromA.isEmpty }

  /// What a path leads through.
  private var path: [CodeSource] { CodeSource.given(images, codes: codes, from: from) }

  /// Files that are read, apart from the items' pictures.
  var inputs: [String] { isPath ? path.inputs : CodeSource.several(fromA + fromB).inputs }

  /// The things to join, and the lines between them as pairs of indices.
  func items(
    for model: Model, isLoop: Bool
  ) throws -> (items: [CodeSource.Item], lines: [(from: Int, to: Int)]) {
    if !isPath {
      let a = try CodeSource.several(fromA).items(for: model, tell: StandardStreams.tell)
      let b = try CodeSource.several(fromB).items(for: model, tell: StandardStreams.tell)
      return (a + b, a.indices.flatMap { from in b.indices.map { (from, a.count + $0) } })
    }
    let items = try path.items(for: model, tell: StandardStreams.tell)
    guard items.count > 1 else {
      throw Failure(.badData, at: codes ?? from ?? images[0], "holds one image; expected two or more to walk between")
    }
    return (items, Interpolation.path(through: items.count, isLoop: isLoop))
  }

  var list: [(name: String, value: String)] {
    [("--codes", codes), ("--from", from)].compactMap { name, value in value.map { (name, $0) } }
      + fromA.map { ("--from-a", $0) } + fromB.map { ("--from-b", $0) }
  }
}
