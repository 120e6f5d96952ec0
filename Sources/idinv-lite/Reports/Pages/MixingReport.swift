/// What `mixing.html` tells: styles given to contents.
package struct MixingReport {
  /// A content with a style's late layers.
  package struct Mixture {
    /// Numbers in `codes`.
    package var style: Int
    package var content: Int
    package var file: String
    package var image: ReportImage
    /// Mean square of z − E(G(z)); nil without an encoder.
    package var inDomain: Double?

    package init(style: Int, content: Int, file: String, image: ReportImage, inDomain: Double? = nil) {
      self.style = style
      self.content = content
      self.file = file
      self.image = image
      self.inDomain = inDomain
    }
  }

  package var run: InversionReport.Run
  /// The layers that come from the style.
  package var layers: [Int]
  /// Styles, then contents; nil for those that were skipped.
  package var codes: [EditedCode?]
  package var styleCount: Int
  package var mixtures: [Mixture]

  package init(run: InversionReport.Run, layers: [Int], codes: [EditedCode?], styleCount: Int, mixtures: [Mixture]) {
    self.run = run
    self.layers = layers
    self.codes = codes
    self.styleCount = styleCount
    self.mixtures = mixtures
  }

  /// A comparison for each mixture, up to this number.
  private static let wipeCount = 24

  package func page() -> HTMLPage {
    var page = run.page(
      title: "Style mixing: \(styleCount) × \(codes.count - styleCount)",
      lead: "Contents with layers \(rangeText(layers)) of the styles' codes, and the generator's pictures of them.")
    guard !mixtures.isEmpty else { return page }
    page.addSection("Mixtures", matrix())
    page.addSection("Content and mixture", wipes())
    page.addSection("Figures", figures())
    page.addSection("How to read the figures", explanations)
    return page
  }

  private func matrix() -> HTML {
    func head(_ index: Int, _ code: EditedCode) -> HTML {
      "\(code.inverted.element(id: "c\(index)-inverted", alt: code.name))<small>\(code.name)</small>"
    }
    let contents = codes.indices[styleCount...].filter { codes[$0] != nil }
    let styles = codes.indices[..<styleCount].filter { codes[$0] != nil }
    let rows = styles.map { style -> PictureMatrix.Row in
      PictureMatrix.Row(
        head: head(style, codes[style]!),
        cells: contents.map { content in
          guard let index = mixtures.firstIndex(where: { $0.style == style && $0.content == content }) else {
            return ""
          }
          return mixtures[index].image.element(id: "m\(index)", alt: mixtures[index].file)
        })
    }
    return PictureMatrix(
      corner: "Style ╲ content", columns: contents.map { head($0, codes[$0]!) }, rows: rows,
      caption: "Every style on every content"
    ).html()
  }

  private func wipes() -> HTML {
    let shown = mixtures.prefix(Self.wipeCount).enumerated().map { index, mixture -> HTML in
      let content = codes[mixture.content]!
      return Wipe(
        before: content.inverted, after: mixture.image, beforeID: "c\(mixture.content)-inverted", afterID: "m\(index)",
        beforeTitle: content.name, afterTitle: "with \(codes[mixture.style]!.name)"
      ).html()
    }
    let rest: HTML =
      mixtures.count > Self.wipeCount
      ? "<p class=\"quiet\">The first \(Self.wipeCount) of \(mixtures.count).</p>\n" : ""
    return "<div class=\"row wipes\">\(shown)</div>\n\(rest)"
  }

  private func figures() -> HTML {
    let table = ReportTable(
      columns: [
        ReportTable.Column("Style", isNumeric: false), ReportTable.Column("Content", isNumeric: false),
        ReportTable.Column("In-domain", unit: "mean square", hint: "Of the mixed code"),
        ReportTable.Column("Content's own", unit: "mean square", hint: "In-domain score of the content's code"),
        ReportTable.Column("File", isNumeric: false),
      ],
      rows: mixtures.map { mixture in
        let own = codes[mixture.content]!.score.map { Double($0.meanSquare) }
        return [
          ReportTable.Cell(codes[mixture.style]!.name), ReportTable.Cell(codes[mixture.content]!.name),
          ReportTable.Cell(HTML(text: Figure.significant(mixture.inDomain)), key: mixture.inDomain),
          ReportTable.Cell(HTML(text: Figure.significant(own)), key: own), ReportTable.Cell(mixture.file),
        ]
      }, caption: "Figures of all mixtures")
    return table.html()
  }

  private var explanations: HTML {
    """
    <p>Early layers of a code decide on pose and shape, late ones on colors and textures. A mixture has layers \
    \(rangeText(layers)) of the style and all others of the content. The <b>in-domain score</b> is the mean square of \
    z − E(G(z)) for the mixed code.</p>
    <p>Method: Karras, Laine, Aila, <i>A Style-Based Generator Architecture for Generative Adversarial Networks</i>, CVPR \
    2019; Zhu, Shen, Zhao, Zhou, <i>In-Domain GAN Inversion for Real Image Editing</i>, ECCV 2020.</p>

    """
  }
}
