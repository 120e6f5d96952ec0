import Foundation
import Inversion

/// `evaluation.json`: every figure with its unit or range in its key.
struct EvaluationResults: Encodable {
  struct Method: Encodable {
    var method: InversionMethod
    var iterations: Int
    /// Means over the images.
    var mse_pm1: Double?
    var psnr_db: Double?
    var ssim: Double?
    var lpips_style: Double?
    var in_domain_mean_square: Double?
    var frechet_distance_f: Double?
    var swd_times_1000: Double?
    var swd_levels_times_1000: [SlicedWasserstein.Level]
    var seconds_per_image: Double?
    var images: [ReconstructionEvaluation.Row]
  }
  struct Analysis: Encodable {
    var method: InversionMethod
    var mean_average_precision: Double?
    var attributes: [Attribute]

    struct Attribute: Encodable {
      var name: String
      var threshold: Double
      var positives: Int
      var count: Int
      var average_precision: Double?
      var correlation: Double?
    }
  }
  struct Edits: Encodable {
    var method: InversionMethod
    var flipped_share: Double
    var named_change_deviations: Double
    var others_change_deviations: Double
    var edits: EditEvaluation
  }
  struct Ablation: Encodable {
    var lambda_domain: Float
    var mse_pm1: Double?
    var psnr_db: Double?
    var lpips_style: Double?
    var in_domain_mean_square: Double?
    var flipped_share: Double?
    var named_change_deviations: Double?
    var others_change_deviations: Double?
    var edited_frechet_distance_f: Double?
    var mean_average_precision: Double?
  }
  struct Interpolation: Encodable {
    var method: InversionMethod
    var interpolation: InterpolationEvaluation
  }
  /// A claim of the paper, and what was measured.
  struct Finding: Encodable {
    var claim: String
    var holds: Bool
    var numbers: String
  }

  var version = IdinvLite.version
  var model: String
  var model_sha256: String
  var conventional_model: String?
  var images: Int
  var plan: EvaluationPlan
  var compute: String
  var tier: String
  var threads: Int
  var seconds: Double
  var reconstruction: [Method] = []
  var analysis: [Analysis] = []
  var edits: [Edits] = []
  var ablation: [Ablation] = []
  var interpolation: [Interpolation] = []
  var samples: SampleEvaluation?
  var findings: [Finding] = []
  /// What could not be measured, and why.
  var notes: [String] = []
  var skipped: [SkippedImage] = []
  var memory: MemoryChoice.Figures?

  /// The figures as lines: part, subject, item, metric, value.
  func csv() -> String {
    var lines = ["part,subject,item,metric,value"]
    func add(_ part: String, _ subject: String, _ item: String, _ metrics: [(String, Double?)]) {
      for (metric, value) in metrics {
        guard let value else { continue }
        lines.append([part, subject, item, metric, "\(value)"].map(Self.field).joined(separator: ","))
      }
    }
    for row in reconstruction {
      let name = row.method.rawValue
      add(
        "reconstruction", name, "mean",
        [
          ("mse_pm1", row.mse_pm1), ("psnr_db", row.psnr_db), ("ssim", row.ssim), ("lpips_style", row.lpips_style),
          ("in_domain_mean_square", row.in_domain_mean_square), ("frechet_distance_f", row.frechet_distance_f),
          ("swd_times_1000", row.swd_times_1000), ("seconds_per_image", row.seconds_per_image),
        ])
      for image in row.images {
        add(
          "reconstruction", name, image.name,
          [
            ("mse_pm1", image.mse_pm1), ("psnr_db", image.psnr_db), ("ssim", image.ssim),
            ("lpips_style", image.lpips_style), ("in_domain_mean_square", image.in_domain_mean_square),
            ("seconds", image.seconds),
          ])
      }
    }
    for row in analysis {
      for attribute in row.attributes {
        add(
          "analysis", row.method.rawValue, attribute.name,
          [("average_precision", attribute.average_precision), ("correlation", attribute.correlation)])
      }
    }
    for row in edits {
      for boundary in row.edits.boundaries {
        add(
          "edits", row.method.rawValue, boundary.name,
          [
            ("flipped_share", boundary.flipped_share), ("named_change_deviations", boundary.named_change),
            ("others_change_deviations", boundary.others_change),
          ])
      }
    }
    for row in ablation {
      add(
        "ablation", "in-domain", "lambda_domain=\(row.lambda_domain)",
        [
          ("mse_pm1", row.mse_pm1), ("psnr_db", row.psnr_db), ("lpips_style", row.lpips_style),
          ("in_domain_mean_square", row.in_domain_mean_square), ("flipped_share", row.flipped_share),
          ("named_change_deviations", row.named_change_deviations),
          ("others_change_deviations", row.others_change_deviations),
          ("edited_frechet_distance_f", row.edited_frechet_distance_f),
          ("mean_average_precision", row.mean_average_precision),
        ])
    }
    for row in interpolation {
      let line = row.interpolation
      add(
        "interpolation", row.method.rawValue, "mean",
        [
          ("path_length", line.path_length), ("unevenness", line.unevenness),
          ("halfway_frechet_distance_f", line.halfway_frechet_distance_f),
        ])
      for (index, score) in line.in_domain_mean_square.enumerated() {
        add("interpolation", row.method.rawValue, "t=\(index)/\(line.steps)", [("in_domain_mean_square", score)])
      }
    }
    if let samples {
      add(
        "samples", "generator", "\(samples.samples)",
        [
          ("frechet_distance_f", samples.frechet_distance_f),
          ("floor_frechet_distance_f", samples.floor_frechet_distance_f),
        ])
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The precision-recall curves as lines.
  static func csv(_ analyses: [(method: InversionMethod, analysis: SemanticAnalysis)]) -> String {
    var lines = ["method,attribute,threshold,precision,recall"]
    for (method, analysis) in analyses {
      for attribute in analysis.attributes {
        for point in attribute.curve?.points ?? [] {
          lines.append("\(method.rawValue),\(attribute.name),\(point.threshold),\(point.precision),\(point.recall)")
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  static func field(_ text: String) -> String {
    text.contains { [",", "\"", "\n", "\r"].contains($0) }
      ? "\"\(text.replacingOccurrences(of: "\"", with: "\"\""))\"" : text
  }
}

extension EvaluationResults.Method {
  init(_ method: InversionMethod, iterations: Int, _ evaluation: ReconstructionEvaluation) {
    self.init(
      method: method, iterations: iterations, mse_pm1: evaluation.mean(\.mse_pm1), psnr_db: evaluation.mean(\.psnr_db),
      ssim: evaluation.mean(\.ssim), lpips_style: evaluation.mean(\.lpips_style),
      in_domain_mean_square: evaluation.mean(\.in_domain_mean_square),
      frechet_distance_f: evaluation.frechet_distance_f, swd_times_1000: evaluation.swdMean,
      swd_levels_times_1000: evaluation.swd, seconds_per_image: evaluation.mean(\.seconds), images: evaluation.images)
  }
}

extension EvaluationResults.Analysis {
  init(_ method: InversionMethod, _ analysis: SemanticAnalysis) {
    self.init(
      method: method, mean_average_precision: analysis.meanAveragePrecision,
      attributes: analysis.attributes.map {
        Attribute(
          name: $0.name, threshold: $0.threshold, positives: $0.positives, count: $0.count,
          average_precision: $0.average_precision, correlation: $0.correlation)
      })
  }
}
