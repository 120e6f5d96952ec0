import Foundation
import Inversion

/// `evaluation.json`: every figure with its unit or range in its key.
package struct EvaluationResults: Encodable {
  package struct Method: Encodable {
    package var method: InversionMethod
    package var iterations: Int
    /// Means over the images.
    package var mse_pm1: Double?
    package var psnr_db: Double?
    package var ssim: Double?
    package var lpips_style: Double?
    package var in_domain_mean_square: Double?
    package var frechet_distance_f: Double?
    package var swd_times_1000: Double?
    package var swd_levels_times_1000: [SlicedWasserstein.Level]
    package var seconds_per_image: Double?
    package var images: [ReconstructionEvaluation.Row]

    package init(
      method: InversionMethod, iterations: Int, mse_pm1: Double? = nil, psnr_db: Double? = nil, ssim: Double? = nil,
      lpips_style: Double? = nil, in_domain_mean_square: Double? = nil, frechet_distance_f: Double? = nil,
      swd_times_1000: Double? = nil, swd_levels_times_1000: [SlicedWasserstein.Level],
      seconds_per_image: Double? = nil, images: [ReconstructionEvaluation.Row]
    ) {
      self.method = method
      self.iterations = iterations
      self.mse_pm1 = mse_pm1
      self.psnr_db = psnr_db
      self.ssim = ssim
      self.lpips_style = lpips_style
      self.in_domain_mean_square = in_domain_mean_square
      self.frechet_distance_f = frechet_distance_f
      self.swd_times_1000 = swd_times_1000
      self.swd_levels_times_1000 = swd_levels_times_1000
      self.seconds_per_image = seconds_per_image
      self.images = images
    }
  }
  package struct Analysis: Encodable {
    package var method: InversionMethod
    package var mean_average_precision: Double?
    package var attributes: [Attribute]

    package init(method: InversionMethod, mean_average_precision: Double? = nil, attributes: [Attribute]) {
      self.method = method
      self.mean_average_precision = mean_average_precision
      self.attributes = attributes
    }

    package struct Attribute: Encodable {
      package var name: String
      package var threshold: Double
      package var positives: Int
      package var count: Int
      package var average_precision: Double?
      package var correlation: Double?
    }
  }
  package struct Edits: Encodable {
    package var method: InversionMethod
    package var flipped_share: Double
    package var named_change_deviations: Double
    package var others_change_deviations: Double
    package var edits: EditEvaluation

    package init(
      method: InversionMethod, flipped_share: Double, named_change_deviations: Double,
      others_change_deviations: Double, edits: EditEvaluation
    ) {
      self.method = method
      self.flipped_share = flipped_share
      self.named_change_deviations = named_change_deviations
      self.others_change_deviations = others_change_deviations
      self.edits = edits
    }
  }
  package struct Ablation: Encodable {
    package var lambda_domain: Float
    package var mse_pm1: Double?
    package var psnr_db: Double?
    package var lpips_style: Double?
    package var in_domain_mean_square: Double?
    package var flipped_share: Double?
    package var named_change_deviations: Double?
    package var others_change_deviations: Double?
    package var edited_frechet_distance_f: Double?
    package var mean_average_precision: Double?

    package init(
      lambda_domain: Float, mse_pm1: Double? = nil, psnr_db: Double? = nil, lpips_style: Double? = nil,
      in_domain_mean_square: Double? = nil, flipped_share: Double? = nil, named_change_deviations: Double? = nil,
      others_change_deviations: Double? = nil, edited_frechet_distance_f: Double? = nil,
      mean_average_precision: Double? = nil
    ) {
      self.lambda_domain = lambda_domain
      self.mse_pm1 = mse_pm1
      self.psnr_db = psnr_db
      self.lpips_style = lpips_style
      self.in_domain_mean_square = in_domain_mean_square
      self.flipped_share = flipped_share
      self.named_change_deviations = named_change_deviations
      self.others_change_deviations = others_change_deviations
      self.edited_frechet_distance_f = edited_frechet_distance_f
      self.mean_average_precision = mean_average_precision
    }
  }
  package struct Interpolation: Encodable {
    package var method: InversionMethod
    package var interpolation: InterpolationEvaluation

    package init(method: InversionMethod, interpolation: InterpolationEvaluation) {
      self.method = method
      self.interpolation = interpolation
    }
  }
  /// A claim of the paper, and what was measured.
  package struct Finding: Encodable {
    package var claim: String
    package var holds: Bool
    package var numbers: String
    /// How many images it was found on.
    package var images: Int

    /// Fewer images than this may come out the other way the next time.
    package static let fewImages = 30

    package var isFromFewImages: Bool { images < Self.fewImages }
  }

  package var version: String
  package var model: String
  package var model_sha256: String
  package var conventional_model: String?
  package var images: Int
  package var plan: EvaluationPlan
  package var compute: String
  package var tier: String
  package var threads: Int
  package var seconds: Double
  package var reconstruction: [Method] = []
  package var analysis: [Analysis] = []
  package var edits: [Edits] = []
  package var ablation: [Ablation] = []
  package var interpolation: [Interpolation] = []
  package var samples: SampleEvaluation?
  package var findings: [Finding] = []
  /// What could not be measured, and why.
  package var notes: [String] = []
  package var skipped: [SkippedImage] = []
  package var memory: MemoryUse?

  package init(
    version: String, model: String, model_sha256: String, conventional_model: String? = nil, images: Int,
    plan: EvaluationPlan, compute: String, tier: String, threads: Int, seconds: Double,
    reconstruction: [Method] = [], analysis: [Analysis] = [], edits: [Edits] = [], ablation: [Ablation] = [],
    interpolation: [Interpolation] = [], samples: SampleEvaluation? = nil, findings: [Finding] = [],
    notes: [String] = [], skipped: [SkippedImage] = [], memory: MemoryUse? = nil
  ) {
    self.version = version
    self.model = model
    self.model_sha256 = model_sha256
    self.conventional_model = conventional_model
    self.images = images
    self.plan = plan
    self.compute = compute
    self.tier = tier
    self.threads = threads
    self.seconds = seconds
    self.reconstruction = reconstruction
    self.analysis = analysis
    self.edits = edits
    self.ablation = ablation
    self.interpolation = interpolation
    self.samples = samples
    self.findings = findings
    self.notes = notes
    self.skipped = skipped
    self.memory = memory
  }

  /// The figures as lines: part, subject, item, metric, value.
  package func csv() -> String {
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
  package static func csv(_ analyses: [(method: InversionMethod, analysis: SemanticAnalysis)]) -> String {
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

  package static func field(_ text: String) -> String {
    text.contains { [",", "\"", "\n", "\r"].contains($0) }
      ? "\"\(text.replacingOccurrences(of: "\"", with: "\"\""))\"" : text
  }
}

extension EvaluationResults.Method {
  package init(_ method: InversionMethod, iterations: Int, _ evaluation: ReconstructionEvaluation) {
    self.init(
      method: method, iterations: iterations, mse_pm1: evaluation.mean(\.mse_pm1), psnr_db: evaluation.mean(\.psnr_db),
      ssim: evaluation.mean(\.ssim), lpips_style: evaluation.mean(\.lpips_style),
      in_domain_mean_square: evaluation.mean(\.in_domain_mean_square),
      frechet_distance_f: evaluation.frechet_distance_f, swd_times_1000: evaluation.swdMean,
      swd_levels_times_1000: evaluation.swd, seconds_per_image: evaluation.mean(\.seconds), images: evaluation.images)
  }
}

extension EvaluationResults.Analysis {
  package init(_ method: InversionMethod, _ analysis: SemanticAnalysis) {
    self.init(
      method: method, mean_average_precision: analysis.meanAveragePrecision,
      attributes: analysis.attributes.map {
        Attribute(
          name: $0.name, threshold: $0.threshold, positives: $0.positives, count: $0.count,
          average_precision: $0.average_precision, correlation: $0.correlation)
      })
  }
}
