import ArgumentParser
import Checkpoint
import Foundation
import Imaging
import Inversion
import Quant
import Reports
import Runtime
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

  private struct Row {
    var name: String
    var path: String?
    var values: [Float]
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
      // Not announced: the table is all that is printed.
      let networks: [NetworkKind] = (images.isEmpty ? [.generator] : []) + (judge == nil ? [.attributes] : [])
      let choice = try memory.limit.choose(loaded, networks: networks, kernels: kernels)
      let model = choice.model
      let network = try NetworkRunner(.attributes, of: judge ?? model, batch: 1, kernels: kernels)
      var rows: [Row] = []
      var skipped: [SkippedImage] = []
      func read(_ image: [Float], name: String, path: String?) throws {
        let values = try network(image)
        guard values.allSatisfy(\.isFinite) else {
          throw Failure(.badData, at: path ?? name, "its attributes are not finite; expected numbers")
        }
        rows.append(Row(name: name, path: path, values: chosen.columns.map { values[$0] }))
      }
      let context = reporting.context()
      if images.isEmpty {
        let source = CodeSource.given([], codes: codes, from: from)
        try checkOutput([model.path] + source.inputs)
        let items = try source.items(for: model, tell: StandardStreams.tell)
        let generator = try NetworkRunner(.generator, of: model, batch: 1, kernels: kernels)
        for (index, item) in items.enumerated() where !Signals.cancellation.isCancelled {
          if case .code(let code, _) = item.content { try read(generator(code), name: item.name, path: nil) }
          context.update(ProgressState(name: item.name, step: index + 1, stepCount: items.count))
        }
      } else {
        let listed = try listImages(images, tell: StandardStreams.tell)
        try checkOutput([model.path] + images + listed.map(\.path))
        let loader = ImageLoader(crop: crop).within(choice)
        let resolution = try (judge ?? model).attributeReader().resolution
        let range = model.file.specification.pixelRange
        for (index, entry) in listed.enumerated() where !Signals.cancellation.isCancelled {
          do {
            let image = try loader.load(entry, resolution: resolution)
            try read(image.picture.planar(range), name: image.name, path: entry.path)
          } catch {
            skipped.append(try context.skip(entry, error))
          }
          context.update(ProgressState(name: entry.name, step: index + 1, stepCount: listed.count))
        }
      }
      context.pause()
      try finish(rows, skipped, names: chosen.names, choice)
      if Signals.cancellation.isCancelled { throw Cancelled() }
      if !skipped.isEmpty { throw ExitCode(Status.badData.rawValue) }
    }
  }

  private func checkOutput(_ inputs: [String]) throws {
    if let output { try OutputPlaces(inputs: inputs).check(output) }
  }

  private func finish(_ rows: [Row], _ skipped: [SkippedImage], names: [String], _ choice: MemoryChoice) throws {
    guard !rows.isEmpty else { return }
    try choice.model.file.verifyUnchanged()
    if let output {
      try NumpyArray(shape: [rows.count, names.count], floats: rows.flatMap(\.values)).write(to: output)
    }
    if reporting.json {
      let listed = rows.map { row in
        Listing.Row(
          name: row.name, path: row.path, values: Dictionary(uniqueKeysWithValues: zip(names, row.values)))
      }
      try JSONOutput.print(
        Listing(attributes: names, images: listed, skipped: skipped, memory: choice.figures))
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
