import Inversion

/// How the measurements of `bench quality` become a page.
package struct QualityPage {
  package var run: InversionReport.Run
  package var results: QualityResults
  package var pictures: QualityPictures

  package init(run: InversionReport.Run, results: QualityResults, pictures: QualityPictures) {
    self.run = run
    self.results = results
    self.pictures = pictures
  }

  package func page() -> HTMLPage {
    let count = results.configurations.count
    var page = run.page(
      title: "What a second buys: \(run.modelName)",
      lead:
        "\(count) ways to invert \(counted(results.images, "image")), on \(results.machine.processor): "
        + "quality over time and memory, and the ways worth going.")
    page.addSection("Summary", id: "summary", summary)
    page.addSection("Worth using", id: "front", front)
    page.addSection("Quality over time", id: "curves", curves)
    if !pictures.rows.isEmpty { page.addSection("What it looks like", id: "pictures", matrix) }
    page.addSection("All configurations", id: "configurations", table)
    page.addSection("How it is measured", id: "measures", explanations)
    return page
  }

  private var timeUnit: String { results.clock == .wall ? "per image" : "processor, per image" }

  // MARK: Summary

  private var summary: HTML {
    let front = results.front
    let best = front.last
    let published = results.row(results.published)
    let equal = results.row(results.as_good_as_published)
    var tiles: [HTMLPage.Fact] = []
    if let fastest = front.first {
      tiles.append(HTMLPage.Fact("Fastest", fact(Figure.duration(results.time(fastest)), results.name(fastest))))
    }
    if let published {
      tiles.append(
        HTMLPage.Fact("Published procedure", fact(Figure.duration(results.time(published)), results.name(published))))
    }
    if let equal, let published, let seconds = results.time(equal), let whole = results.time(published) {
      let share = "\(results.name(equal)): \(Figure.fixed(seconds / whole, 2)) of its time"
      tiles.append(HTMLPage.Fact("As good as published in", fact(Figure.duration(seconds), share)))
    }
    if let best {
      tiles.append(HTMLPage.Fact("Least loss", fact(Figure.significant(best.total_loss), results.name(best))))
      tiles.append(HTMLPage.Fact("PSNR there", fact("\(Figure.fixed(best.psnr_db, 2)) dB", results.name(best))))
    }
    let notes = results.notes.map { "<p class=\"note\">\($0)</p>\n" as HTML }
    let failures = results.configurations.compactMap { row in
      row.failure.map { "<p class=\"note\"><b>\(results.name(row))</b> could not be measured: \($0)</p>\n" as HTML }
    }
    var load = HTML()
    if let average = results.machine.load_average, average > 0.5 {
      load = """
        <p class="note">Other programs were at work when this began (load average \(Figure.fixed(average, 1))): times are too \
        long, processor times less so.</p>

        """
    }
    return "\(HTMLPage.tiles(tiles))\(load)\(failures)\(notes)"
  }

  private func fact(_ value: String, _ more: String) -> HTML { "\(value)<small>\(more)</small>" }

  // MARK: Tables

  private var front: HTML {
    let rows = results.front.map { row -> [ReportTable.Cell] in
      [
        ReportTable.Cell(results.name(row)), duration(results.time(row)), number(row.total_loss), fixed(row.psnr_db, 2),
        number(row.lpips_style), number(row.domain_loss), memory(row.peak_rss_bytes),
        ReportTable.Cell(
          "<span class=\"options\">\(results.parameters(row).map { "<code>--\($0.name) \($0.value)</code> " as HTML })</span>",
          key: ""),
      ]
    }
    let table = ReportTable(
      columns: [
        ReportTable.Column("Configuration", isNumeric: false), ReportTable.Column("Time", unit: timeUnit),
        ReportTable.Column("Total loss"), ReportTable.Column("PSNR", unit: "dB"), ReportTable.Column("LPIPS-style"),
        ReportTable.Column("In-domain", unit: "mean square"), ReportTable.Column("Memory", unit: "peak"),
        ReportTable.Column("As invert", isNumeric: false, isSortable: false),
      ], rows: rows, caption: "Configurations on the Pareto front of time and total loss")
    return """
      <p class="quiet">The Pareto front: no other configuration is both as fast and as low in total loss. From the fastest to \
      the best.</p>
      \(table.html())
      """
  }

  private var table: HTML {
    let hasEdits = results.configurations.contains { $0.edits_flipped_share != nil }
    let hasLPIPS = results.configurations.contains { $0.lpips != nil }
    let hasIdentity = results.configurations.contains { $0.identity != nil }
    var columns = [
      ReportTable.Column("Configuration", isNumeric: false),
      ReportTable.Column("Front", hint: "Of time and total loss"),
      ReportTable.Column("Steps", hint: "Evaluations of the objective"), ReportTable.Column("Time", unit: "per image"),
      ReportTable.Column("Processor", unit: "time", hint: "Of all threads"),
      ReportTable.Column("Start", unit: "of a process"),
      ReportTable.Column("Memory", unit: "peak"), ReportTable.Column("Total loss"), ReportTable.Column("Pixels"),
      ReportTable.Column("Perceptual"), ReportTable.Column("In-domain"), ReportTable.Column("PSNR", unit: "dB"),
      ReportTable.Column("SSIM"), ReportTable.Column("LPIPS-style"),
    ]
    if hasLPIPS { columns.append(ReportTable.Column("LPIPS")) }
    if hasIdentity { columns.append(ReportTable.Column("Identity", hint: "Cosine of ArcFace's vectors: 1 is best")) }
    if hasEdits {
      columns += [
        ReportTable.Column("Edits", unit: "succeed"), ReportTable.Column("Steps", unit: "to that"),
        ReportTable.Column("Others", unit: "change", hint: "Of the other attributes, in standard deviations"),
      ]
    }
    let rows = results.configurations.map { row -> [ReportTable.Cell] in
      var cells = [
        ReportTable.Cell(results.name(row)), ReportTable.Cell(row.is_on_front ? "●" : "", key: row.is_on_front ? 1 : 0),
        fixed(row.steps_per_image, row.steps_per_image == row.steps_per_image?.rounded() ? 0 : 1),
        duration(row.seconds_per_image), duration(row.cpu_seconds_per_image), duration(row.startup_seconds),
        memory(row.peak_rss_bytes), number(row.total_loss), number(row.pixel_loss), number(row.perceptual_loss),
        number(row.domain_loss), fixed(row.psnr_db, 2), fixed(row.ssim, 3), number(row.lpips_style),
      ]
      if hasLPIPS { cells.append(fixed(row.lpips, 3)) }
      if hasIdentity { cells.append(fixed(row.identity, 3)) }
      if hasEdits {
        let share = row.edits_flipped_share
        cells += [
          ReportTable.Cell(HTML(text: share.map { "\(Figure.fixed($0 * 100, 0)) %" } ?? "–"), key: share),
          fixed(row.edits_mean_steps, 2), fixed(row.edits_others_change_deviations, 3),
        ]
      }
      return cells
    }
    return ReportTable(columns: columns, rows: rows, caption: "All configurations").html()
  }

  private func number(_ value: Double?) -> ReportTable.Cell {
    ReportTable.Cell(HTML(text: Figure.significant(value)), key: value)
  }

  private func fixed(_ value: Double?, _ digits: Int) -> ReportTable.Cell {
    ReportTable.Cell(HTML(text: Figure.fixed(value, digits)), key: value)
  }

  private func duration(_ seconds: Double?) -> ReportTable.Cell {
    ReportTable.Cell(HTML(text: Figure.duration(seconds)), key: seconds)
  }

  private func memory(_ bytes: Int?) -> ReportTable.Cell {
    ReportTable.Cell(HTML(text: bytes.map(humanBytes) ?? "–"), key: bytes.map(Double.init))
  }

  // MARK: Curves

  private var curves: HTML {
    var small = [
      chart(.psnr_db, "PSNR", "PSNR, dB", isMoreBetter: true),
      chart(.lpips_style, "LPIPS-style distance", "distance"),
      chart(.domain_loss, "Distance from the domain", "mean((z − E(G(z)))²)"),
      chart(.edits_others_change_deviations, "What edits do to other attributes", "standard deviations"),
    ]
    small.append(memoryChart)
    return """
      <p class="quiet">Each dot is a configuration, each line one optimizer with more and more steps, from the encoder alone. Hover \
      over a dot for its figures.</p>
      \(mainChart?.html() ?? "")
      <div class="charts two">\(small)</div>
      """
  }

  private func chart(
    _ measure: QualityResults.Measure, _ title: String, _ yTitle: String, isMoreBetter: Bool = false
  ) -> HTML {
    frontChart(measure, title, yTitle, isMoreBetter: isMoreBetter)?.html() ?? ""
  }

  /// The page's first chart, which is a file of its own, too.
  package var mainChart: FrontChart? {
    guard var chart = frontChart(.total_loss, "Total loss", "total loss, logarithmic") else { return nil }
    chart.isLarge = true
    chart.colorNames = results.optimizers
    if results.settings.count > 1 { chart.dashNames = results.settings }
    return chart
  }

  private func frontChart(
    _ measure: QualityResults.Measure, _ title: String, _ yTitle: String, isMoreBetter: Bool = false
  ) -> FrontChart? {
    let front = Set(results.front(measure).map { results.configurations[$0].id })
    let series = series(front: front, x: results.time) { $0.value(measure) }
    guard series.contains(where: { !$0.points.isEmpty }) else { return nil }
    return FrontChart(
      title: title,
      xTitle: "\(results.clock == .wall ? "seconds" : "processor seconds") per image, logarithmic", yTitle: yTitle,
      yKind: measure == .total_loss || measure == .domain_loss ? .logarithmic : .linear, isMoreBetter: isMoreBetter,
      series: series)
  }

  /// Where memory differs: what it buys.
  private var memoryChart: HTML {
    let rows = results.configurations
    let points = rows.map { (cost: $0.megabytes ?? .nan, error: $0.total_loss ?? .nan) }
    let front = Set(ParetoFront.indices(of: points).map { rows[$0].id })
    let series = series(front: front, x: \.megabytes, \.total_loss)
    guard series.contains(where: { !$0.points.isEmpty }) else { return "" }
    return FrontChart(
      title: "Peak memory", xTitle: "MB", yTitle: "total loss, logarithmic", xKind: .linear, yKind: .logarithmic,
      hasLines: false, series: series
    ).html()
  }

  /// One line for each optimizer and setting; it begins at the encoder of that setting.
  private func series(
    front: Set<String>, x: (QualityResults.Row) -> Double?, _ y: (QualityResults.Row) -> Double?
  ) -> [FrontChart.Series] {
    func point(_ row: QualityResults.Row) -> FrontChart.Point? {
      guard let across = x(row), let up = y(row) else { return nil }
      return FrontChart.Point(
        x: across, y: up, label: results.methodName(row), title: title(row), isOnFront: front.contains(row.id))
    }
    var result: [FrontChart.Series] = []
    for (dash, setting) in results.settings.enumerated() {
      let encoder = results.configurations.first { results.settingName($0) == setting && $0.optimizer == "encoder" }
        .flatMap(point)
      for (color, optimizer) in results.optimizers.enumerated() {
        let rows = results.configurations.filter { results.settingName($0) == setting && $0.optimizer == optimizer }
        guard !rows.isEmpty else { continue }
        var series = FrontChart.Series(color: color, dash: dash, points: rows.compactMap(point))
        if optimizer != "encoder" { series.start = encoder.map { ($0.x, $0.y) } }
        result.append(series)
      }
    }
    return result
  }

  private func title(_ row: QualityResults.Row) -> String {
    var lines = [
      results.name(row), "\(Figure.duration(results.time(row))) \(timeUnit)",
      "total loss \(Figure.significant(row.total_loss))",
      "PSNR \(Figure.fixed(row.psnr_db, 2)) dB",
    ]
    if let bytes = row.peak_rss_bytes { lines.append("\(humanBytes(bytes)) at most") }
    return lines.joined(separator: "\n")
  }

  // MARK: Pictures

  private var matrix: HTML {
    let columns = pictures.columns.map { id -> HTML in
      guard let row = results.row(id) else { return "" }
      return "\(results.name(row))<br><small>\(Figure.duration(results.time(row)))</small>"
    }
    let table = PictureMatrix(
      corner: "", columns: ["original"] + columns,
      rows: pictures.rows.map { row in
        PictureMatrix.Row(
          head: HTML(text: row.name),
          cells: [row.original.element(alt: "\(row.name), original")]
            + zip(pictures.columns, row.results).map { $1.element(alt: "\(row.name), \($0)") })
      }, caption: "The first images by the configurations on the front")
    return """
      <p class="quiet">The first images, not chosen, by configurations on the front: time grows to the right.</p>
      \(table.html())
      """
  }

  private var explanations: HTML {
    let edited =
      results.edited_images > 0
      ? """
      <b>Edits</b>: the codes of the first \(results.edited_images) images are moved along each boundary, towards the other \
      side, until the attribute network sees the attribute cross its threshold: how many succeed, after how many steps, and \
      how much the other attributes change by then.
      """ as HTML : ""
    return """
      <p>Each configuration runs in a process of its own, one image after the other, \(results.rounds) \
      time\(results.rounds == 1 ? "" : "s"), in rounds that go through all configurations back and forth. <b>Time</b> goes from pixels to \
      code: encoding, the target's features, all steps; each image's median over the rounds, mean over the images. \
      <b>Processor</b> time is that of all threads together. <b>Memory</b>: the most that the process had in use, the mapped model file included (VmHWM).</p>
      <p>What was found is judged by the model file as it is, in f32, whatever weights and arithmetic found it: the total loss \
      is the published objective at the code; <b>in-domain</b> is its last term, mean((z − E(G(z)))²). <b>PSNR</b>, \
      <b>SSIM</b> and <b>LPIPS-style</b> (features of the model's own F, at unit length over the channels; not LPIPS) compare \
      the 8-bit picture that the configuration itself rendered with the original. \(edited)</p>
      """
  }
}

extension QualityResults.Row {
  fileprivate var megabytes: Double? { peak_rss_bytes.map { Double($0) * 1e-6 } }
}
