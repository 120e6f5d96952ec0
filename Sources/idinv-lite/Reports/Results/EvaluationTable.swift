import Inversion

// `evaluation.csv` and `precision_recall.csv`.

extension EvaluationResults {
  /// All figures as a table: part, subject, item, metric, value.
  package func csv() -> String {
    var table = FigureTable()
    for row in reconstruction { row.add(to: &table) }
    for row in analysis { row.add(to: &table) }
    for row in edits { row.add(to: &table) }
    for row in ablation { row.add(to: &table) }
    for row in interpolation { row.add(to: &table) }
    if let samples {
      table.add(
        "samples", "generator", "\(samples.samples)",
        [
          ("frechet_distance", samples.frechet_distance),
          ("floor_frechet_distance", samples.floor_frechet_distance),
        ])
    }
    return table.text
  }

  /// Precision and recall at each threshold, of all methods.
  package static func csv(_ analyses: [(method: InversionMethod, analysis: SemanticAnalysis)]) -> String {
    var table = CSVTable(["method", "attribute", "threshold", "precision", "recall"])
    for (method, analysis) in analyses {
      for attribute in analysis.attributes {
        for point in attribute.curve?.points ?? [] {
          table.add([
            method.rawValue, attribute.name, "\(point.threshold)", "\(point.precision)", "\(point.recall)",
          ])
        }
      }
    }
    return table.text
  }
}

/// A line for each figure that there is.
private struct FigureTable {
  private var table = CSVTable(["part", "subject", "item", "metric", "value"])

  mutating func add(_ part: String, _ subject: String, _ item: String, _ metrics: [(String, Double?)]) {
    for (metric, value) in metrics {
      if let value { table.add([part, subject, item, metric, "\(value)"]) }
    }
  }

  var text: String { table.text }
}

extension EvaluationResults.Method {
  fileprivate func add(to table: inout FigureTable) {
    table.add(
      "reconstruction", method.rawValue, "mean",
      [
        ("mse_pm1", mse_pm1), ("psnr_db", psnr_db), ("ssim", ssim), ("lpips_style", lpips_style),
        ("lpips", lpips), ("identity", identity),
        ("in_domain_mean_square", in_domain_mean_square), ("frechet_distance", frechet_distance),
        ("swd_times_1000", swd_times_1000), ("seconds_per_image", seconds_per_image),
        ("attributes_r2_mean", attributes_r2_mean), ("sharpness", sharpness),
      ])
    for (attribute, r2) in (attributes_r2 ?? [:]).sorted(by: { $0.key < $1.key }) {
      table.add("reconstruction", method.rawValue, attribute, [("attributes_r2", r2)])
    }
    for image in images {
      table.add(
        "reconstruction", method.rawValue, image.name,
        [
          ("mse_pm1", image.mse_pm1), ("psnr_db", image.psnr_db), ("ssim", image.ssim),
          ("lpips_style", image.lpips_style), ("lpips", image.lpips), ("identity", image.identity),
          ("in_domain_mean_square", image.in_domain_mean_square),
          ("seconds", image.seconds),
        ])
    }
  }
}

extension EvaluationResults.Analysis {
  fileprivate func add(to table: inout FigureTable) {
    for attribute in attributes {
      table.add(
        "analysis", method.rawValue, attribute.name,
        [("average_precision", attribute.average_precision), ("correlation", attribute.correlation)])
    }
  }
}

extension EvaluationResults.Edits {
  fileprivate func add(to table: inout FigureTable) {
    for boundary in edits.boundaries {
      table.add(
        "edits", method.rawValue, boundary.name,
        [
          ("flipped_share", boundary.flipped_share), ("named_change_deviations", boundary.named_change),
          ("others_change_deviations", boundary.others_change),
        ])
    }
  }
}

extension EvaluationResults.Ablation {
  fileprivate func add(to table: inout FigureTable) {
    table.add(
      "ablation", "in-domain", "lambda_domain=\(lambda_domain)",
      [
        ("mse_pm1", mse_pm1), ("psnr_db", psnr_db), ("lpips_style", lpips_style),
        ("lpips", lpips), ("identity", identity),
        ("in_domain_mean_square", in_domain_mean_square), ("flipped_share", flipped_share),
        ("named_change_deviations", named_change_deviations),
        ("others_change_deviations", others_change_deviations),
        ("edited_frechet_distance", edited_frechet_distance),
        ("mean_average_precision", mean_average_precision),
      ])
  }
}

extension EvaluationResults.Interpolation {
  fileprivate func add(to table: inout FigureTable) {
    table.add(
      "interpolation", method.rawValue, "mean",
      [
        ("path_length", interpolation.path_length), ("unevenness", interpolation.unevenness),
        ("halfway_frechet_distance", interpolation.halfway_frechet_distance),
      ])
    for (index, score) in interpolation.in_domain_mean_square.enumerated() {
      table.add(
        "interpolation", method.rawValue, "t=\(index)/\(interpolation.steps)", [("in_domain_mean_square", score)])
    }
  }
}
