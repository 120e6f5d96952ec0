/// What `manipulation.html` tells: images, each at several distances along semantic boundaries.
package struct ManipulationReport {
  /// A boundary that codes were moved along.
  package struct Boundary {
    package var name: String
    /// What α is multiplied with.
    package var factor: Double
    package var layers: [Int]
    /// How far α = 1 moves a code, over the layers.
    package var length: Double
    /// What the file's values were multiplied with to become unit normals.
    package var scale: Double
    package var path: String

    package init(name: String, factor: Double, layers: [Int], length: Double, scale: Double, path: String) {
      self.name = name
      self.factor = factor
      self.layers = layers
      self.length = length
      self.scale = scale
      self.path = path
    }
  }

  /// One α of one image.
  package struct Step {
    package var alpha: Double
    /// Name of the picture's file.
    package var file: String
    /// Nil where the page would become too heavy.
    package var image: ReportImage?
    /// Mean square of z − E(G(z)); nil without an encoder.
    package var inDomain: Double?
    /// Root mean square of what changed against the code's own picture, pixels in -1...1.
    package var change: Double
    /// What the attribute network reads off the picture; empty without one.
    package var attributes: [Float]

    package init(
      alpha: Double, file: String, image: ReportImage? = nil, inDomain: Double? = nil, change: Double,
      attributes: [Float]
    ) {
      self.alpha = alpha
      self.file = file
      self.image = image
      self.inDomain = inDomain
      self.change = change
      self.attributes = attributes
    }
  }

  /// One image.
  package struct Entry {
    package var code: EditedCode
    package var steps: [Step] = []
    /// All steps there and back; nil where there is none.
    package var film: ReportImage?

    package init(code: EditedCode, steps: [Step] = []) {
      self.code = code
      self.steps = steps
    }
  }

  package var run: InversionReport.Run
  package var boundaries: [Boundary]
  package var conditions: [String]
  /// What the model's attribute network reads; empty without one.
  package var attributeNames: [String]
  package var distances: [Double]
  /// Of codes' distances from the first boundary, where it is known.
  package var deviation: Double?
  package var entries: [Entry]

  package init(
    run: InversionReport.Run, boundaries: [Boundary], conditions: [String], attributeNames: [String],
    distances: [Double], deviation: Double? = nil, entries: [Entry]
  ) {
    self.deviation = deviation
    self.run = run
    self.boundaries = boundaries
    self.conditions = conditions
    self.attributeNames = attributeNames
    self.distances = distances
    self.entries = entries
  }

  /// Images beyond this number are folded up.
  private static let openCount = 8

  package func page() -> HTMLPage {
    let names = boundaries.map(\.name).joined(separator: " + ")
    var page = run.page(
      title: "Manipulation: \(names)",
      lead: "Codes moved along semantic boundaries, x = G(z + α·n), and the generator's pictures of them.")
    page.addSection("Boundaries", boundaryTable())
    if !entries.isEmpty {
      if showsSteps { page.addSection("Overview", overview()) }
      if !attributeNames.isEmpty { page.addSection("Attributes", attributes()) }
      page.addSection("Figures", figures())
      page.addSection(entries.count == 1 ? "Image" : "Images", images())
    }
    page.addSection("How to read the figures", explanations)
    return page
  }

  private var showsSteps: Bool { entries.first?.steps.first?.image != nil }

  private func boundaryTable() -> HTML {
    let table = ReportTable(
      columns: [
        ReportTable.Column("Boundary", isNumeric: false), ReportTable.Column("Factor", hint: "α is multiplied with it"),
        ReportTable.Column("Layers", isNumeric: false, isSortable: false),
        ReportTable.Column("Length", hint: "How far α = 1 moves a code, over the layers"),
        ReportTable.Column("File", isNumeric: false),
      ],
      rows: boundaries.map {
        [
          ReportTable.Cell($0.name), ReportTable.Cell(HTML(text: Figure.label($0.factor)), key: $0.factor),
          ReportTable.Cell(HTML(text: rangeText($0.layers)), key: ""),
          ReportTable.Cell(HTML(text: Figure.significant($0.length)), key: $0.length),
          ReportTable.Cell($0.path),
        ]
      }, caption: "Boundaries")
    let others: HTML =
      conditions.isEmpty
      ? "" : "<p class=\"quiet\">Projected, so that they leave alone: \(conditions.joined(separator: ", ")).</p>\n"
    let scaled = boundaries.filter { $0.scale != 1 }.map {
      "\($0.name) (× \(Figure.significant($0.scale)))"
    }
    let note: HTML =
      scaled.isEmpty ? "" : "<p class=\"quiet\">Normalized on reading: \(scaled.joined(separator: ", ")).</p>\n"
    return "\(table.html())\(others)\(note)"
  }

  /// Three standard deviations have more digits than anyone reads.
  private static func label(_ alpha: Double) -> String { Figure.label(alpha, digits: 3) }

  /// α, and how many standard deviations it is.
  private func text(_ alpha: Double) -> String {
    Figure.distance(alpha, deviation: deviation)
  }

  private func overview() -> HTML {
    let hasOriginals = entries.contains { $0.code.original != nil }
    let rows = entries.enumerated().map { index, entry -> PictureMatrix.Row in
      var cells: [HTML] = []
      if hasOriginals { cells.append(entry.code.original?.copy(of: "i\(index)-original", alt: "Original") ?? "") }
      cells.append(entry.code.inverted.copy(of: "i\(index)-inverted", alt: "Inverted", classes: "own"))
      for (step, frame) in entry.steps.enumerated() {
        cells.append(frame.image?.copy(of: "i\(index)-step-\(step)", alt: "α \(Self.label(frame.alpha))") ?? "")
      }
      return PictureMatrix.Row(head: "<a href=\"#i\(index)\">\(entry.code.name)</a>", cells: cells)
    }
    var columns: [HTML] = hasOriginals ? ["Original", "Inverted"] : ["Inverted"]
    for distance in distances { columns.append("α \(text(distance))") }
    return PictureMatrix(
      corner: "", columns: columns, rows: rows, caption: "All images at all distances"
    ).html()
  }

  /// What the attribute network reads at each distance, as the mean over the images: the intended change and the others.
  private func attributes() -> HTML {
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
    func cell(_ value: Double) -> ReportTable.Cell {
      ReportTable.Cell(HTML(text: Figure.significant(value)), key: value)
    }
    let hint = "Mean over the images"
    var columns = [
      ReportTable.Column("Attribute", isNumeric: false), ReportTable.Column("Inverted", hint: hint),
    ]
    columns += distances.map { ReportTable.Column("α \(text($0))", hint: hint) }
    columns.append(
      ReportTable.Column(
        "Slope", unit: "per α, in deviations",
        hint: "Largest first: (last − first) / (α range · deviation over the images)"))
    let range = (distances.last ?? 0) - (distances.first ?? 0)
    let rows = attributeNames.enumerated().map { index, name -> [ReportTable.Cell] in
      let own = entries.map { Double($0.code.attributes[index]) }
      let steps = distances.indices.map { step in mean(entries.map { Double($0.steps[step].attributes[index]) }) }
      let center = mean(own)
      let deviation = mean(own.map { ($0 - center) * ($0 - center) }).squareRoot()
      let slope = ((steps.last ?? 0) - (steps.first ?? 0)) / (range * deviation)
      var cells = [ReportTable.Cell(name), cell(center)]
      cells += steps.map(cell)
      let isKnown = slope.isFinite
      cells.append(
        ReportTable.Cell(HTML(text: isKnown ? Figure.fixed(slope, 2) : "–"), key: isKnown ? abs(slope) : nil))
      return cells
    }
    return """
      <p class="quiet">What the model's attribute network reads off the pictures, in its own units, as the mean over \
      \(counted(entries.count, "image")).</p>
      \(ReportTable(columns: columns, rows: rows, caption: "Attributes at all distances").html())
      """
  }

  private func figures() -> HTML {
    let hasPSNR = entries.contains { $0.code.psnrDB != nil }
    let hasScore = entries.contains { $0.code.score != nil }
    var columns = [ReportTable.Column("Image", hint: "Name of the output files", isNumeric: false)]
    if hasPSNR { columns.append(ReportTable.Column("Inversion", unit: "PSNR, dB", hint: "Inverted against original")) }
    let ends = [distances.first, distances.last].compactMap { $0 }.map(Self.label)
    columns += ends.map {
      ReportTable.Column("Change at α \($0)", unit: "RMS, pixels in ±1", hint: "Against the inverted picture")
    }
    if hasScore {
      columns.append(ReportTable.Column("In-domain", unit: "inverted, mean square"))
      columns += ends.map { ReportTable.Column("In-domain at α \($0)", unit: "mean square") }
    }
    func cell(_ value: Double?, _ text: String) -> ReportTable.Cell { ReportTable.Cell(HTML(text: text), key: value) }
    let rows = entries.enumerated().map { index, entry -> [ReportTable.Cell] in
      var cells = [
        ReportTable.Cell("<a class=\"name\" href=\"#i\(index)\">\(entry.code.name)</a>", key: entry.code.name)
      ]
      if hasPSNR { cells.append(cell(entry.code.psnrDB, Figure.fixed(entry.code.psnrDB, 2))) }
      let ends = [entry.steps.first, entry.steps.last]
      cells += ends.map { cell($0?.change, Figure.significant($0?.change)) }
      if hasScore {
        let own = entry.code.score.map { Double($0.meanSquare) }
        cells.append(cell(own, Figure.significant(own)))
        cells += ends.map { cell($0?.inDomain, Figure.significant($0?.inDomain)) }
      }
      return cells
    }
    return ReportTable(columns: columns, rows: rows, caption: "Figures of all images").html()
  }

  private func images() -> HTML {
    HTML(
      entries.enumerated().map { index, entry in
        let isOpen: HTML = entries.count <= Self.openCount ? " open" : ""
        return """
          <details class="item" id="i\(index)"\(isOpen)><summary><span class="thumbs">\
          \(entry.code.inverted.copy(of: "i\(index)-inverted", alt: ""))</span><span class="name">\(entry.code.name)</span>\
          <span class="quiet">change \(Figure.significant(entry.steps.first?.change)) … \
          \(Figure.significant(entry.steps.last?.change))</span></summary>
          <div class="body">\(body(index, entry))</div></details>

          """
      })
  }

  private func body(_ index: Int, _ entry: Entry) -> HTML {
    var pictures: [CaptionedImage] = []
    if let original = entry.code.original {
      pictures.append(
        CaptionedImage(original, title: "Original", details: [entry.code.source], id: "i\(index)-original"))
    }
    pictures.append(
      CaptionedImage(
        entry.code.inverted, title: "Inverted",
        details: entry.code.psnrDB.map { ["PSNR \(Figure.fixed($0, 2)) dB"] } ?? [], id: "i\(index)-inverted"))
    let row = PictureRow(pictures: pictures).html()
    let frames = entry.steps.compactMap { step in step.image.map { (label: Self.label(step.alpha), image: $0) } }
    guard let first = frames.first, let last = frames.last else { return "\(row)\(chart(entry))" }
    let start = entry.steps.indices.min { abs(entry.steps[$0].alpha) < abs(entry.steps[$1].alpha) } ?? 0
    let slider = PictureSlider(parameter: "α", frames: frames, start: start, id: "i\(index)-step").html()
    let wipe = Wipe(
      before: first.image, after: last.image, beforeID: "i\(index)-step-0",
      afterID: "i\(index)-step-\(frames.count - 1)",
      beforeTitle: "α \(first.label)", afterTitle: "α \(last.label)"
    ).html()
    return """
      <div class="pair">\(slider)<div>\(row)</div></div>
      <div class="pair">\(frames.count > 1 ? wipe : "")<div>\(chart(entry))</div></div>
      \(entry.film?.figure(of: entry.code.name) ?? "")

      """
  }

  private func chart(_ entry: Entry) -> HTML {
    let points = entry.steps.compactMap { step in step.inDomain.map { (x: step.alpha, y: $0) } }
    let changes = entry.steps.map { (x: $0.alpha, y: $0.change) }
    guard changes.count > 1 else { return "" }
    var charts = LineChart(
      title: "Change of the picture, RMS of pixels in ±1", xTitle: "α", yKind: .linear,
      series: [LineChart.Series("change", style: 1, points: changes)], beginsAtZero: true
    ).html()
    if points.count > 1 {
      charts += LineChart(
        title: "In-domain score, mean square", xTitle: "α", yKind: .linear,
        series: [LineChart.Series("in-domain", style: 3, points: points)], beginsAtZero: true
      ).html()
    }
    return "<div class=\"charts\">\(charts)</div>\n"
  }

  private var explanations: HTML {
    """
    <p><b>α</b> is the distance along the boundary's unit normal n: positive towards the side on which the attribute is \
    present. <b>Change</b> is the root mean square of the difference to the inverted picture, pixels in −1 to 1. The \
    <b>in-domain score</b> is the mean square of z − E(G(z)) for the moved code: where it rises steeply, the edit leaves \
    what the generator knows.</p>
    <p>Method: Shen, Gu, Tang, Zhou, <i>Interpreting the Latent Space of GANs for Semantic Face Editing</i>, CVPR 2020; \
    Zhu, Shen, Zhao, Zhou, <i>In-Domain GAN Inversion for Real Image Editing</i>, ECCV 2020.</p>

    """
  }
}
