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

  @Option(help: ArgumentHelp("Layers that come from the style, as in 4-6,8.", valueName: "list"))
  var layers: String?

  @OptionGroup(title: "Inversion of images") var inversion: ImageInversionOptions
  @OptionGroup(title: "Speed and memory") var memory: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions
  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    if let layers { _ = try IntegerList(layers, option: "--layers", limit: 1000) }
  }

  private struct Details: Encodable {
    struct Mixture: Encodable {
      var style: String
      var content: String
      var picture: String
      var in_domain_mean_square: Float?
    }
    var layers: [Int]
    var styles: [EditedCodeSummary]
    var contents: [EditedCodeSummary]
    var mixtures: [Mixture]
  }

  func run() throws {
    try reporting {
      Signals.install()
      let model = try model.load()
      let layers = try layers.map { try IntegerList($0, option: "--layers", limit: 1000).values }
      let mixing = try StyleMixing(try model.codeShape(), layers: layers)
      let styleItems = try CodeSource.several(styles).items(for: model, tell: StandardStreams.tell)
      let contentItems = try CodeSource.several(contents).items(for: model, tell: StandardStreams.tell)
      var items = styleItems + contentItems
      items.makeNamesUnique()
      try inversion.check(items, model)
      let pairs = styleItems.indices.flatMap { style in
        contentItems.indices.map { (style: style, content: styleItems.count + $0) }
      }
      let names = ImageList.uniqueNames(
        pairs.map { "\(items[$0.style].name)_on_\(items[$0.content].name).png" })
      try output.folder.prepare()
      var outputs = EditingRun.names(of: items)
      outputs += names.map { "\($0).png" }
      outputs += ["mixed_codes.npy", "mixing.html", "summary.json"]
      var inputs = [model.path]
      inputs += CodeSource.several(styles + contents).inputs
      inputs += items.inputs
      try output.folder.claim(by: "mix", outputs, inputs: inputs)

      let planned = inversion.planned(items)
      let run = try EditingRun(
        model: model, output: output, engine: engine, memory: memory, reporting: self.reporting,
        inversion: planned)
      let detail = ReportDetail(
        imageCount: items.count, resolution: run.resolution,
        snapshotCount: (pairs.count + items.count - 1) / items.count)
      let edited = try run.codes(of: items, inversion: planned, detail: detail)
      var mixtures: [MixingReport.Mixture] = []
      var codes: [Float] = []
      let whole = pairs.enumerated().filter { edited[$0.element.style] != nil && edited[$0.element.content] != nil }
      for (done, (index, pair)) in whole.enumerated() where !Signals.cancellation.isCancelled {
        let mixed = mixing(style: edited[pair.style]!.code, content: edited[pair.content]!.code)
        let picture = try run.picture(of: mixed, named: names[index])
        try output.folder.writePNG(picture.image, "\(names[index]).png")
        codes += mixed
        mixtures.append(
          MixingReport.Mixture(
            style: pair.style, content: pair.content, file: "\(names[index]).png",
            image: try ReportImage(picture.image, maximumSide: max(32, detail.snapshotSide)),
            inDomain: picture.score.map { Double($0.meanSquare) }))
        run.context.update(ProgressState(name: names[index], step: done + 1, stepCount: whole.count))
      }
      let rowCount = styleItems.indices.count { edited[$0] != nil }
      let columnCount = contentItems.indices.count { edited[styleItems.count + $0] != nil }
      // An interrupted matrix has whole rows only.
      let whollyDone = columnCount > 0 ? mixtures.count / columnCount : 0
      if whollyDone > 0 {
        try run.write(
          Array(codes.prefix(whollyDone * columnCount * run.shape.count)),
          shape: [min(rowCount, whollyDone), columnCount], to: "mixed_codes.npy")
      }
      let report = MixingReport(
        run: try run.facts(options: optionList(items)), layers: mixing.layers, codes: edited,
        styleCount: styleItems.count, mixtures: mixtures)
      try run.finish(
        details(mixing, edited, styleCount: styleItems.count, mixtures), page: report.page(), named: "mixing.html",
        line: "\(mixtures.count) mixture\(mixtures.count == 1 ? "" : "s")", self.reporting)
    }
  }

  private func details(
    _ mixing: StyleMixing, _ codes: [EditedCode?], styleCount: Int, _ mixtures: [MixingReport.Mixture]
  ) -> Details {
    Details(
      layers: mixing.layers, styles: codes[..<styleCount].compactMap { $0.map { EditedCodeSummary($0) } },
      contents: codes[styleCount...].compactMap { $0.map { EditedCodeSummary($0) } },
      mixtures: mixtures.map {
        Details.Mixture(
          style: codes[$0.style]!.name, content: codes[$0.content]!.name, picture: $0.file,
          in_domain_mean_square: $0.inDomain.map { Float($0) })
      })
  }

  private func optionList(_ items: [CodeSource.Item]) -> [(name: String, value: String)] {
    var list: [(name: String, value: String)] = []
    list += styles.map { ("--styles", $0) }
    list += contents.map { ("--contents", $0) }
    if let layers { list.append(("--layers", layers)) }
    return items.contains(where: \.isImage) ? list + inversion.list : list
  }
}
