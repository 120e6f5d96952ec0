// How an `InversionReport` becomes a page: head, summary, one part per image, explanations.

import Glibc

extension InversionReport {
  /// Images beyond this number are folded up.
  private static let openCount = 8

  package func page() -> HTMLPage {
    var page = run.page(
      title: rows.count == 1 ? "Inversion of \(rows[0].name)" : "Inversion of \(rows.count) images",
      lead: lead)
    if !rows.isEmpty {
      page.addSection("Summary", id: "summary", summary())
      if let chart = convergence() { page.addSection("Convergence", chart) }
      if !entries.isEmpty { page.addSection(rows.count == 1 ? "Image" : "Images", images()) }
    }
    if let chart = conditions?.chart() { page.addSection("Speed and heat", chart.html()) }
    page.addSection("How to read the figures", explanations)
    return page
  }

  /// What was done, and whether it makes sense for these pictures.
  private var lead: String {
    let what = "In-domain inversion: each picture as a code of the generator"
    let verdicts = rows.compactMap { $0.startFigures.verdict(usual: usualInDomain) }
    let foreign = verdicts.filter { $0.kind == .foreign }
    guard !foreign.isEmpty else { return verdicts.isEmpty ? "\(what)." : "\(what) that stays near its domain." }
    if rows.count == 1 { return "\(what). \(foreign[0].sentence ?? "")" }
    return
      "\(what). \(foreign.count) of \(rows.count) pictures are far from what the model was trained on: their in-domain "
      + "scores are \(Int(DomainVerdict.foreignRatio)) times the usual and more."
  }

  // MARK: Summary

  private func summary() -> HTML {
    func tile(
      _ name: String, _ value: (Figures) -> Double?, _ text: (Double?) -> String
    ) -> HTMLPage.Fact {
      let start = Figure.median(rows.map { value($0.startFigures) })
      let result = Figure.median(rows.map { value($0.resultFigures) })
      return HTMLPage.Fact(
        name, "\(text(result))<small>\(text(start)) at the start</small>")
    }
    var tiles = [
      tile("PSNR", { $0.psnrDB }, { Figure.fixed($0, 2) + " dB" }),
      tile("MSE, pixels in ±1", { $0.msePM1 }, { Figure.significant($0) }),
      tile("SSIM", { $0.ssim }, { Figure.fixed($0, 3) }),
      tile("In-domain score", { $0.inDomainMeanSquare }, { Figure.significant($0) }),
    ]
    tiles.append(
      HTMLPage.Fact("Time", text: Figure.duration(Figure.median(rows.map(\.seconds)))))
    if let medianSteps {
      let stops = StopCounts(rows.compactMap(\.stop))
      tiles.append(HTMLPage.Fact("Steps", "\(Figure.fixed(medianSteps, 0))<small>\(stops.text)</small>"))
    }
    let limit: HTML =
      entries.contains { $0.original.width < run.resolution }
      ? """
      <p class="quiet">To keep this page light, pictures are shown at \
      \(entries[0].original.width) × \(entries[0].original.height); the files beside it are at full size.</p>

      """ : ""
    guard rows.count > 1 else { return "\(HTMLPage.tiles(tiles))\(limit)" }
    return """
      <p class="quiet">Medians over \(rows.count) images.</p>
      \(HTMLPage.tiles(tiles))\(table())\(limit)
      """
  }

  private var medianSteps: Double? { Figure.median(rows.map { $0.stop.map { Double($0.steps) } }) }

  /// Rows beyond this number make a table that no phone scrolls.
  private static let rowLimit = 500

  /// All images; of very many those that are shown, and the worst.
  private var listedRows: [Row] {
    guard rows.count > Self.rowLimit else { return rows }
    let others = rows.indices.filter { rows[$0].entry == nil }.sorted {
      let (a, b) = (rows[$0].resultFigures.psnrDB, rows[$1].resultFigures.psnrDB)
      return a == b ? $0 < $1 : a < b
    }
    let chosen = Set(others.prefix(Self.rowLimit - entries.count))
    return rows.indices.filter { rows[$0].entry != nil || chosen.contains($0) }.map { rows[$0] }
  }

  private var tableNote: HTML {
    guard entries.count < rows.count else { return "" }
    let listed: HTML =
      rows.count > Self.rowLimit
      ? "; listed are these and those of least PSNR, <code>summary.json</code> has the figures of all" : ""
    return """
      <p class="quiet">Shown are \(entries.count) of the \(rows.count) images, evenly spread\(listed). Other names lead to \
      the files beside this page.</p>

      """
  }

  private func table() -> HTML {
    /// Start → result, sorted by the result.
    func change(_ start: Double?, _ result: Double?, _ text: (Double?) -> String) -> ReportTable.Cell {
      ReportTable.Cell("<span class=\"change\">\(text(start)) →</span> \(text(result))", key: result)
    }
    func cells(
      _ start: (_ value: (Figures) -> Double?) -> Double?, _ result: (_ value: (Figures) -> Double?) -> Double?,
      steps: (text: String, key: Double?), seconds: Double?
    ) -> [ReportTable.Cell] {
      [
        change(start { $0.psnrDB }, result { $0.psnrDB }) { Figure.fixed($0, 2) },
        change(start { $0.msePM1 }, result { $0.msePM1 }) { Figure.significant($0) },
        change(start { $0.ssim }, result { $0.ssim }) { Figure.fixed($0, 3) },
        change(start { $0.inDomainMeanSquare }, result { $0.inDomainMeanSquare }) { Figure.significant($0) },
        ReportTable.Cell(HTML(text: steps.text), key: steps.key),
        ReportTable.Cell(HTML(text: Figure.duration(seconds)), key: seconds),
      ]
    }
    func steps(_ row: Row) -> (text: String, key: Double?) {
      guard let stop = row.stop else { return ("–", nil) }
      let reason = stop.reason == .iterations ? "" : " (\(stop.reason.rawValue))"
      return ("\(stop.steps)\(reason)", Double(stop.steps))
    }
    let lines = listedRows.map { row -> [ReportTable.Cell] in
      let figures = cells({ $0(row.startFigures) }, { $0(row.resultFigures) }, steps: steps(row), seconds: row.seconds)
      guard let index = row.entry else {
        let file = "\(row.name)_inv.png".percentEncoded
        return [
          ReportTable.Cell("", key: ""),
          ReportTable.Cell("<a class=\"name\" href=\"./\(file)\">\(row.name)</a>", key: row.name),
        ] + figures
      }
      let entry = entries[index]
      let thumbs: HTML = """
        <span class="thumbs">\(entry.original.copy(of: "i\(index)-original", alt: ""))\
        \(entry.start.copy(of: "i\(index)-start", alt: ""))\
        \(entry.result.copy(of: "i\(index)-result", alt: ""))</span>
        """
      return [
        ReportTable.Cell(thumbs, key: ""),
        ReportTable.Cell("<a class=\"name\" href=\"#i\(index)\">\(entry.name)</a>", key: entry.name),
      ] + figures
    }
    let medians =
      [ReportTable.Cell(""), ReportTable.Cell("Median")]
      + cells(
        { value in Figure.median(rows.map { value($0.startFigures) }) },
        { value in Figure.median(rows.map { value($0.resultFigures) }) },
        steps: (Figure.fixed(medianSteps, 0), medianSteps),
        seconds: Figure.median(rows.map(\.seconds)))
    let table = ReportTable(
      columns: [
        ReportTable.Column("", hint: "Original, start, result", isNumeric: false, isSortable: false),
        ReportTable.Column("Image", hint: "Name of the output files", isNumeric: false),
        ReportTable.Column("PSNR", unit: "dB", hint: "Start → result; higher is better"),
        ReportTable.Column("MSE", unit: "pixels in ±1", hint: "Start → result; lower is better"),
        ReportTable.Column("SSIM", unit: "0 to 1", hint: "Start → result; higher is better"),
        ReportTable.Column("In-domain", unit: "mean square", hint: "Start → result; lower is closer to the domain"),
        ReportTable.Column("Steps", hint: "Evaluations of the objective, and why there were no more"),
        ReportTable.Column("Time", hint: "Wall time of this image"),
      ],
      rows: lines, footer: medians,
      caption: lines.count == rows.count ? "Figures of all images" : "Figures of \(lines.count) images"
    )
    return "\(tableNote)\(table.html())"
  }

  // MARK: Convergence

  /// The total loss over the images: median and quartiles. Needs at least three images.
  private func convergence() -> HTML? {
    guard entries.count >= 3 else { return nil }
    let course = Self.course(of: entries.map { $0.losses.map { (step: $0.step, total: $0.total) } })
    guard course.count > 1 else { return nil }
    func curve(_ share: Double) -> [(x: Double, y: Double)] {
      course.compactMap { point in Figure.quantile(point.totals, share).map { (x: Double(point.step), y: $0) } }
    }
    return LineChart(
      title: "Total loss, median of \(entries.count) images; shaded: quartiles", xTitle: "step",
      yKind: .logarithmic, series: [LineChart.Series("median", style: 0, points: curve(0.5))],
      band: (lower: curve(0.25), upper: curve(0.75))
    ).html()
  }

  /// The total losses of all images at each step. One that has ended keeps its last: without the easy ones, which end first, the
  /// median would rise at the end.
  package static func course(of images: [[(step: Int, total: Double)]]) -> [(step: Int, totals: [Double])] {
    let steps = Set(images.flatMap { $0.map(\.step) }).sorted()
    var totals = [[Double]](repeating: [], count: steps.count)
    for losses in images {
      var rest = losses[...]
      var last: Double?
      for (index, step) in steps.enumerated() {
        while let next = rest.first, next.step <= step {
          last = next.total
          rest.removeFirst()
        }
        if let last { totals[index].append(last) }
      }
    }
    return zip(steps, totals).map { (step: $0, totals: $1) }
  }

  // MARK: Images

  private func images() -> HTML {
    HTML(
      entries.enumerated().map { index, entry in
        let isOpen: HTML = entries.count <= Self.openCount ? " open" : ""
        return """
          <details class="item" id="i\(index)"\(isOpen)><summary><span class="thumbs">\
          \(entry.result.copy(of: "i\(index)-result", alt: ""))</span><span class="name">\(entry.name)</span>\
          <span class="quiet">PSNR \(Figure.fixed(entry.startFigures.psnrDB, 2)) → \
          \(Figure.fixed(entry.resultFigures.psnrDB, 2)) dB, \(Figure.duration(entry.seconds))</span></summary>
          <div class="body">\(body(index, entry))</div></details>

          """
      })
  }

  private func body(_ index: Int, _ entry: Entry) -> HTML {
    func details(_ figures: Figures) -> [String] {
      let ssim = figures.ssim.map { ", SSIM \(Figure.fixed($0, 3))" } ?? ""
      var lines = ["PSNR \(Figure.fixed(figures.psnrDB, 2)) dB\(ssim)"]
      if let meanSquare = figures.inDomainMeanSquare {
        let length = figures.inDomainL2.map { ", L2 \(Figure.significant($0))" } ?? ""
        lines.append("In-domain \(Figure.significant(meanSquare))\(length)")
      }
      return lines
    }
    let row = PictureRow(pictures: [
      CaptionedImage(entry.original, title: "Original", details: [entry.source], id: "i\(index)-original"),
      CaptionedImage(
        entry.start, title: entry.startTitle, details: details(entry.startFigures), id: "i\(index)-start"),
      CaptionedImage(
        entry.result, title: "Result", details: details(entry.resultFigures), id: "i\(index)-result"),
    ])
    let wipe = Wipe(
      before: entry.original, after: entry.result, beforeID: "i\(index)-original",
      afterID: "i\(index)-result", beforeTitle: "Original", afterTitle: "Result")
    var result: HTML = ""
    if let stop = entry.stop {
      let kind: HTML = stop.reason == .observer ? "note" : "quiet"
      result = "<p class=\"\(kind)\">\(stop.reason.sentence(steps: stop.steps))</p>\n"
    }
    if let sentence = entry.startFigures.verdict(usual: usualInDomain)?.sentence {
      result += "<p class=\"note\">\(sentence)</p>\n"
    }
    result += row.html()
    result += "<div class=\"pair\">\(wipe.html())\(lossChart(entry))</div>\n"
    if !entry.snapshots.isEmpty {
      let film = PictureRow(
        pictures: entry.snapshots.map { CaptionedImage($0.image, title: "Step \($0.step)") }, size: .small)
      result += "<h3>On the way</h3>\n\(film.html())"
    }
    return result
  }

  private func lossChart(_ entry: Entry) -> HTML {
    guard entry.losses.count > 1 else { return "" }
    func series(_ name: String, _ style: Int, _ value: (Step) -> Double) -> LineChart.Series {
      LineChart.Series(name, style: style, points: entry.losses.map { (x: Double($0.step), y: value($0)) })
    }
    return LineChart(
      title: "Loss", xTitle: "step", yKind: .logarithmic,
      series: [
        series("total", 0) { $0.total }, series("pixel", 1) { $0.pixel },
        series("perceptual", 2) { $0.perceptual }, series("domain", 3) { $0.domain },
      ],
      hoverCount: entries.count > 40 ? 20 : 60
    ).html()
  }

  // MARK: Explanations

  private var explanations: HTML {
    """
    <p><b>PSNR</b> is 10 log<sub>10</sub>(255² / MSE) of the 8-bit pictures, in dB. <b>MSE</b> is the mean squared \
    error of pixels in −1 to 1. <b>SSIM</b> is the structural similarity of Wang et al. (2004) with an 11 × 11 \
    Gaussian window of σ = 1.5, averaged over the channels. All compare with the original at the model's \
    resolution.</p>
    <p>The <b>in-domain score</b> is ‖z − E(G(z))‖: how far a code lies from what the encoder makes of its own \
    image, as mean square over all entries and as Euclidean length. A code within the generator's domain, which \
    can be edited, has a small one.</p>
    <p>Method: Zhu, Shen, Zhao, Zhou, <i>In-Domain GAN Inversion for Real Image Editing</i>, ECCV 2020.</p>

    """
  }
}
