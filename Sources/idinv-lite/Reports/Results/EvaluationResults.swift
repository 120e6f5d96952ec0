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
    /// LPIPS, and the cosine of the identity network's vectors, where there are their networks.
    package var lpips: Double?
    package var identity: Double?
    package var in_domain_mean_square: Double?
    package var frechet_distance: Double?
    /// R² of each attribute, read off the reconstructions, with what is read off the originals; and the mean over them.
    package var attributes_r2: [String: Double]?
    package var attributes_r2_mean: Double?
    /// Gradient energy of the reconstructions over that of the originals.
    package var sharpness: Double?
    package var swd_times_1000: Double?
    package var swd_levels_times_1000: [SlicedWasserstein.Level]
    package var seconds_per_image: Double?
    package var images: [ReconstructionEvaluation.Row]

    package init(
      method: InversionMethod, iterations: Int, mse_pm1: Double? = nil, psnr_db: Double? = nil, ssim: Double? = nil,
      lpips_style: Double? = nil, in_domain_mean_square: Double? = nil, frechet_distance: Double? = nil,
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
      self.frechet_distance = frechet_distance
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
    package var lpips: Double?
    package var identity: Double?
    package var in_domain_mean_square: Double?
    package var flipped_share: Double?
    package var named_change_deviations: Double?
    package var others_change_deviations: Double?
    package var edited_frechet_distance: Double?
    package var mean_average_precision: Double?

    package init(
      lambda_domain: Float, mse_pm1: Double? = nil, psnr_db: Double? = nil, lpips_style: Double? = nil,
      in_domain_mean_square: Double? = nil, flipped_share: Double? = nil, named_change_deviations: Double? = nil,
      others_change_deviations: Double? = nil, edited_frechet_distance: Double? = nil,
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
      self.edited_frechet_distance = edited_frechet_distance
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
  package var model_identity: String
  package var conventional_model: String?
  /// Who read the attributes, and in whose features Fréchet distances are; nil for the model itself.
  package var judge: String?
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
    version: String, model: String, model_identity: String, conventional_model: String? = nil, judge: String? = nil,
    images: Int,
    plan: EvaluationPlan, compute: String, tier: String, threads: Int, seconds: Double,
    reconstruction: [Method] = [], analysis: [Analysis] = [], edits: [Edits] = [], ablation: [Ablation] = [],
    interpolation: [Interpolation] = [], samples: SampleEvaluation? = nil, findings: [Finding] = [],
    notes: [String] = [], skipped: [SkippedImage] = [], memory: MemoryUse? = nil
  ) {
    self.version = version
    self.model = model
    self.model_identity = model_identity
    self.conventional_model = conventional_model
    self.judge = judge
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
}

extension EvaluationResults.Method {
  package init(_ method: InversionMethod, iterations: Int, _ evaluation: ReconstructionEvaluation) {
    self.init(
      method: method, iterations: iterations, mse_pm1: evaluation.mean(\.mse_pm1), psnr_db: evaluation.mean(\.psnr_db),
      ssim: evaluation.mean(\.ssim), lpips_style: evaluation.mean(\.lpips_style),
      in_domain_mean_square: evaluation.mean(\.in_domain_mean_square),
      frechet_distance: evaluation.frechet_distance, swd_times_1000: evaluation.swdMean,
      swd_levels_times_1000: evaluation.swd, seconds_per_image: evaluation.mean(\.seconds), images: evaluation.images)
    lpips = evaluation.mean(\.lpips)
    identity = evaluation.mean(\.identity)
    attributes_r2 = evaluation.attributes_r2
    attributes_r2_mean = evaluation.attributesMean
    sharpness = evaluation.sharpness
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
