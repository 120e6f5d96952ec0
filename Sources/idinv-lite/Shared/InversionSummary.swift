import Inversion

/// `summary.json`: every figure with its unit or range in its key.
struct InversionSummary: Encodable {
  struct Objective: Encodable {
    var iterations: Int
    var learning_rate: Float
    var lambda_perceptual: Float
    var lambda_domain: Float
  }
  struct Figures: Encodable {
    var mse_pm1: Double
    var psnr_db: Double
    var ssim: Double?
    var in_domain_mean_square: Double?
    var in_domain_l2: Double?
  }
  struct Image: Encodable {
    var name: String
    var path: String
    var steps: Int
    var stopped: Bool
    var seconds: Double
    var encoded: Figures
    var inverted: Figures
    var first_losses: Losses?
    var last_losses: Losses?
  }

  var model: String
  var weights: String
  var compute = "f32"
  var tier: String
  var threads: Int
  var version = IdinvLite.version
  var objective: Objective
  var complete: Bool
  var seconds: Double
  var median_psnr_db: Double
  var images: [Image]
  var skipped: [SkippedImage]

  init(
    model: String, weights: String, tier: String, threads: Int, options: InversionOptions, seconds: Double,
    isComplete: Bool, images: [(entry: InversionReport.Entry, result: InversionResult)],
    skipped: [SkippedImage]
  ) {
    self.model = model
    self.weights = weights
    self.tier = tier
    self.threads = threads
    objective = Objective(
      iterations: options.iterations, learning_rate: options.learningRate,
      lambda_perceptual: options.weights.perceptual, lambda_domain: options.weights.domain)
    complete = isComplete
    self.seconds = seconds
    self.images = images.map { entry, result in
      Image(
        name: entry.name, path: entry.source, steps: result.history.count, stopped: result.wasStopped,
        seconds: entry.seconds, encoded: Figures(entry.startFigures), inverted: Figures(entry.resultFigures),
        first_losses: result.history.first, last_losses: result.history.last)
    }
    median_psnr_db = Figure.median(images.map(\.entry.resultFigures.psnrDB)) ?? .nan
    self.skipped = skipped
  }
}

extension InversionSummary.Figures {
  init(_ figures: InversionReport.Figures) {
    mse_pm1 = figures.msePM1
    psnr_db = figures.psnrDB
    ssim = figures.ssim
    in_domain_mean_square = figures.inDomainMeanSquare
    in_domain_l2 = figures.inDomainL2
  }
}
