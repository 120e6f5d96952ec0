import Inversion

/// How an evaluation becomes a page.
package struct EvaluationPage {
  package var run: InversionReport.Run
  package var results: EvaluationResults
  package var curves: [(method: InversionMethod, analysis: SemanticAnalysis)]
  package var pictures: EvaluationPictures

  package init(
    run: InversionReport.Run, results: EvaluationResults,
    curves: [(method: InversionMethod, analysis: SemanticAnalysis)], pictures: EvaluationPictures
  ) {
    self.run = run
    self.results = results
    self.curves = curves
    self.pictures = pictures
  }

  package func page() -> HTMLPage {
    var page = run.page(
      title: "Evaluation of \(run.modelName)",
      lead: "The experiments of the paper on \(results.images) images: how well, how fast, and how much can be edited.")
    page.addSection("Summary", id: "summary", summary)
    page.addSection("Held against the paper", id: "paper", findings)
    page.addSection("Reconstruction and speed", id: "reconstruction", reconstruction)
    if !results.analysis.isEmpty { page.addSection("Semantic analysis", id: "analysis", analysis) }
    if !results.edits.isEmpty { page.addSection("Manipulation", id: "manipulation", edits) }
    if !results.ablation.isEmpty { page.addSection("Weight of the domain term", id: "ablation", ablation) }
    if !results.interpolation.isEmpty { page.addSection("Interpolation", id: "interpolation", interpolation) }
    if let samples = results.samples {
      page.addSection("Samples of the generator", id: "samples", self.samples(samples))
    }
    page.addSection("How it is measured", id: "measures", explanations)
    return page
  }

  private var summary: HTML {
    let ours = results.reconstruction.first { $0.method == .inDomain }
    let average = results.analysis.first { $0.method == .inDomain }?.mean_average_precision
    let flipped = results.edits.first { $0.method == .inDomain }?.flipped_share
    let holding = results.findings.count { $0.holds }
    return HTMLPage.tiles([
      HTMLPage.Fact("PSNR, in-domain", text: "\(Figure.fixed(ours?.psnr_db, 2)) dB"),
      HTMLPage.Fact("Time per image", text: Figure.duration(ours?.seconds_per_image)),
      HTMLPage.Fact("Mean average precision", text: Figure.fixed(average, 3)),
      HTMLPage.Fact("Edits that succeed", text: flipped.map { "\(Figure.fixed($0 * 100, 0)) %" } ?? "–"),
      HTMLPage.Fact("Claims that hold here", text: "\(holding) of \(results.findings.count)"),
    ])
  }

  private var findings: HTML {
    let table = ReportTable(
      columns: [
        ReportTable.Column("Here", isNumeric: false),
        ReportTable.Column("The paper's claim", hint: "and what was measured", isNumeric: false),
      ],
      rows: results.findings.map { finding in
        let mark: HTML = finding.holds ? "holds" : "<b>does not hold</b>"
        let basis =
          finding.isFromFewImages
          ? "\(finding.images) images only: too few to tell" : "\(finding.images) images"
        return [
          ReportTable.Cell(mark, key: finding.holds ? "1" : "0"),
          ReportTable.Cell(
            "<span class=\"text\">\(finding.claim)<small>\(finding.numbers) (\(basis))</small></span>",
            key: finding.claim),
        ]
      }, caption: "Claims of the paper and what was measured")
    let notes = results.notes.map { "<p class=\"note\">\($0)</p>\n" as HTML }
    return "\(table.html())\(notes)"
  }

  /// In a sentence.
  private var judgeName: String {
    results.judge.map { "the judge, \($0)" } ?? "the model's own feature network"
  }

  /// Of networks that were trained to compare pictures, where there are any.
  private var learnedColumns: [(column: ReportTable.Column, value: (EvaluationResults.Method) -> Double?)] {
    let all: [(column: ReportTable.Column, value: (EvaluationResults.Method) -> Double?)] = [
      (ReportTable.Column("LPIPS", hint: "Version 0.1: 0 is best"), { $0.lpips }),
      (ReportTable.Column("Identity", hint: "Cosine of ArcFace's vectors: 1 is best"), { $0.identity }),
    ]
    return all.filter { entry in results.reconstruction.contains { entry.value($0) != nil } }
  }

  private var reconstruction: HTML {
    let measured = learnedColumns
    let rows = results.reconstruction.map { row -> [ReportTable.Cell] in
      let seen = [
        ReportTable.Cell(row.method.title), number(row.mse_pm1), fixed(row.psnr_db, 2), fixed(row.ssim, 3),
        number(row.lpips_style),
      ]
      let learned = measured.map { fixed($0.value(row), 3) }
      let rest = [
        number(row.frechet_distance), number(row.swd_times_1000),
        fixed(row.attributes_r2_mean, 3), fixed(row.sharpness, 2), number(row.in_domain_mean_square),
        ReportTable.Cell(HTML(text: Figure.duration(row.seconds_per_image)), key: row.seconds_per_image),
        ReportTable.Cell("\(row.iterations)", key: Double(row.iterations)),
      ]
      return seen + learned + rest
    }
    let table = ReportTable(
      columns: [
        ReportTable.Column("Method", isNumeric: false), ReportTable.Column("MSE", unit: "pixels in ±1"),
        ReportTable.Column("PSNR", unit: "dB"), ReportTable.Column("SSIM"),
        ReportTable.Column("LPIPS-style", hint: "In the model's own features, not LPIPS"),
      ] + measured.map(\.column) + [
        ReportTable.Column(
          "Fréchet", hint: "In features of the judge, not of Inception: not the FID of the literature"),
        ReportTable.Column("SWD", unit: "× 1000"),
        ReportTable.Column(
          "Attributes", unit: "R²", hint: "Read off the reconstruction, against the original: 1 is best"),
        ReportTable.Column("Sharpness", hint: "Gradient energy, in that of the originals: 1 is best"),
        ReportTable.Column("In-domain", unit: "mean square"),
        ReportTable.Column("Time", unit: "per image"), ReportTable.Column("Steps"),
      ], rows: rows, caption: "Reconstruction by method")
    let matrix = PictureMatrix(
      corner: "", columns: ["original"] + results.plan.methods.map { HTML(text: $0.title) },
      rows: pictures.reconstructed.map { row in
        PictureMatrix.Row(
          head: HTML(text: row.name),
          cells: [row.original.element(alt: "\(row.name), original")]
            + zip(results.plan.methods, row.results).map { $1.element(alt: "\(row.name), \($0.title)") })
      }, caption: "Reconstructions of the first images")
    return """
      <p class="quiet">Means over \(results.plan.reconstructionCount) images. Of SSIM, PSNR, identity, attributes and sharpness, more is better; of all others, less.</p>
      \(table.html())\(matrix.html())
      """
  }

  private var analysis: HTML {
    let names = results.analysis.first?.attributes.map(\.name) ?? []
    let rows = results.analysis.map { row -> [ReportTable.Cell] in
      let cells: [ReportTable.Cell] = row.attributes.map { fixed($0.average_precision, 3) }
      return [ReportTable.Cell(row.method.title)] + cells + [fixed(row.mean_average_precision, 3)]
    }
    let chance = (results.analysis.first?.attributes ?? []).map {
      fixed($0.count > 0 ? Double($0.positives) / Double($0.count) : nil, 3)
    }
    let table = ReportTable(
      columns: [ReportTable.Column("Method", isNumeric: false)] + names.map { ReportTable.Column($0) }
        + [ReportTable.Column("mean")],
      rows: rows, footer: [ReportTable.Cell("share of positives: chance")] + chance + [ReportTable.Cell("")],
      caption: "Average precision by method and attribute")
    let charts = names.indices.map { index in
      LineChart(
        title: names[index], xTitle: "recall",
        series: curves.compactMap { method, analysis in
          analysis.attributes[index].curve.map {
            LineChart.Series(method.title, style: method.style, points: Self.resampled($0))
          }
        }, axesHold: (x: [0, 1], y: [0, 1])
      ).html()
    }
    return """
      <p class="quiet">Precision against recall of each attribute on \(results.plan.analysisCount) images: the score is the \
      signed distance of the inverted code to the attribute's boundary, the label what the attribute network reads off the \
      original.</p>
      \(table.html())<div class="charts">\(charts)</div>
      """
  }

  /// Precision at evenly spaced recalls: that of the highest threshold which reaches them.
  private static func resampled(_ curve: PrecisionRecall) -> [(x: Double, y: Double)] {
    (0...50).map { step in
      let recall = Double(step) / 50
      let point = curve.points.first { $0.recall >= recall - 1e-12 } ?? curve.points[curve.points.count - 1]
      return (x: recall, y: point.precision)
    }
  }

  private var edits: HTML {
    let rows = results.edits.flatMap { row in
      row.edits.boundaries.map { boundary -> [ReportTable.Cell] in
        [
          ReportTable.Cell(boundary.name), ReportTable.Cell(row.method.title),
          ReportTable.Cell("\(Figure.fixed(boundary.flipped_share * 100, 0)) %", key: boundary.flipped_share),
          fixed(boundary.mean_steps, 1), fixed(boundary.named_change, 2), fixed(boundary.others_change, 2),
          number(boundary.step_alpha),
        ]
      }
    }
    let table = ReportTable(
      columns: [
        ReportTable.Column("Boundary", isNumeric: false), ReportTable.Column("Codes", isNumeric: false),
        ReportTable.Column("Succeed", hint: "The attribute network sees the attribute cross its threshold"),
        ReportTable.Column("Steps", unit: "to that"), ReportTable.Column("Change", unit: "deviations"),
        ReportTable.Column("of the others", unit: "deviations"), ReportTable.Column("α of a step"),
      ], rows: rows, caption: "Edits by boundary and method")
    let matrix = PictureMatrix(
      corner: "", columns: EvaluationPictures.editSteps.map { HTML(text: "\(Figure.label(Double($0))) steps") },
      rows: pictures.edited.map { row in
        PictureMatrix.Row(
          head: "\(row.boundary)<br><small>\(row.name)</small>",
          cells: row.frames.map { $0.element(alt: "\(row.name), \(row.boundary)") })
      }, caption: "One edit of each boundary")
    return """
      <p class="quiet">\(results.plan.editCount) images, each moved towards the other side of the attribute in up to \
      \(EditEvaluation.stepCount) steps.</p>
      \(table.html())\(matrix.html())
      """
  }

  private var ablation: HTML {
    let rows = results.ablation.map { row -> [ReportTable.Cell] in
      [
        ReportTable.Cell(HTML(text: Figure.label(Double(row.lambda_domain))), key: Double(row.lambda_domain)),
        number(row.mse_pm1), fixed(row.psnr_db, 2), number(row.lpips_style), number(row.in_domain_mean_square),
        ReportTable.Cell(
          HTML(text: row.flipped_share.map { "\(Figure.fixed($0 * 100, 0)) %" } ?? "–"), key: row.flipped_share),
        fixed(row.named_change_deviations, 2), fixed(row.others_change_deviations, 3),
        number(row.edited_frechet_distance),
        fixed(row.mean_average_precision, 3),
      ]
    }
    let table = ReportTable(
      columns: [
        ReportTable.Column("λ"), ReportTable.Column("MSE", unit: "pixels in ±1"),
        ReportTable.Column("PSNR", unit: "dB"),
        ReportTable.Column("LPIPS-style"), ReportTable.Column("In-domain", unit: "mean square"),
        ReportTable.Column("Succeed", hint: "Edits that succeed, mean over the boundaries"),
        ReportTable.Column("Change", unit: "deviations"), ReportTable.Column("of the others", unit: "deviations"),
        ReportTable.Column("Fréchet", unit: "of edited images"), ReportTable.Column("mean AP"),
      ], rows: rows, caption: "Reconstruction and manipulation by the weight of the domain term")
    var charts: [HTML] = []
    func chart(_ title: String, _ yTitle: String, _ value: (EvaluationResults.Ablation) -> Double?) {
      let points = results.ablation.compactMap { row -> (x: Double, y: Double)? in
        guard let psnr = row.psnr_db, let y = value(row) else { return nil }
        return (psnr, y)
      }
      guard points.count > 1 else { return }
      charts.append(
        LineChart(
          title: title, xTitle: "PSNR of the reconstruction, dB",
          series: [
            LineChart.Series(
              yTitle, style: 0, points: points,
              marks: results.ablation.map { "λ \(Figure.label(Double($0.lambda_domain)))" })
          ], hoverCount: 0
        ).html())
    }
    chart("Reconstruction against distance from the domain", "mean((z − E(G(z)))²)") { $0.in_domain_mean_square }
    chart("Reconstruction against what edits do to other attributes", "change of the others") {
      $0.others_change_deviations
    }
    let matrix = PictureMatrix(
      corner: "", columns: ["original"] + results.plan.lambdas.map { HTML(text: "λ \(Figure.label(Double($0)))") },
      rows: pictures.ablated.flatMap { row -> [PictureMatrix.Row] in
        let first = PictureMatrix.Row(
          head: "\(row.name)<br><small>reconstructed</small>",
          cells: [row.original.element(alt: "\(row.name), original")]
            + row.results.map { $0.element(alt: "\(row.name), reconstructed") })
        guard !row.edited.isEmpty else { return [first] }
        let name = pictures.edited.first?.boundary ?? ""
        return [
          first,
          PictureMatrix.Row(
            head: "<small>moved along \(name)</small>",
            cells: [""] + row.edited.map { $0.element(alt: "\(row.name), \(name)") }),
        ]
      }, caption: "Reconstructions and edits by λ")
    return """
      <p class="quiet">\(results.plan.ablationCount) images, \(results.plan.iterations) steps each.</p>
      \(table.html())<div class="charts">\(charts)</div>\(matrix.html())
      """
  }

  private var interpolation: HTML {
    let rows = results.interpolation.map { row -> [ReportTable.Cell] in
      let line = row.interpolation
      return [
        ReportTable.Cell(row.method.title), number(line.path_length), fixed(line.unevenness, 2),
        number(line.in_domain_mean_square.isEmpty ? nil : line.in_domain_mean_square[line.steps / 2]),
        number(line.halfway_frechet_distance),
      ]
    }
    let table = ReportTable(
      columns: [
        ReportTable.Column("Codes", isNumeric: false),
        ReportTable.Column("Path length", hint: "LPIPS-style, times steps²"),
        ReportTable.Column("Unevenness", unit: "1 is even"), ReportTable.Column("In-domain", unit: "halfway"),
        ReportTable.Column("Fréchet", unit: "halfway"),
      ], rows: rows, caption: "Interpolation by method")
    let chart = LineChart(
      title: "In-domain score along the way", xTitle: "position",
      series: results.interpolation.map { row in
        LineChart.Series(
          row.method.title, style: row.method.style,
          points: row.interpolation.in_domain_mean_square.enumerated().map {
            (x: Double($0) / Double(row.interpolation.steps), y: $1)
          })
      }, beginsAtZero: true)
    let matrix = PictureMatrix(
      corner: "",
      columns: (0...InterpolationEvaluation.stepCount).map {
        HTML(text: Figure.fixed(Double($0) / Double(InterpolationEvaluation.stepCount), 2))
      },
      rows: pictures.lines.map { line in
        PictureMatrix.Row(
          head: HTML(text: line.method.title), cells: line.frames.map { $0.element(alt: line.method.title) })
      }, caption: "The first pair")
    return """
      <p class="quiet">Straight lines between \(results.plan.interpolationCount / 2) pairs of codes in \
      \(InterpolationEvaluation.stepCount) steps.</p>
      \(table.html())\(chart.html())\(matrix.html())
      """
  }

  private func samples(_ samples: SampleEvaluation) -> HTML {
    HTMLPage.tiles([
      HTMLPage.Fact(
        "Fréchet distance, \(samples.samples) samples", text: Figure.significant(samples.frechet_distance)),
      HTMLPage.Fact("Half of the images to the other", text: Figure.significant(samples.floor_frechet_distance)),
    ])
  }

  private var explanations: HTML {
    let methods = results.plan.methods.map { "<dt>\($0.title)</dt><dd>\($0.explanation)</dd>\n" as HTML }
    return """
      <dl class="terms">\(methods)</dl>
      <p><b>MSE</b>, <b>PSNR</b> and <b>SSIM</b> compare 8-bit pictures; SSIM is that of Wang et al. (2004) with a Gaussian \
      window of σ = 1.5. <b>LPIPS-style</b>: features of the model's own F, brought to unit length over the channels at each \
      position, squared difference, mean over positions; it is not LPIPS, which has another network and learned weights. \
      <b>LPIPS</b> (Zhang et al., 2018) and <b>identity</b>, the cosine of ArcFace's vectors (Deng et al., 2019), are shown where \
      a file with their networks was given. \
      <b>Fréchet</b>: of normal distributions fitted to features of \(judgeName), averaged over positions; it is not the FID of the \
      literature, because that is no Inception, and depends on the number of images. <b>SWD</b>: sliced Wasserstein distance of \
      7 × 7 patches of a Laplacian pyramid as in Progressive GAN (128 patches per image and level, 128 directions), mean \
      over the levels. <b>In-domain</b>: mean((z − E(G(z)))²).</p>
      <p>An attribute's <b>threshold</b> is the middle between the 5 % and 95 % quantiles of what the attribute network reads \
      off the originals; its <b>deviation</b> is over the same images. A <b>step</b> of an edit moves the signed distance by \
      \(Figure.fixed(EditEvaluation.stepSize, 2)) of its own deviation over the in-domain codes. <b>Changes</b> are measured \
      where the attribute crosses, or at the last step. Attributes are read by \(judgeName).</p>
      <p>Figures depend on the images and their number: compare them within this page. The codes and results of all parts \
      are in <code>evaluation.journal</code>; the figures in <code>evaluation.json</code> and <code>evaluation.csv</code>, the \
      curves in <code>precision_recall.csv</code>.</p>

      """
  }

  private func number(_ value: Double?) -> ReportTable.Cell {
    ReportTable.Cell(HTML(text: value == nil ? "–" : Figure.significant(value)), key: value)
  }

  private func fixed(_ value: Double?, _ decimals: Int) -> ReportTable.Cell {
    ReportTable.Cell(HTML(text: Figure.fixed(value, decimals)), key: value)
  }
}
