import ArgumentParser
import Imaging
import Inversion
import Reports
import Workflows

/// `idinv-lite interpolate`
struct Interpolate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Walk from image to image, on straight lines between their codes.",
    discussion: """
      Example: idinv-lite interpolate photos/*.png --loop --animate -o walk

      Images are inverted first. Without --from-a and --from-b the path leads through the given images, codes or \
      result folder in order. With them, every code of the one is joined to every code of the other. Pictures are of \
      a + t·(b − a).

      Writes A_to_B_01.png and so on, interpolated_codes.npy [lines, steps + 2, L, D] with both ends, \
      interpolation.html and summary.json. With --animate, also path.png or A_to_B_film.png as animated PNG. Also \
      NAME_ori.png, NAME_inv.png, inverted_codes.npy and image_list.txt, so that the folder can be edited again.
      """)

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

  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption

  @Option(parsing: .unconditional, help: ArgumentHelp("Number of codes between the ends of each line.", valueName: "n"))
  var steps = 5

  @Flag(help: "Return to the first code at the end.")
  var loop = false

  @Flag(help: "Also write animated PNGs.")
  var animate = false

  @Option(parsing: .unconditional, help: ArgumentHelp("Pictures per second of the animations.", valueName: "n"))
  var frameRate = 10

  @OptionGroup(title: "Inversion of images") var inversion: ImageInversionOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    guard fromA.isEmpty == fromB.isEmpty else { throw ValidationError("give both --from-a and --from-b, or neither") }
    guard [codes != nil, from != nil, !images.isEmpty, !fromA.isEmpty].count(where: { $0 }) == 1 else {
      throw ValidationError("give either images, --codes, --from, or --from-a and --from-b")
    }
    if loop && !fromA.isEmpty { throw ValidationError("--loop acts on a path, not on --from-a and --from-b") }
    guard (1...1000).contains(frameRate) else {
      throw ValidationError("--frame-rate: expected 1 to 1000, found \(frameRate)")
    }
    guard (0...1000).contains(steps) else { throw ValidationError("--steps: expected 0 to 1000, found \(steps)") }
  }

  private var isPath: Bool { fromA.isEmpty }

  /// What a path leads through.
  private var sources: [CodeSource] { CodeSource.given(images, codes: codes, from: from) }

  /// The things to join, and the lines between them as pairs of indices.
  private func plan(_ model: Model) throws -> (items: [CodeSource.Item], lines: [(from: Int, to: Int)]) {
    if !fromA.isEmpty {
      let a = try CodeSource.several(fromA).items(for: model, tell: StandardStreams.tell)
      let b = try CodeSource.several(fromB).items(for: model, tell: StandardStreams.tell)
      return (a + b, a.indices.flatMap { from in b.indices.map { (from, a.count + $0) } })
    }
    let items = try sources.items(for: model, tell: StandardStreams.tell)
    guard items.count > 1 else {
      throw Failure(.badData, at: codes ?? from ?? images[0], "holds one image; expected two or more to walk between")
    }
    return (items, Interpolation.path(through: items.count, isLoop: loop))
  }

  func run() throws {
    try reporting {
      Signals.install()
      let model = try model.load()
      var (items, lines) = try plan(model)
      items.makeNamesUnique()
      try inversion.check(items, model)
      let interpolation = InterpolationRun(
        items: items, lines: lines, isPath: isPath, isLoop: loop, steps: steps,
        framesPerSecond: animate ? frameRate : nil)
      try output.folder.prepare()
      try output.folder.claim(by: "interpolate", interpolation.outputs, inputs: inputs(model, items))
      let planned = inversion.planned(items)
      let run = try EditingRun(
        model: model, output: output, engine: engine, memory: memory, reporting: self.reporting, inversion: planned)
      try self.reporting.finish(interpolation(in: run, inversion: planned, options: optionList(items)))
    }
  }

  /// Every file that is read.
  private func inputs(_ model: Model, _ items: [CodeSource.Item]) -> [String] {
    var paths = [model.path]
    paths += isPath ? sources.inputs : CodeSource.several(fromA + fromB).inputs
    paths += items.inputs
    return paths
  }

  private func optionList(_ items: [CodeSource.Item]) -> [(name: String, value: String)] {
    var list = [("--steps", "\(steps)")].map { (name: $0.0, value: $0.1) }
    if loop { list.append(("--loop", "yes")) }
    if let codes { list.append(("--codes", codes)) }
    if let from { list.append(("--from", from)) }
    list += fromA.map { ("--from-a", $0) }
    list += fromB.map { ("--from-b", $0) }
    return items.contains(where: \.isImage) ? list + inversion.list : list
  }
}
