/// What networks a model file holds and how they are built: everything that the engine needs to know and
/// that tensors alone do not say. Stored as JSON in the file's metadata (`docs/FORMAT.md`).
///
/// Weight-scale constants, batch normalization and the perceptual network's input scale and channel order are
/// already folded into the stored weights; no specification mentions them.
package struct ModelSpecification: Codable, Equatable, Sendable {
  package var generator: GeneratorSpecification?
  package var encoder: EncoderSpecification?
  package var perceptual: FeatureNetworkSpecification?
  /// Reads the feature of `perceptual`, and is absent where that is.
  package var attributes: AttributeNetworkSpecification?
  /// Reads attributes off images by itself, in evaluations only; usually in a file of its own.
  package var judge: JudgeSpecification?
  /// Finds faces in photographs; on its own, or beside the networks of a generator of faces.
  package var detector: DetectorSpecification?
  /// Networks that measure how alike pictures are, in evaluations only; usually in a file of their own.
  package var lpips: LPIPSSpecification?
  package var identity: IdentitySpecification?
  /// Of the objective of these networks, where it was measured; needs `generator`.
  package var curvature: CurvatureSpecification?
  /// Convolutions that may multiply in 8 bits, where they were measured.
  package var int8: Int8Calibration?
  /// How far codes of the model's own pictures lie outside of its domain, where that was measured.
  package var inDomain: InDomainStatistics?
  /// Range of pixel values that the networks exchange; -1...1 in all published models.
  package var pixelMinimum: Float
  package var pixelMaximum: Float

  package init(
    generator: GeneratorSpecification? = nil, encoder: EncoderSpecification? = nil,
    perceptual: FeatureNetworkSpecification? = nil, attributes: AttributeNetworkSpecification? = nil,
    judge: JudgeSpecification? = nil, detector: DetectorSpecification? = nil,
    curvature: CurvatureSpecification? = nil, int8: Int8Calibration? = nil, inDomain: InDomainStatistics? = nil,
    pixelMinimum: Float = -1, pixelMaximum: Float = 1
  ) {
    self.generator = generator
    self.encoder = encoder
    self.perceptual = perceptual
    self.attributes = attributes
    self.judge = judge
    self.detector = detector
    self.curvature = curvature
    self.int8 = int8
    self.inDomain = inDomain
    self.pixelMinimum = pixelMinimum
    self.pixelMaximum = pixelMaximum
  }
}
