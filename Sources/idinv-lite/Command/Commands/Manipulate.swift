import ArgumentParser
import Files
import Files
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

      Writes NAME_step01.png and so on, with --animate a film of each image, manipulated_codes.npy [N, steps, L, D], manipulation.html and summary.json. \
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

  @OptionGroup var directions: DirectionOptions
  @OptionGroup var distance: DistanceOptions

  @Flag(help: "Also make a film of each image, there and back: NAME_film.png and .gif.")
  var animate = false

  @Option(parsing: .unconditional, help: ArgumentHelp("Frames per second of the films.", valueName: "n"))
  var frameRate = 8

  @OptionGroup(title: "Inversion of images") var inversion: ImageInversionOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    guard (1...100).contains(frameRate) else {
      throw ValidationError("--frame-rate: expected 1 to 100, found \(frameRate)")
    }
    guard [codes != nil, from != nil, !images.isEmpty].count(where: { $0 }) == 1 else {
      throw ValidationError("give either images, --codes or --from")
    }
  }

  private var sources: [CodeSource] { CodeSource.given(images, codes: codes, from: from) }

  func run() throws {
    try reporting {
      Signals.install()
      let model = try model.load()
      let (boundaries, conditions) = try directions.load(model)
      let items = try sources.items(for: model, tell: StandardStreams.tell)
      try inversion.check(items, model)
      let distances = try distance.distances(along: boundaries[0])
      let manipulation = ManipulationRun(
        boundaries: boundaries, conditions: conditions, distances: distances, items: items,
        framesPerSecond: animate ? frameRate : nil)
      try output.folder.prepare()
      try output.folder.claim(by: "manipulate", manipulation.outputs, inputs: inputs(model, items))
      try DistanceScale.announce(distances, along: boundaries[0], reporting)
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
    paths += directions.inputs
    return paths
  }

  private func optionList(_ items: [CodeSource.Item], _ distances: [Double]) -> [(name: String, value: String)] {
    var list = directions.list + distance.list(distances)
    if let codes { list.append(("--codes", codes)) }
    if let from { list.append(("--from", from)) }
    return items.contains(where: \.isImage) ? list + inversion.list : list
  }
}
