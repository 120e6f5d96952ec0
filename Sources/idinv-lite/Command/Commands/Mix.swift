import ArgumentParser
import Imaging
import Inversion
import Reports
import Workflows

/// `idinv-lite mix`
struct Mix: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Mix styles: combine the early layers of one code with the late layers of another.",
    discussion: """
      Example: idinv-lite mix --styles paintings/ --contents results -o mixed

      Every style is combined with every content. Styles and contents are result folders, codes or images, which are \
      inverted first. The layers of the style are those from 10 of 14 on, as published; with L layers, from round(5·L \
      / 7) on. --layers chooses others.

      Writes STYLE_on_CONTENT.png, mixed_codes.npy [styles, contents, L, D], mixing.html and summary.json. Also \
      NAME_ori.png, NAME_inv.png, inverted_codes.npy and image_list.txt, so that the folder can be edited again.
      """)

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Colors and textures come from these: a result folder, codes.npy, or images.", valueName: "styles"))
  var styles: [String]

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Shapes come from these: a result folder, codes.npy, or images.", valueName: "contents"))
  var contents: [String]

  @OptionGroup var model: ModelOption
  @OptionGroup var output: OutputOption

  @Option(
    help: ArgumentHelp("Layers that come from the style, as in 4-6,8.", valueName: "list"),
    transform: IntegerList.short)
  var layers: IntegerList?

  @OptionGroup(title: "Inversion of images") var inversion: ImageInversionOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  func run() throws {
    try reporting {
      Signals.install()
      let model = try model.load()
      let mixing = try StyleMixing(try model.codeShape(), layers: layers?.values)
      let styleItems = try CodeSource.several(styles).items(for: model, tell: StandardStreams.tell)
      let contentItems = try CodeSource.several(contents).items(for: model, tell: StandardStreams.tell)
      var items = styleItems + contentItems
      items.makeNamesUnique()
      try inversion.check(items, model)
      let mix = MixingRun(mixing: mixing, items: items, styleCount: styleItems.count)
      try output.folder.prepare()
      var inputs = [model.path]
      inputs += CodeSource.several(styles + contents).inputs
      inputs += items.inputs
      try output.folder.claim(by: "mix", mix.outputs, inputs: inputs)
      let planned = inversion.planned(items)
      let run = try EditingRun(
        model: model, output: output, engine: engine, memory: memory, reporting: self.reporting, inversion: planned)
      try self.reporting.finish(mix(in: run, inversion: planned, options: optionList(items)))
    }
  }

  private func optionList(_ items: [CodeSource.Item]) -> [(name: String, value: String)] {
    var list: [(name: String, value: String)] = []
    list += styles.map { ("--styles", $0) }
    list += contents.map { ("--contents", $0) }
    if let layers { list.append(("--layers", layers.text)) }
    return items.contains(where: \.isImage) ? list + inversion.list : list
  }
}
