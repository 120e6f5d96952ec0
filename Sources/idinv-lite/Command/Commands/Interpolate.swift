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
      interpolation.html and summary.json. With --animate, also path or A_to_B_film as .png (animated) and .gif. Also \
      NAME_ori.png, NAME_inv.png, inverted_codes.npy and image_list.txt, so that the folder can be edited again.
      """)

  @OptionGroup var ends: InterpolationEnds
  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption

  @Option(parsing: .unconditional, help: ArgumentHelp("Number of codes between the ends of each line.", valueName: "n"))
  var steps = 5

  @Flag(help: "Return to the first code at the end.")
  var loop = false

  @Flag(help: "Also write animated PNG and GIF files.")
  var animate = false

  @Option(parsing: .unconditional, help: ArgumentHelp("Pictures per second of the animations.", valueName: "n"))
  var frameRate = 10

  @OptionGroup(title: "Inversion of images") var inversion: ImageInversionOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    if loop && !ends.isPath { throw ValidationError("--loop acts on a path, not on --from-a and --from-b") }
    guard (1...1000).contains(frameRate) else {
      throw ValidationError("--frame-rate: expected 1 to 1000, found \(frameRate)")
    }
    guard (0...1000).contains(steps) else { throw ValidationError("--steps: expected 0 to 1000, found \(steps)") }
  }

  func run() throws {
    try reporting {
      Signals.install()
      let model = try model.load()
      var (items, lines) = try ends.items(for: model, isLoop: loop)
      items.makeNamesUnique()
      try inversion.check(items, model)
      let interpolation = InterpolationRun(
        items: items, lines: lines, isPath: ends.isPath, isLoop: loop, steps: steps,
        framesPerSecond: animate ? frameRate : nil)
      try output.folder.prepare()
      try output.folder.claim(
        by: "interpolate", interpolation.outputs, inputs: [model.path] + ends.inputs + items.inputs)
      let planned = inversion.planned(items)
      let run = try EditingRun(
        model: model, output: output, engine: engine, memory: memory, reporting: self.reporting, inversion: planned)
      try self.reporting.finish(interpolation(in: run, inversion: planned, options: optionList(items)))
    }
  }

  private func optionList(_ items: [CodeSource.Item]) -> [(name: String, value: String)] {
    var list = [("--steps", "\(steps)")].map { (name: $0.0, value: $0.1) }
    if loop { list.append(("--loop", "yes")) }
    list += ends.list
    return items.contains(where: \.isImage) ? list + inversion.list : list
  }
}
