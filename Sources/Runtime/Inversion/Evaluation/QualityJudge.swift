import Imaging
import Runtime

/// How good one inversion of one image is.
package struct InversionQuality: Sendable, Codable {
  /// The objective's terms at the code; `domain` is the in-domain score mean((z − E(G(z)))²).
  package var losses: Losses
  package var psnr_db: Double
  package var ssim: Double?
  /// `PerceptualDistance.unitNormalized` in the judge's F; nil without one.
  package var lpips_style: Double?
  /// `LearnedDistances`; nil without their networks.
  package var lpips: Double?
  package var identity: Double?
}

extension ObjectiveWeights {
  /// The published weights, less the terms whose network the model does not have.
  package init(publishedFor model: Model) {
    self.init()
    if !model.hasFeatureNetwork { perceptual = 0 }
    if !model.hasEncoder { domain = 0 }
  }
}

/// Measures inversions that different weights, arithmetics and optimizers have found by one and the same model, so that
/// they can be compared: what a coarser model thinks of its own result says nothing.
package final class QualityJudge {
  package let model: Model
  package let images: [EvaluationImage]
  package let weights: ObjectiveWeights
  private let objective: Objective
  private let appraiser: Appraiser
  private let metrics: LearnedMetrics?
  private let range: PixelRange
  private var targets: [Int: Objective.Target] = [:]
  private var originals: [Int: Appraisal] = [:]

  /// - Parameter metrics: measures pictures beside what is built in.
  package init(
    _ model: Model, metrics: LearnedMetrics? = nil, images: [EvaluationImage], kernels: Kernels
  ) throws(InversionError) {
    self.model = model
    self.metrics = metrics
    self.images = images
    weights = ObjectiveWeights(publishedFor: model)
    objective = try Objective(model, weights: weights, kernels: kernels)
    appraiser = Appraiser(model, batch: 1, kernels: kernels)
    let specification = model.file.specification
    range = PixelRange(minimum: specification.pixelMinimum, maximum: specification.pixelMaximum)
  }

  /// - Parameters:
  ///   - code: [L, D].
  ///   - picture: what was rendered of it, by whatever did the inversion.
  ///   - image: number of the original.
  package func quality(ofCode code: [Float], picture: Image8, image: Int) throws(InversionError) -> InversionQuality {
    let original = images[image].picture
    let pixels = original.planar(range)
    if targets[image] == nil { targets[image] = try objective.prepareTarget(pixels) }
    objective.set([targets[image]!])
    let losses = objective.evaluate(code).losses[0]
    var distance: Double?
    if model.hasFeatureNetwork {
      if originals[image] == nil { originals[image] = try appraiser.appraise(images: [pixels])[0] }
      distance = try appraiser.appraise(images: [picture.planar(range)])[0].distance(to: originals[image]!)
    }
    let learned = try metrics?(picture.planar(range), pixels)
    return InversionQuality(
      losses: losses, psnr_db: Metrics.psnr(original, picture), ssim: Metrics.ssim(original, picture),
      lpips_style: distance, lpips: learned?.lpips, identity: learned?.identity)
  }
}
