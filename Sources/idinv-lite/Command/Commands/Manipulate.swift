import Files
import ArgumentParser
import Files
import Foundation
import Imaging
import Inversion
import Reports
import Workflows

/// `idinv-lite manipulate`
struct Manipulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Change attributes of images: move their codes along semantic boundaries.",
    discussion: """
      Examples:
        idinv-lite manipulate photo.png --boundary smile.npy -o smiling
        idinv-lite manipulate --from results -b smile.npy -b age.npy:-0.5 -o edited

      Images are inverted first. Each picture is G(z + α·n) with the unit normal n of the boundary. Several \
      boundaries move together, each by its own factor. --condition leaves another attribute unchanged: n₁ − \
      (n₁ᵀn₂)n₂. Boundaries are .npy files: [1, D], [1, L, D], or the dictionaries of idinvert_pytorch with their \
      layers.

      α is a distance along the unit normal, as published. With sd it counts standard deviations of the codes' \
      distances from the first boundary: --alpha 2sd. NAME.json beside the boundary has them \
      (distance_standard_deviation, from 'boundary train'). By default α goes from -3sd to 3sd, or from -3 to 3 if \
      they are not known.

      Writes NAME_step01.png and so on, manipulated_codes.npy [N, steps, L, D], manipulation.html and summary.json. \
      Also NAME_ori.png, NAME_inv.png, inverted_codes.npy and image_list.txt, so that the folder can be edited again.
      """)

  @Argument(
    help: ArgumentHelp(
      "Pictures, folders or .list files to invert and edit; result folders and codes.npy are taken as they are.",
      valueName: "images"))
  var images: [String] = []

  @Option(help: ArgumentHelp("Codes to edit: [N, L, D] or [N, D].", valueName: "codes.npy"))
  var codes: String?

  @Option(
    help: ArgumentHelp("A result folder of invert or of idinvert_pytorch, whose codes are used.", valueName: "dir"))
  var from: String?

  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "A semantic boundary, and a factor for its α; repeatable.", valueName: "b.npy[:factor]"))
  var boundary: [BoundaryReference]

  @Option(
    name: [.long, .customLong("conditional")],
    help: ArgumentHelp("A boundary whose attribute should stay unchanged; repeatable.", valueName: "b.npy"))
  var condition: [String] = []

  @Option(
    help: ArgumentHelp("Layers to move, as in 0-3,7, instead of the boundaries' own.", valueName: "list"))
  var layers: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The first α. (default: -3sd where they are known, else -3)", valueName: "alpha"))
  var startDistance: Distance?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The last α. (default: 3sd where they are known, else 3)", valueName: "alpha"))
  var endDistance: Distance?

  @Option(
    name: .customLong("steps"), parsing: .unconditional,
    help: ArgumentHelp("Number of α, evenly spaced. (default: 7)", valueName: "n"))
  var stepCount: Int?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("These α instead, as in -2,0,1.5 or -2sd,2sd.", valueName: "list"))
  var alpha: String?

  @OptionGroup(title: "Inversion of images") var inversion: ImageInversionOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  private static let stepLimit = 1000

  mutating func validate() throws {
    guard [codes != nil, from != nil, !images.isEmpty].count(where: { $0 }) == 1 else {
      throw ValidationError("give either images, --codes or --from")
    }
    guard !boundary.isEmpty else { throw ValidationError("--boundary: expected at least one") }
    guard (1...Self.stepLimit).contains(steps) else {
      throw ValidationError("--steps: expected 1 to \(Self.stepLimit), found \(steps)")
    }
    if let alpha {
      if try Distance.list(alpha, option: "--alpha").count > Self.stepLimit {
        throw ValidationError("--alpha: at most \(Self.stepLimit) values")
      }
      for (option, isGiven) in [
        ("--start-distance", startDistance != nil), ("--end-distance", endDistance != nil),
        ("--steps", stepCount != nil),
      ] where isGiven {
        throw ValidationError("--alpha lists every α; drop it or \(option)")
      }
    }
    if let layers { _ = try IntegerList(layers, option: "--layers", limit: 1000) }
  }

  private var steps: Int { stepCount ?? 7 }

  /// α along the unit normal; by default three standard deviations of codes' distances from the first boundary, where its
  /// file says them.
  private func distances(along boundary: LoadedBoundary) throws -> [Double] {
    if let alpha { return try Distance.list(alpha, option: "--alpha").map { try $0.alpha(along: boundary) } }
    let reach = Distance(3, isInDeviations: boundary.distanceDeviation != nil)
    let back = Distance(-3, isInDeviations: boundary.distanceDeviation != nil)
    return Manipulation.distances(
      from: try (startDistance ?? back).alpha(along: boundary),
      through: try (endDistance ?? reach).alpha(along: boundary),
      count: steps)
  }

  /// Says what α means, and warns where it leads where no codes are.
  private func announce(_ distances: [Double], along boundary: LoadedBoundary) throws {
    guard let scale = DistanceScale(boundary) else { return }
    let name = PathText.lastComponent(of: boundary.path)
    if !reporting.quiet, !reporting.json {
      try StandardStreams.printOutput(scale.summary(distances, name: name) + "\n")
    }
    let moves = distances.map { $0 * boundary.factor }
    if let warning = scale.warning(moves, name: name) { StandardStreams.printError("idinv-lite: \(warning)") }
  }

  private var sources: [CodeSource] { CodeSource.given(images, codes: codes, from: from) }

  func run() throws {
    try reporting {
      Signals.install()
      let model = try model.load()
      let layers = try layers.map { try IntegerList($0, option: "--layers", limit: 1000).values }
      let conditions = try condition.map { try LoadedBoundary.read($0, layers: nil, of: model) }
      let boundaries = try LoadedBoundary.read(boundary, layers: layers, conditions: conditions, of: model)
      let items = try sources.items(for: model, tell: StandardStreams.tell)
      try inversion.check(items, model)
      let distances = try distances(along: boundaries[0])
      let manipulation = ManipulationRun(
        boundaries: boundaries, conditions: conditions, distances: distances, items: items)
      try output.folder.prepare()
      try output.folder.claim(by: "manipulate", manipulation.outputs, inputs: inputs(model, items))
      try announce(distances, along: boundaries[0])
      let planned = inversion.planned(items)
      let run = try EditingRun(
        model: model, output: output, engine: engine, memory: memory, reporting: self.reporting, inversion: planned)
      try self.reporting.finish(
        manipulation(in: run, inversion: planned, options: optionList(items, distances)))
    }
  }

  /// Every file that is read.
  private func inputs(_ model: Model, _ items: [CodeSource.Item]) -> [String] {
    var paths = [model.path]
    paths += sources.inputs
    paths += items.inputs
    paths += boundary.map(\.path)
    paths += condition
    return paths
  }

  private func optionList(_ items: [CodeSource.Item], _ distances: [Double]) -> [(name: String, value: String)] {
    var list: [(name: String, value: String)] = boundary.map { ("--boundary", "\($0.path):\($0.factor)") }
    list += condition.map { ("--condition", $0) }
    if let layers { list.append(("--layers", layers)) }
    if let alpha {
      list.append(("--alpha", alpha))
    } else {
      list += [
        ("--start-distance", "\(distances[0])"), ("--end-distance", "\(distances[distances.count - 1])"),
        ("--steps", "\(steps)"),
      ]
    }
    if let codes { list.append(("--codes", codes)) }
    if let from { list.append(("--from", from)) }
    return items.contains(where: \.isImage) ? list + inversion.list : list
  }
}
