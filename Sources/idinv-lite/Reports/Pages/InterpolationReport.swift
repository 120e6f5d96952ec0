/// What `interpolation.html` tells: lines between codes, each with its pictures.
package struct InterpolationReport {
  /// One code of a line.
  package struct Frame {
    /// t, 0 … 1.
    package var position: Double
    /// Name of the picture's file; nil for the ends, whose pictures are those of the images.
    package var file: String?
    package var image: ReportImage?
    /// Mean square of z − E(G(z)); nil without an encoder.
    package var inDomain: Double?
    /// Root mean square of what changed against the frame before, pixels in -1...1.
    package var change: Double?

    package init(
      position: Double, file: String? = nil, image: ReportImage? = nil, inDomain: Double? = nil,
      change: Double? = nil
    ) {
      self.position = position
      self.file = file
      self.image = image
      self.inDomain = inDomain
      self.change = change
    }
  }

  /// One line.
  package struct Line {
    package var from: EditedCode
    package var to: EditedCode
    /// Their numbers in `codes`.
    package var fromIndex: Int
    package var toIndex: Int
    package var name: String
    package var frames: [Frame] = []

    package init(from: EditedCode, to: EditedCode, fromIndex: Int, toIndex: Int, name: String, frames: [Frame] = []) {
      self.from = from
      self.to = to
      self.fromIndex = fromIndex
      self.toIndex = toIndex
      self.name = name
      self.frames = frames
    }
  }

  package var run: InversionReport.Run
  /// Whether the lines make one path.
  package var isPath: Bool
  /// All images; nil for those that were skipped.
  package var codes: [EditedCode?]
  package var lines: [Line]
  /// Films of the lines, or of the path.
  package var films: [ReportImage] = []

  /// More would make the page too heavy to open.
  package static let filmLimit = 8

  package init(run: InversionReport.Run, isPath: Bool, codes: [EditedCode?], lines: [Line]) {
    self.run = run
    self.isPath = isPath
    self.codes = codes
    self.lines = lines
  }

  /// Lines beyond this number are folded up.
  private static let openCount = 4

  package func page() -> HTMLPage {
    var page = run.page(
      title: isPath ? "A path through \(codes.lazy.compactMap { $0 }.count) images" : "\(lines.count) interpolations",
      lead: "Straight lines between codes, a + t·(b − a), and the generator's pictures of them.")
    guard !lines.isEmpty else { return page }
    page.addSection("Overview", overview())
    if !films.isEmpty {
      page.addSection(films.count == 1 ? "Film" : "Films", HTML(films.map { $0.figure(of: "the walk") }))
    }
    page.addSection("Figures", figures())
    page.addSection(lines.count == 1 ? "Line" : "Lines", sections())
    page.addSection("Ends", ends())
    page.addSection("How to read the figures", explanations)
    return page
  }

  private var positions: [Double] { lines[0].frames.map(\.position) }

  private func overview() -> HTML {
    let rows = lines.enumerated().map { index, line -> PictureMatrix.Row in
      let cells = line.frames.indices.map { cell(line, index, $0) }
      return PictureMatrix.Row(head: "<a href=\"#l\(index)\">\(line.from.name) → \(line.to.name)</a>", cells: cells)
    }
    return PictureMatrix(
      corner: "", columns: positions.map { "\(Figure.fixed($0, 2))" as HTML }, rows: rows, caption: "All lines"
    ).html()
  }

  /// A copy of a frame's picture.
  private func cell(_ line: Line, _ index: Int, _ step: Int) -> HTML {
    let isFirst = step == 0
    if isFirst || step == line.frames.count - 1 {
      let (end, number) = isFirst ? (line.from, line.fromIndex) : (line.to, line.toIndex)
      return end.inverted.copy(of: "c\(number)-inverted", alt: end.name, classes: "own")
    }
    let label = "t \(Figure.fixed(line.frames[step].position, 2))"
    return line.frames[step].image?.copy(of: "l\(index)-step-\(step - 1)", alt: label) ?? ""
  }

  private func figures() -> HTML {
    let hasScore = lines.contains { $0.frames.contains { $0.inDomain != nil } }
    var columns = [
      ReportTable.Column("Line", hint: "Beginning of the output files' names", isNumeric: false),
      ReportTable.Column("Length", hint: "‖b − a‖ of the codes"),
      ReportTable.Column("Largest step", unit: "RMS, pixels in ±1", hint: "Between neighboring pictures"),
      ReportTable.Column("Unevenness", unit: "largest / mean step", hint: "1 for a line of even steps"),
    ]
    if hasScore { columns.append(ReportTable.Column("In-domain", unit: "largest mean square")) }
    let rows = lines.enumerated().map { index, line -> [ReportTable.Cell] in
      let changes = line.frames.compactMap(\.change)
      let largest = changes.max() ?? .nan
      let mean = changes.reduce(0, +) / Double(max(1, changes.count))
      let length = Self.distance(line.from.code, line.to.code)
      var values: [(Double?, String)] = [
        (length, Figure.significant(length)), (largest, Figure.significant(largest)),
        (largest / mean, Figure.fixed(largest / mean, 2)),
      ]
      if hasScore {
        let score = line.frames.compactMap(\.inDomain).max()
        values.append((score, Figure.significant(score)))
      }
      let link: HTML = "<a class=\"name\" href=\"#l\(index)\">\(line.from.name) → \(line.to.name)</a>"
      var cells = [ReportTable.Cell(link, key: line.name)]
      for (value, text) in values { cells.append(ReportTable.Cell(HTML(text: text), key: value)) }
      return cells
    }
    return ReportTable(columns: columns, rows: rows, caption: "Figures of all lines").html()
  }

  private static func distance(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
  }

  private func sections() -> HTML {
    HTML(
      lines.enumerated().map { index, line in
        let isOpen: HTML = lines.count <= Self.openCount ? " open" : ""
        return """
          <details class="item" id="l\(index)"\(isOpen)><summary><span class="thumbs">\(cell(line, index, 0))\
          \(cell(line, index, line.frames.count - 1))</span>\
          <span class="name">\(line.from.name) → \(line.to.name)</span></summary>
          <div class="body">\(body(index, line))</div></details>

          """
      })
  }

  private func body(_ index: Int, _ line: Line) -> HTML {
    let frames = line.frames.compactMap { frame in
      frame.image.map { (label: Figure.fixed(frame.position, 2), image: $0) }
    }
    let slider: HTML =
      frames.isEmpty
      ? "" : PictureSlider(parameter: "t", frames: frames, start: frames.count / 2, id: "l\(index)-step").html()
    let wipe = Wipe(
      before: line.from.inverted, after: line.to.inverted, beforeID: "c\(line.fromIndex)-inverted",
      afterID: "c\(line.toIndex)-inverted", beforeTitle: line.from.name, afterTitle: line.to.name
    ).html()
    return "<div class=\"pair\"><div>\(slider)\(wipe)</div><div>\(charts(line))</div></div>\n"
  }

  private func charts(_ line: Line) -> HTML {
    let changes = line.frames.compactMap { frame in frame.change.map { (x: frame.position, y: $0) } }
    let scores = line.frames.compactMap { frame in frame.inDomain.map { (x: frame.position, y: $0) } }
    var result: HTML = ""
    for (title, name, style, points) in [
      ("Change from picture to picture, RMS of pixels in ±1", "change", 1, changes),
      ("In-domain score, mean square", "in-domain", 3, scores),
    ] where points.count > 1 {
      result += LineChart(
        title: title, xTitle: "t", series: [LineChart.Series(name, style: style, points: points)], beginsAtZero: true
      ).html()
    }
    return "<div class=\"charts\">\(result)</div>\n"
  }

  private func ends() -> HTML {
    HTML(
      codes.enumerated().compactMap { index, code -> HTML? in
        guard let code else { return nil }
        var details = ["inverted"]
        if let psnrDB = code.psnrDB { details.append("PSNR \(Figure.fixed(psnrDB, 2)) dB") }
        var pictures = [
          CaptionedImage(code.inverted, title: code.name, details: details, id: "c\(index)-inverted")
        ]
        if let original = code.original {
          pictures.insert(CaptionedImage(original, title: code.name, details: ["original"]), at: 0)
        }
        return PictureRow(pictures: pictures, size: .small).html()
      })
  }

  private var explanations: HTML {
    """
    <p><b>t</b> goes from 0, the first image's code, to 1, the second one's. <b>Change</b> is the root mean square of the \
    difference to the picture before, pixels in −1 to 1: even steps mean a smooth walk. The <b>in-domain score</b> is the \
    mean square of z − E(G(z)): codes between two codes within the generator's domain should be within it too.</p>
    <p>Method: Zhu, Shen, Zhao, Zhou, <i>In-Domain GAN Inversion for Real Image Editing</i>, ECCV 2020.</p>

    """
  }
}
