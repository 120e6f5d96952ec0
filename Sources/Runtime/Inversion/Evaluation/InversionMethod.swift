/// The ways of inverting an image that the paper compares (Zhu et al., ECCV 2020, sec. 4.2).
package enum InversionMethod: String, Sendable, CaseIterable, Codable {
  /// The paper's: domain-regularized optimization from the domain-guided encoder's code.
  case inDomain = "in-domain"
  /// The domain-guided encoder alone.
  case encoder
  /// The conventional encoder alone, which was trained on ‖z − E(G(z))‖ (eq. 1).
  case conventional
  /// Free optimization in W+ from the mean code (Abdal et al., ICCV 2019): no encoder, no domain term.
  case image2StyleGAN = "image2stylegan"
  /// The same in W.
  case w

  /// - Parameters:
  ///   - iterations: of the methods that optimize.
  ///   - conventional: the model whose encoder `conventional` starts from.
  package func options(iterations: Int, conventional: Model?) -> InversionOptions {
    switch self {
    case .inDomain: InversionOptions(iterations: iterations, snapshotCount: 0)
    case .encoder: InversionOptions(iterations: 0, snapshotCount: 0)
    case .conventional: InversionOptions(iterations: 0, startEncoder: conventional, snapshotCount: 0)
    case .image2StyleGAN, .w:
      InversionOptions(
        iterations: iterations, weights: ObjectiveWeights(domain: 0), start: .mean,
        space: self == .w ? .w : .wPlus, snapshotCount: 0)
    }
  }

  package var isOptimization: Bool {
    switch self {
    case .inDomain, .image2StyleGAN, .w: true
    case .encoder, .conventional: false
    }
  }
}
