import ArgumentParser
import Checkpoint
import FoundationEssentials
import Glibc
import Imaging
import Inversion
import Reports
import Workflows

/// `idinv-lite attributes`
struct Attributes: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read the attributes of images or codes: age, smile, glasses and so on.",
    discussion: """
      Example: idinv-lite attributes photos/ --attribute smile,age

      Runs a judge, or the model's attribute network, on images, or on the images of codes. Prints a tab-separated table: one line \
      per image, one column per attribute, in the units that the network was trained for. An image that cannot be \
      read is skipped; the exit code is then 65.
      """)

  @Argument(
    help: ArgumentHelp(
      "Pictures (PNG, JPEG, WebP), folders of them, or .list files with one path per line.", valueName: "images"))
  var images: [String] = []

  @Option(help: ArgumentHelp("Codes [N, L, D] instead of images.", valueName: "codes.npy"))
  var codes: String?

  @Option(
    help: ArgumentHelp("A result folder of invert or of idinvert_pytorch, whose codes are used.", valueName: "dir"))
  var from: String?

  @Option(help: ArgumentHelp("Attributes to print, separated by commas. Default: all.", valueName: "names"))
  var attribute: String?

  @Option(help: "What to do with an image that is not square: none refuses it, center takes the middle.")
  var crop = CropRule.none

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Also write the values [N, A] to this file.", valueName: "a.npy"))
  var output: String?

  @OptionGroup var model: ModelOption
  @OptionGroup var judge: JudgeOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup var reporting: ReportingOptions

  private struct Listing: Encodable {
    struct Row: Encodable {
      var name: String
      var path: String?
      var values: [String: Float]
    }
    var attributes: [String]
    var images: [Row]
    var skipped: [SkippedImage]
    var memory: MemoryUse?
  }

  mutating func validate() throws {
    guard [codes != nil, from != nil, !images.isEmpty].count(where: { $0 }) == 1 else {
      throw ValidationError("give either images, --codes or --from")
    }
  }

  func run() throws {
    try reporting {
      Signals.install()
      let loaded = try model.load()
      let judge = try judge.load(for: loaded)
      let chosen = try AttributeColumns(attribute, of: judge ?? loaded)
      let kernels = try engine.kernels()
      let run = AttributeReadingRun(chosen, judge: judge)
      let source = try source(for: loaded)
      // Not announced: the table is all that is printed.
      let choice = try memory.limit.choose(loaded, networks: run.networks(for: source), kernels: kernels)
      let outcome = try run(source, choice, kernels: kernels, reporting.context())
      if !outcome.rows.isEmpty { try finish(outcome, names: chosen.names, choice) }
      if Signals.cancellation.isCancelled { throw Cancelled() }
      if !outcome.skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
    }
  }

  private func source(for model: Model) throws -> AttributeReadingRun.Source {
    guard images.isEmpty else {
      let listed = try listImages(images, tell: StandardStreams.tell)
      try checkOutput([model.path] + images + listed.map(\.path))
      return .pictures(listed, ImageLoader(crop: crop))
    }
    let source = CodeSource.given([], codes: codes, from: from)
    try checkOutput([model.path] + source.inputs)
    return .codes(try source.items(for: model, tell: StandardStreams.tell))
  }

  private func checkOutput(_ inputs: [String]) throws {
    if let output { try OutputPlaces(inputs: inputs).check(output) }
  }

  private func finish(_ outcome: AttributeReadingRun.Outcome, names: [String], _ choice: MemoryChoice) throws {
    let rows = outcome.rows
    if let output {
      try NumpyArray(shape: [rows.count, names.count], floats: rows.flatMap(\.values)).write(to: output)
    }
    if reporting.json {
      let listed = rows.map { row in
        Listing.Row(
          name: row.name, path: row.path, values: Dictionary(uniqueKeysWithValues: zip(names, row.values)))
      }
      try JSONOutput.print(
        Listing(attributes: names, images: listed, skipped: outcome.skipped, memory: choice.figures))
    } else if !reporting.quiet {
      var lines = [(["image"] + names).joined(separator: "\t")]
      for row in rows {
        let name = String((row.path ?? row.name).map { $0.isNewline || $0 == "\t" ? "?" : $0 })
        lines.append(([name] + row.values.map { printed("%.4g", $0) }).joined(separator: "\t"))
      }
      try StandardStreams.printOutput(lines.joined(separator: "\n") + "\n")
    }
  }
}
