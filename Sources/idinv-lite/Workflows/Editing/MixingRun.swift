import Imaging
import Inversion
import Reports

/// Contents with some layers of styles' codes, each style on each content.
package struct MixingRun {
  package let mixing: StyleMixing
  /// The styles, and after them the contents.
  package let items: [CodeSource.Item]
  package let styleCount: Int
  /// Places of style and content in `items`.
  private let pairs: [(style: Int, content: Int)]
  private let names: [String]

  package init(mixing: StyleMixing, items: [CodeSource.Item], styleCount: Int) {
    self.mixing = mixing
    self.items = items
    self.styleCount = styleCount
    let pairs = (0..<styleCount).flatMap { style in
      (styleCount..<items.count).map { (style: style, content: $0) }
    }
    self.pairs = pairs
    names = ImageList.uniqueNames(pairs.map { "\(items[$0.style].name)_on_\(items[$0.content].name).png" })
  }

  /// Names of all files that it writes.
  package var outputs: [String] {
    var result = EditingRun.names(of: items)
    result += names.map { "\($0).png" }
    result += ["mixed_codes.npy", "mixing.html", "summary.json"]
    return result
  }

  /// - Parameter options: as the page lists them.
  package func callAsFunction(
    in run: EditingRun, inversion: PlannedInversion, options: [(name: String, value: String)]
  ) throws -> EditingOutcome {
    let detail = ReportDetail(
      imageCount: items.count, resolution: run.resolution,
      snapshotCount: (pairs.count + items.count - 1) / items.count)
    let edited = try run.codes(of: items, inversion: inversion, detail: detail)
    var mixtures: [MixingReport.Mixture] = []
    var codes: [Float] = []
    let whole = pairs.enumerated().filter { edited[$0.element.style] != nil && edited[$0.element.content] != nil }
    for (done, (index, pair)) in whole.enumerated() where !run.context.isCancelled {
      let mixed = mixing(style: edited[pair.style]!.code, content: edited[pair.content]!.code)
      let picture = try run.picture(of: mixed, named: names[index])
      try run.output.writePNG(picture.image, "\(names[index]).png")
      codes += mixed
      mixtures.append(
        MixingReport.Mixture(
          style: pair.style, content: pair.content, file: "\(names[index]).png",
          image: try ReportImage(picture.image, maximumSide: max(32, detail.snapshotSide)),
          inDomain: picture.score.map { Double($0.meanSquare) }))
      run.context.update(ProgressState(name: names[index], step: done + 1, stepCount: whole.count))
    }
    try write(codes, mixtureCount: mixtures.count, edited, run)
    let report = MixingReport(
      run: try run.facts(options: options), layers: mixing.layers, codes: edited, styleCount: styleCount,
      mixtures: mixtures)
    return try run.finish(
      details(edited, mixtures), page: report.page(), named: "mixing.html",
      line: "\(counted(mixtures.count, "mixture"))")
  }

  /// Writes the codes of whole rows: those of an interrupted one would not be a matrix.
  private func write(_ codes: [Float], mixtureCount: Int, _ edited: [EditedCode?], _ run: EditingRun) throws {
    let rowCount = edited[..<styleCount].count { $0 != nil }
    let columnCount = edited[styleCount...].count { $0 != nil }
    let whollyDone = columnCount > 0 ? mixtureCount / columnCount : 0
    guard whollyDone > 0 else { return }
    try run.write(
      Array(codes.prefix(whollyDone * columnCount * run.shape.count)),
      shape: [min(rowCount, whollyDone), columnCount], to: "mixed_codes.npy")
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

  private func details(
    _ codes: [EditedCode?], _ mixtures: [MixingReport.Mixture]
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
}
