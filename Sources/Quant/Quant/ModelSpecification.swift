/// What networks a model file holds and how they are built: everything that the engine needs to know and
/// that tensors alone do not say. Stored as JSON in the file's metadata (`docs/FORMAT.md`).
///
/// Weight-scale constants, batch normalisation and the perceptual network's input scale and channel order are
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
  /// Range of pixel values that the networks exchange; -1...1 in all published models.
  package var pixelMinimum: Float
  package var pixelMaximum: Float

  package init(
    generator: GeneratorSpecification? = nil, encoder: EncoderSpecification? = nil,
    perceptual: FeatureNetworkSpecification? = nil, attributes: AttributeNetworkSpecification? = nil,
    judge: JudgeSpecification? = nil, detector: DetectorSpecification? = nil,
    lpips: LPIPSSpecification? = nil, identity: IdentitySpecification? = nil,
    curvature: CurvatureSpecification? = nil, int8: Int8Calibration? = nil,
    pixelMinimum: Float = -1, pixelMaximum: Float = 1
  ) {
    self.generator = generator
    self.encoder = encoder
    self.perceptual = perceptual
    self.attributes = attributes
    self.judge = judge
    self.detector = detector
    self.lpips = lpips
    self.identity = identity
    self.curvature = curvature
    self.int8 = int8
    self.pixelMinimum = pixelMinimum
    self.pixelMaximum = pixelMaximum
  }
}

/// A StyleGAN generator (Karras et al., CVPR 2019): mapping network, truncation, synthesis network.
///
/// Tensors, for layer `k` in `0..<layerCount` and block `b = k / 2` of resolution `4 << b`:
///
/// | name | shape |
/// |---|---|
/// | `generator.mapping.{i}.weight`, `.bias` | [out, in], [out] |
/// | `generator.w_average`, `generator.truncation` | [D] (or [L, D]: `SynthesisVariant`), [L] |
/// | `generator.constant` | [C₀, 4, 4] |
/// | `generator.layer.{k}.weight` (k ≥ 1) | [Cout, Cin, 3, 3]; even k ≥ 2 acts on the nearest-upsampled input |
/// | `generator.layer.{k}.noise`, `.noise_strength`, `.bias` | [R, R], [C], [C] |
/// | `generator.layer.{k}.style.weight`, `.bias` | [2C, D], [2C]; first C rows scale (without the 1 +), then shift |
/// | `generator.output.{b}.weight`, `.bias` | [3, C, 1, 1], [3]; 3 stands for `imageChannels`; only the last block's makes the image |
package struct GeneratorSpecification: Equatable, Sendable {
  /// What its layers are, and with it which tensors they have.
  package var architecture: GeneratorArchitecture
  package var resolution: Int
  /// Dimension of z, of w, and number of style layers L = 2·log2(resolution) − 2.
  package var zDimension: Int
  package var wDimension: Int
  package var layerCount: Int
  /// Output features of each mapping layer; the last is D (`repeatsW`) or L·D.
  package var mappingFeatures: [Int]
  /// Whether one w serves all layers, or the mapping network makes L of them.
  package var repeatsW: Bool
  /// Whether the image passes through tanh.
  package var hasFinalTanh: Bool
  /// Feature maps per block, from 4×4 up.
  package var blockChannels: [Int]
  package var imageChannels: Int
  /// Where the network computes otherwise than the published one; nil where it does not.
  package var variant: SynthesisVariant?

  package init(
    resolution: Int, zDimension: Int, wDimension: Int, layerCount: Int, mappingFeatures: [Int],
    repeatsW: Bool, hasFinalTanh: Bool, blockChannels: [Int], imageChannels: Int, variant: SynthesisVariant? = nil,
    architecture: GeneratorArchitecture = .styleGAN
  ) {
    self.architecture = architecture
    self.resolution = resolution
    self.zDimension = zDimension
    self.wDimension = wDimension
    self.layerCount = layerCount
    self.mappingFeatures = mappingFeatures
    self.repeatsW = repeatsW
    self.hasFinalTanh = hasFinalTanh
    self.blockChannels = blockChannels
    self.imageChannels = imageChannels
    self.variant = variant
  }
}

/// What other programs' StyleGAN computes otherwise than the published one.
package struct SynthesisVariant: Codable, Equatable, Sendable {
  /// ε of the instance normalization, 1 / √(σ² + ε).
  package var normEpsilon: Float
  /// Whether the bias of an up-sampling layer is added before the blur, whose zero padding it then feels.
  package var blursBias: Bool
  /// Whether the mean of w is one for each layer, `generator.w_average` [L, D].
  package var hasLayerAverages: Bool

  package static let published = SynthesisVariant()

  package init(normEpsilon: Float = 1e-8, blursBias: Bool = false, hasLayerAverages: Bool = false) {
    self.normEpsilon = normEpsilon
    self.blursBias = blursBias
    self.hasLayerAverages = hasLayerAverages
  }
}

/// The domain-guided encoder (Zhu et al., ECCV 2020, eq. 2): a stem, residual blocks each behind a 2×2 average
/// pooling, and a dense head that gives all L·D entries of the code.
///
/// With leaky ReLU (0.2) as φ: stem φ(conv(x)); block, after the pooling, φ(conv2(φ(conv1(x)))) + shortcut, where the
/// shortcut is φ(conv(x)), or x itself where Cin = Cout; Chidden = min(Cin, Cout). The head is linear.
///
/// Tensors, batch normalisation folded:
///
/// | name | shape |
/// |---|---|
/// | `encoder.stem.weight`, `.bias` | [C₀, 3, 3, 3], [C₀] |
/// | `encoder.block.{i}.shortcut.weight`, `.bias` | [Cout, Cin, 1, 1], [Cout]; only where Cin ≠ Cout |
/// | `encoder.block.{i}.conv1.weight`, `.bias` | [Chidden, Cin, 3, 3], [Chidden] |
/// | `encoder.block.{i}.conv2.weight`, `.bias` | [Cout, Chidden, 3, 3], [Cout] |
/// | `encoder.head.weight`, `.bias` | [L·D, C·4·4] (input order C, H, W), [L·D] |
package struct EncoderSpecification: Equatable, Sendable {
  /// What its layers are, and with it which tensors they have.
  package var architecture: EncoderArchitecture
  /// Side of the images that it reads.
  package var resolution: Int
  package var wDimension: Int
  package var layerCount: Int
  package var imageChannels: Int
  package var stemChannels: Int
  /// Output channels of each residual block, in order; there are log2(resolution) − 2 of them.
  package var blockChannels: [Int]

  package init(
    resolution: Int, wDimension: Int, layerCount: Int, imageChannels: Int, stemChannels: Int,
    blockChannels: [Int], architecture: EncoderArchitecture = .inDomain
  ) {
    self.architecture = architecture
    self.resolution = resolution
    self.wDimension = wDimension
    self.layerCount = layerCount
    self.imageChannels = imageChannels
    self.stemChannels = stemChannels
    self.blockChannels = blockChannels
  }
}

/// A VGG-style feature network: a plain list of layers, the last one's output is the feature.
///
/// Layer `i` of kind `convolution` has tensors `perceptual.{i}.weight` [Cout, Cin, 3, 3] and `perceptual.{i}.bias`
/// [Cout]; its input is RGB in the model's pixel range, shifted per channel by `inputShift` before the first layer.
package struct FeatureNetworkSpecification: Codable, Equatable, Sendable {
  package enum Layer: Codable, Equatable, Sendable {
    /// 3×3, stride 1, zero padding 1, with bias.
    case convolution(inputChannels: Int, outputChannels: Int)
    case relu
    /// 2×2, stride 2.
    case maxPool
  }
  package var layers: [Layer]
  /// Added to the R, G and B planes; the first convolution's weights carry the scale.
  package var inputShift: [Float]

  package init(layers: [Layer], inputShift: [Float]) {
    self.layers = layers
    self.inputShift = inputShift
  }

  package var poolingCount: Int { layers.filter { $0 == .maxPool }.count }

  /// Channels of the feature.
  package var featureChannels: Int {
    layers.reduce(inputShift.count) { channels, layer in
      if case .convolution(_, let outputs) = layer { outputs } else { channels }
    }
  }
}
