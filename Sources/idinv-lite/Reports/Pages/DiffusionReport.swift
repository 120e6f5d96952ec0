import Inversion

/// What `diffusion.html` tells: parts of targets, and the contexts that they were diffused into.
package struct DiffusionReport {
  /// A target in a context.
  package struct Entry {
    package var name: String
    package var targetName: String
    package var contextName: String
    package var targetSource: String
    package var contextSource: String
    package var target: ReportImage
    package var context: ReportImage
    /// The target's part on the context: what is inverted.
    package var pasted: ReportImage
    /// Image of the encoder's code for it.
    package var encoded: ReportImage
    package var diffused: ReportImage
    package var result: InversionResult
    package var seconds: Double
    /// Within the mask, against the target.
    package var maskedPSNRDB: Double
    package var encodedMaskedPSNRDB: Double
    /// Mean square of z − E(G(z)); nil without an encoder.
    package var inDomain: Double?

    package init(
      name: String, targetName: String, contextName: String, targetSource: String, contextSource: String,
      target: ReportImage, context: ReportImage, pasted: ReportImage, encoded: ReportImage, diffused: ReportImage,
      result: InversionResult, seconds: Double, maskedPSNRDB: Double, encodedMaskedPSNRDB: Double,
      inDomain: Double? = nil
    ) {
      self.name = name
      self.targetName = targetName
      self.contextName = contextName
      self.targetSource = targetSource
      self.contextSource = contextSource
      self.target = target
      self.context = context
      self.pasted = pasted
      self.encoded = encoded
      self.diffused = diffused
      self.result = result
      self.seconds = seconds
      self.maskedPSNRDB = maskedPSNRDB
      self.encodedMaskedPSNRDB = encodedMaskedPSNRDB
      self.inDomain = inDomain
    }
  }

  package var run: InversionReport.Run
  package var mask: ReportImage
  package var entries: [Entry]

  package init(run: InversionReport.Run, mask: ReportImage, entries: [Entry]) {
    self.run = run
    self.mask = mask
    self.entries = entries
  }

  /// Pairs beyond this number are folded up.
  private static let openCount = 4

  package func page() -> HTMLPage {
    var page = run.page(
      title: entries.count == 1 ? "Diffusion of \(entries[0].targetName)" : "\(entries.count) diffusions",
      lead: "A part of one picture, and around it what fits both: semantic diffusion by masked in-domain inversion.")
    if entries.count > 1 { page.addSection("Overview", overview()) }
    page.addSection("Figures", figures())
    page.addSection(entries.count == 1 ? "Pair" : "Pairs", sections())
    page.addSection(
      "Mask", PictureRow(pictures: [CaptionedImage(mask, title: "White: the target's pixels")], size: .small).html())
    page.addSection("How to read the figures", explanations)
    return page
  }

  private func overview() -> HTML {
    var targets: [String] = []
    var contexts: [String] = []
    for entry in entries {
      if !targets.contains(entry.targetSource) { targets.append(entry.targetSource) }
      if !contexts.contains(entry.contextSource) { contexts.append(entry.contextSource) }
    }
    func first(_ matches: (Entry) -> Bool) -> Int { entries.firstIndex(where: matches) ?? 0 }
    let rows = targets.map { target -> PictureMatrix.Row in
      let own = first { $0.targetSource == target }
      return PictureMatrix.Row(
        head: "\(entries[own].target.copy(of: "p\(own)-target", alt: entries[own].targetName))",
        cells: contexts.map { context in
          guard
            let index = entries.firstIndex(where: { $0.targetSource == target && $0.contextSource == context })
          else { return "" }
          return
            "<a href=\"#p\(index)\">\(entries[index].diffused.copy(of: "p\(index)-diffused", alt: entries[index].name))</a>"
        })
    }
    let columns = contexts.map { context -> HTML in
      let own = first { $0.contextSource == context }
      return entries[own].context.copy(of: "p\(own)-context", alt: entries[own].contextName)
    }
    return PictureMatrix(
      corner: "Target ╲ context", columns: columns, rows: rows, caption: "Every target in every context"
    )
    .html()
  }

  private func figures() -> HTML {
    let rows = entries.enumerated().map { index, entry -> [ReportTable.Cell] in
      let loss = entry.result.history.last.map { Double($0.total) }
      return [
        ReportTable.Cell("<a class=\"name\" href=\"#p\(index)\">\(entry.name)</a>", key: entry.name),
        ReportTable.Cell(
          """
          <span class="change">\(Figure.fixed(entry.encodedMaskedPSNRDB, 2)) →</span> \
          \(Figure.fixed(entry.maskedPSNRDB, 2))
          """, key: entry.maskedPSNRDB),
        ReportTable.Cell(HTML(text: Figure.significant(loss)), key: loss),
        ReportTable.Cell(HTML(text: Figure.significant(entry.inDomain)), key: entry.inDomain),
        ReportTable.Cell(HTML(text: Figure.duration(entry.seconds)), key: entry.seconds),
      ]
    }
    return ReportTable(
      columns: [
        ReportTable.Column("Pair", hint: "Name of the output files", isNumeric: false),
        ReportTable.Column("PSNR in the mask", unit: "dB", hint: "Against the target: encoder → result"),
        ReportTable.Column("Loss", hint: "Last total of the masked objective"),
        ReportTable.Column("In-domain", unit: "mean square", hint: "Lower is closer to the generator's domain"),
        ReportTable.Column("Time", hint: "Wall time of this pair"),
      ], rows: rows, caption: "Figures of all pairs"
    ).html()
  }

  private func sections() -> HTML {
    HTML(
      entries.enumerated().map { index, entry in
        let isOpen: HTML = entries.count <= Self.openCount ? " open" : ""
        return """
          <details class="item" id="p\(index)"\(isOpen)><summary><span class="thumbs">\
          \(entry.diffused.copy(of: "p\(index)-diffused", alt: ""))</span>\
          <span class="name">\(entry.targetName) → \(entry.contextName)</span>\
          <span class="quiet">PSNR in the mask \(Figure.fixed(entry.maskedPSNRDB, 2)) dB, \
          \(Figure.duration(entry.seconds))</span></summary>
          <div class="body">\(body(index, entry))</div></details>

          """
      })
  }

  private func body(_ index: Int, _ entry: Entry) -> HTML {
    let row = PictureRow(pictures: [
      CaptionedImage(entry.target, title: "Target", details: [entry.targetSource], id: "p\(index)-target"),
      CaptionedImage(entry.context, title: "Context", details: [entry.contextSource], id: "p\(index)-context"),
      CaptionedImage(entry.pasted, title: "Pasted", id: "p\(index)-pasted"),
      CaptionedImage(
        entry.encoded, title: "Encoder", details: ["PSNR in the mask \(Figure.fixed(entry.encodedMaskedPSNRDB, 2)) dB"],
        id: "p\(index)-encoded"),
      CaptionedImage(
        entry.diffused, title: "Result", details: ["PSNR in the mask \(Figure.fixed(entry.maskedPSNRDB, 2)) dB"],
        id: "p\(index)-diffused"),
    ])
    let wipe = Wipe(
      before: entry.pasted, after: entry.diffused, beforeID: "p\(index)-pasted", afterID: "p\(index)-diffused",
      beforeTitle: "Pasted", afterTitle: "Result")
    let kind: HTML = entry.result.wasStopped ? "note" : "quiet"
    let sentence = entry.result.stopReason.sentence(steps: entry.result.history.count)
    let note: HTML = "<p class=\"\(kind)\">\(sentence)</p>\n"
    return "\(note)\(row.html())<div class=\"pair\">\(wipe.html())\(chart(entry))</div>\n"
  }

  private func chart(_ entry: Entry) -> HTML {
    guard entry.result.history.count > 1 else { return "" }
    func series(_ name: String, _ style: Int, _ value: (Losses) -> Float) -> LineChart.Series {
      LineChart.Series(
        name, style: style,
        points: entry.result.history.enumerated().map { (x: Double($0.offset + 1), y: Double(value($0.element))) })
    }
    return LineChart(
      title: "Loss within the mask", xTitle: "step", yKind: .logarithmic,
      series: [
        series("total", 0) { $0.total }, series("pixel", 1) { $0.pixel }, series("perceptual", 2) { $0.perceptual },
      ],
      hoverCount: entries.count > 40 ? 20 : 60
    ).html()
  }

  private var explanations: HTML {
    """
    <p>The <b>pasted</b> picture is the target within the mask and the context elsewhere. Its code is refined from the \
    encoder's by the pixel and perceptual terms <b>within the mask alone</b>, without the domain term: the start decides \
    on the surroundings. The <b>PSNR in the mask</b> compares the result with the target there, on 8-bit pictures.</p>
    <p>Method: Zhu, Shen, Zhao, Zhou, <i>In-Domain GAN Inversion for Real Image Editing</i>, ECCV 2020, sec. 4.4.</p>

    """
  }
}
