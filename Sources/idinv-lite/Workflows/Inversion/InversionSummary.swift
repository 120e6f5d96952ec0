import Files
import Glibc
import Inversion
import Reports

/// `summary.json`: every figure with its unit or range in its key.
package struct InversionSummary: Encodable {
  package struct Objective: Codable {
    package var iterations: Int
    /// nil where the optimizer finds its step sizes itself.
    package var learning_rate: Float?
    package var lambda_perceptual: Float
    package var lambda_domain: Float
    /// nil for the last layer of the perceptual network.
    package var perceptual_layers: [Int]?

    package init(_ options: InversionOptions, of model: Model) throws {
      iterations = options.iterations
      learning_rate = try options.optimizer == .auto && model.curvature() != nil ? nil : options.learningRate
      lambda_perceptual = options.weights.perceptual
      lambda_domain = options.weights.domain
      perceptual_layers = options.weights.perceptualLayers
    }
  }
  package struct Figures: Encodable {
    package var mse_pm1: Double
    package var psnr_db: Double
    package var ssim: Double?
    package var in_domain_mean_square: Double?
    package var in_domain_l2: Double?
  }
  package struct Image: Encodable {
    package var name: String
    package var path: String
    package var steps: Int
    package var stopped: Bool
    /// steps, budget, target, patience, converged or interrupted.
    package var stop_reason: String
    /// The step that evaluated the code of least total loss.
    package var best_step: Int
    package var seconds: Double
    package var encoded: Figures
    package var inverted: Figures
    /// The encoder's in-domain score divided by the usual one of the model's own pictures: beyond 10 the picture is far
    /// from what the model was trained on.
    package var times_usual_in_domain: Double?
    package var first_losses: Losses?
    package var last_losses: Losses?

    package init(_ record: InversionRecord, _ image: InvertedImage, usualInDomain: Double?) {
      name = record.name
      path = record.path
      steps = image.stepCount
      stopped = image.wasStopped
      stop_reason = image.stopReason.rawValue
      best_step = image.bestStep
      seconds = image.seconds
      encoded = Figures(image.startFigures)
      inverted = Figures(image.resultFigures)
      times_usual_in_domain = image.startFigures.verdict(usual: usualInDomain)?.ratio
      first_losses = steps > 0 ? image.losses(atStep: 1) : nil
      last_losses = steps > 0 ? image.losses(atStep: steps) : nil
    }
  }

  package var model: String
  /// `ModelFile.identity`
  package var model_identity: String
  package var weights: String
  package var compute: String
  /// Step time, clock rates and temperature, from the start to the end of the run.
  package var conditions: ConditionCourse.Summary?
  package var tier: String
  package var threads: Int
  package var version: String
  package var objective: Objective
  package var options: [RunDescription.Option]
  /// The names that were given, those of other shards too.
  package var list: RunDescription.List
  package var complete: Bool
  /// Tells whether a finished folder holds this very run: model, options, list and shard.
  package var run: String
  package var shard: String?
  package var seconds: Double
  package var median_psnr_db: Double
  /// In-domain score, mean square, of the encoder's codes of the model's own pictures.
  package var usual_in_domain_mean_square: Double?
  package var skipped: [SkippedImage]
  /// How many images ended why: {"budget": 3}.
  package var stop_reasons: [String: Int]
  package var memory: MemoryUse?

  package init(
    _ description: RunDescription, isComplete: Bool, seconds: Double, medianPSNR: Double, stops: StopCounts,
    skipped: [SkippedImage], memory: MemoryUse?
  ) {
    self.memory = memory
    model = description.model
    model_identity = description.modelIdentity
    weights = description.weights
    compute = description.compute
    tier = description.tier
    threads = description.threads
    version = description.program
    objective = description.objective
    options = description.options
    list = description.list
    complete = isComplete
    run = description.digest
    shard = description.shard.count > 1 ? description.shard.description : nil
    self.seconds = seconds
    median_psnr_db = medianPSNR
    usual_in_domain_mean_square = description.usualInDomain
    self.skipped = skipped
    stop_reasons = stops.counts
  }

  /// Writes `summary.json`; the images are many, and come from a file of their own.
  ///
  /// - Parameter images: the path of a file with an element for each image, commas between them.
  package func write(to path: String, images: String) throws {
    let file = try StreamedFile(path: path)
    let members = try JSONOutput.members(of: self) + [JSONMember(key: "images", value: .null)]
    for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
      try file.append("\(index == 0 ? "{" : ",")\n  \(try JSONOutput.line(member.key)) : ")
      if member.key == "images" {
        try file.append("[\n")
        try file.append(contentsOf: images)
        try file.append("\n  ]")
      } else {
        try file.append(try JSONOutput.text(member.value, indented: 1).drop { $0 == " " })
      }
    }
    try file.append("\n}\n")
    try file.commit()
  }
}

extension InversionSummary.Figures {
  package init(_ figures: InversionReport.Figures) {
    mse_pm1 = figures.msePM1
    psnr_db = figures.psnrDB
    ssim = figures.ssim
    in_domain_mean_square = figures.inDomainMeanSquare
    in_domain_l2 = figures.inDomainL2
  }
}
