import Inversion

/// What `optimizers.html` tells: how optimizers come down on the same images.
package struct OptimizerPage {
  package var run: InversionReport.Run
  package var steps: Int
  package var figures: [OptimizerFigures]
  package var images: [OptimizerComparison.Comparison]

  package init(
    run: InversionReport.Run, steps: Int, figures: [OptimizerFigures], images: [OptimizerComparison.Comparison]
  ) {
    self.run = run
    self.steps = steps
    self.figures = figures
    self.images = images
  }

  package func page() -> HTMLPage {
    var page = run.page(
      title: "Optimizers on \(images.count) images",
      lead: "The least total loss so far, over the loss that \(steps) published steps of Adam end with.")
    page.addSection("Figures", table())
    page.addSection("Curves", "\(chart("Median of the images", 0.5))\(chart("90th percentile of the images", 0.9))")
    page.addSection(
      "How to read the figures",
      """
      <p>Evaluations and time are those until the published loss is reached, over those of \(steps) published steps; – where \
      it is not reached. The domain term is compared at that moment. Percentiles are ranks.</p>

      """)
    return page
  }

  private func table() -> HTML {
    func cell(_ value: Double?, _ decimals: Int = 3) -> ReportTable.Cell {
      ReportTable.Cell(HTML(text: Figure.fixed(value, decimals)), key: value)
    }
    return ReportTable(
      columns: [
        ReportTable.Column("Optimizer", isNumeric: false), ReportTable.Column("Reached"),
        ReportTable.Column("Evaluations", unit: "median"), ReportTable.Column("Evaluations", unit: "p90"),
        ReportTable.Column("Time", unit: "median"), ReportTable.Column("Time", unit: "p90"),
        ReportTable.Column("Loss", unit: "at published time", hint: "Median of the loss over the published one"),
        ReportTable.Column("Domain term", unit: "median"), ReportTable.Column("Worse", unit: "than the start"),
      ],
      rows: figures.map { row in
        [
          ReportTable.Cell(row.method), cell(Double(row.reached), 0), cell(row.evaluations_median),
          cell(row.evaluations_p90), cell(row.time_median), cell(row.time_p90),
          cell(row.loss_at_published_time_median), cell(row.domain_at_published_loss_median),
          cell(Double(row.worse_than_start), 0),
        ]
      }, caption: "Against the published procedure"
    ).html()
  }

  /// A quantile over the images at each evaluation; a run that has ended keeps its loss.
  private func chart(_ title: String, _ share: Double) -> HTML {
    let series = figures.enumerated().map { style, row in
      var best = [Double](repeating: .infinity, count: images.count)
      let points = (0..<steps).map { step -> (x: Double, y: Double) in
        for (index, image) in images.enumerated() {
          guard let run = image.runs[row.method], step < run.total.count else { continue }
          best[index] = min(best[index], Double(run.total[step] / image.publishedLoss))
        }
        return (Double(step + 1), Figure.quantile(best, share) ?? .nan)
      }
      return LineChart.Series(row.method, style: style, points: points)
    }
    return LineChart(title: title, xTitle: "evaluation", yKind: .logarithmic, series: series).html()
  }
}
