/// What networks a model file holds and how they are built: everything that the engine needs to know and
/// that tensors alone do not say. Stored as JSON in the file's metadata (`docs/FORMAT.md`).
///
/// Weight-scale constants, batch normalisation and the perceptual network's input scale and channel order are
/// already folded into the stored weights; no specification mentions them.
public struct ModelSpecification: Codable, Equatable, Sendable {
  public var generator: GeneratorSpecification?
  public var encoder: EncoderSpecification?
  public var perceptual: FeatureNetworkSpecification?
  /// Reads the feature of `perceptual`, and is absent where that is.
  public var attributes: AttributeNetworkSpecification?
  /// Of the objective of these networks, where it was measured; needs `generator`.
  public var curvature: CurvatureSpecification?
  /// Convolutions that may multiply in 8 bits, where they were measured.
  public var int8: Int8Calibration?
  /// Range of pixel values that the networks exchange; -1...1 in all published models.
  public var pixelMinimum: Float
  public var pixelMaximum: Float

  public init(
    generator: GeneratorSpecification? = nil, encoder: EncoderSpecification? = nil,
    perceptual: FeatureNetworkSpecification? = nil, attributes: AttributeNetworkSpecification? = nil,
    curvature: CurvatureSpecification? = nil, int8: Int8Calibration? = nil, pixelMinimum: Float = -1,
    pixelMaximum: Float = 1
  ) {
    self.generator = generator
    self.encoder = encoder
    self.perceptual = perceptual
    self.attributes = attributes
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
/// | `generator.w_average`, `generator.truncation` | [D], [L] |
/// | `generator.constant` | [C₀, 4, 4] |
/// | `generator.layer.{k}.weight` (k ≥ 1) | [Cout, Cin, 3, 3]; even k ≥ 2 acts on the nearest-upsampled input |
/// | `generator.layer.{k}.noise`, `.noise_strength`, `.bias` | [R, R], [C], [C] |
/// | `generator.layer.{k}.style.weight`, `.bias` | [2C, D], [2C]; first C rows scale (without the 1 +), then shift |
/// | `generator.output.{b}.weight`, `.bias` | [3, C, 1, 1], [3]; 3 stands for `imageChannels`; only the last block's makes the image |
public struct GeneratorSpecification: Codable, Equatable, Sendable {
  public var resolution: Int
  /// Dimension of z, of w, and number of style layers L = 2·log2(resolution) − 2.
  public var zDimension: Int
  public var wDimension: Int
  public var layerCount: Int
  /// Output features of each mapping layer; the last is D (`repeatsW`) or L·D.
  public var mappingFeatures: [Int]
  /// Whether one w serves all layers, or the mapping network makes L of them.
  public var repeatsW: Bool
  /// Whether the image passes through tanh.
  public var hasFinalTanh: Bool
  /// Feature maps per block, from 4×4 up.
  public var blockChannels: [Int]
  public var imageChannels: Int

  public init(
    resolution: Int, zDimension: Int, wDimension: Int, layerCount: Int, mappingFeatures: [Int],
    repeatsW: Bool, hasFinalTanh: Bool, blockChannels: [Int], imageChannels: Int
  ) {
    self.resolution = resolution
    self.zDimension = zDimension
    self.wDimension = wDimension
    self.layerCount = layerCount
    self.mappingFeatures = mappingFeatures
    self.repeatsW = repeatsW
    self.hasFinalTanh = hasFinalTanh
    self.blockChannels = blockChannels
    self.imageChannels = imageChannels
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
public struct EncoderSpecification: Codable, Equatable, Sendable {
  public var resolution: Int
  public var wDimension: Int
  public var layerCount: Int
  public var imageChannels: Int
  public var stemChannels: Int
  /// Output channels of each residual block, in order; there are log2(resolution) − 2 of them.
  public var blockChannels: [Int]

  public init(
    resolution: Int, wDimension: Int, layerCount: Int, imageChannels: Int, stemChannels: Int,
    blockChannels: [Int]
  ) {
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
public struct FeatureNetworkSpecification: Codable, Equatable, Sendable {
  public enum Layer: Codable, Equatable, Sendable {
    /// 3×3, stride 1, zero padding 1, with bias.
    case convolution(inputChannels: Int, outputChannels: Int)
    case relu
    /// 2×2, stride 2.
    case maxPool
  }
  public var layers: [Layer]
  /// Added to the R, G and B planes; the first convolution's weights carry the scale.
  public var inputShift: [Float]

  public init(layers: [Layer], inputShift: [Float]) {
    self.layers = layers
    self.inputShift = inputShift
  }

  public var poolingCount: Int { layers.filter { $0 == .maxPool }.count }

  /// Channels of the feature.
  public var featureChannels: Int {
    layers.reduce(inputShift.count) { channels, layer in
      if case .convolution(_, let outputs) = layer { outputs } else { channels }
    }
  }
}
