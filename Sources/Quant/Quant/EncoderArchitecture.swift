/// Which network makes a code of an image.
package enum EncoderArchitecture: Equatable, Sendable {
  /// The domain-guided encoder, which reads images of the generator's size: `EncoderSpecification`.
  case inDomain
  /// The domain-guided encoder as its first version, in TensorFlow, has it: a 5×5 stem, and batch normalization behind each
  /// activation, so that it is folded only where there is none. With φ the leaky ReLU (0.2) and n a factor and an offset per
  /// channel: stem n(φ(conv(x))); block, after the pooling, n(φ(conv2(n(φ(conv1(x)))))) + shortcut, where the shortcut is a
  /// linear 1×1 convolution, or x itself where Cin = Cout.
  ///
  /// Tensors: as `EncoderSpecification`'s, but `encoder.stem.weight` [C₀, 3, 5, 5], and `.scale` and `.shift` [C] beside weights
  /// and bias of the stem and of each block's `conv1` and `conv2`.
  case tensorFlow
  /// The domain-guided encoder as stylegan2-encoder-pytorch has it: StyleGAN2's discriminator with another end. With φ the leaky
  /// ReLU (0.2) and f = [1,3,3,1]: stem φ(conv(x)); block φ(conv2(φ(conv1(x)))) + shortcut, where conv2 is the filter f⊗f/64 with
  /// zero padding 2 and a convolution of stride 2 without padding, and the shortcut f⊗f/16 with zero padding 1, every second
  /// pixel of every second row, and a 1×1 convolution. The head is linear.
  ///
  /// Tensors: as `EncoderSpecification`'s, but `encoder.stem.weight` [C₀, 3, 1, 1], `encoder.block.{i}.conv1.weight`
  /// [Cin, Cin, 3, 3], `conv2.weight` [Cout, Cin, 3, 3], and in each block `shortcut.weight` [Cout, Cin, 1, 1] without a bias.
  case filtered
  /// IR-SE units with a head for each style, for images of 256×256.
  case styleHeads(StyleHeadsSpecification)
  /// A residual network with a feature pyramid, for images of the generator's size.
  case pyramid(PyramidSpecification)

  /// Whether it reads images of the generator's size, rather than of one of its own.
  package var readsGeneratorsSize: Bool { styleHeads == nil }

  package var styleHeads: StyleHeadsSpecification? {
    if case .styleHeads(let heads) = self { heads } else { nil }
  }
}

/// The encoders of pSp (Richardson et al., CVPR 2021), e4e (Tov et al., SIGGRAPH 2021) and ReStyle (Alaluf et al., ICCV 2021):
/// a stem, IR-SE units, and for each layer of the code a head of strided convolutions.
///
/// `stemChannels` and `blockChannels` of the `EncoderSpecification` are the widths of the stem and of the stages. With u units
/// in all, batch normalization folded where no zero padding follows it:
///
/// | name | shape |
/// |---|---|
/// | `encoder.stem.weight`, `.bias`, `.slope` | [C₀, 3 or 6, 3, 3], [C₀], [C₀]: convolution, PReLU |
/// | `encoder.unit.{i}.scale`, `.shift` | [Cin]: normalization before the unit's first convolution |
/// | `encoder.unit.{i}.conv1.weight`, `.slope` | [C, Cin, 3, 3], [C]: convolution without bias, PReLU |
/// | `encoder.unit.{i}.conv2.weight`, `.bias` | [C, C, 3, 3], [C]: stride 2 in a stage's first unit |
/// | `encoder.unit.{i}.squeeze.weight`, `.excite.weight` | [S, C], [C, S]: x·σ(excite·relu(squeeze·mean(x))) |
/// | `encoder.unit.{i}.shortcut.weight`, `.bias` | [C, Cin, 1, 1], [C]; only where Cin ≠ C |
/// | `encoder.lateral.{0, 1}.weight`, `.bias` | [C₃, C₂ or C₁, 1, 1], [C₃]; only where heads sit on three maps |
/// | `encoder.head.{l}.conv.{j}.weight`, `.bias` | [D, C₃ or D, 3, 3], [D]: stride 2, leaky ReLU (0.01), down to one pixel |
/// | `encoder.head.{l}.dense.weight`, `.bias` | [D, D], [D] |
/// | `encoder.start` | [L, D]: what the heads' code is added to |
package struct StyleHeadsSpecification: Codable, Equatable, Sendable {
  /// Units of each stage.
  package var units: [Int]
  /// Channels of the squeezed mean in each stage.
  package var squeezed: [Int]
  /// Whether the heads sit on maps of 16, 32 and 64 pixels (coarse, middle and fine styles), or all on that of 16.
  package var usesPyramid: Bool
  /// Whether head 0 gives a code for all layers and the others what each differs from it.
  package var isProgressive: Bool
  /// How often an iterated encoder, which sees the image beside that of the code so far, corrects the code; nil for one that
  /// sees the image alone.
  package var iterations: Int?

  package init(units: [Int], squeezed: [Int], usesPyramid: Bool, isProgressive: Bool, iterations: Int?) {
    self.units = units
    self.squeezed = squeezed
    self.usesPyramid = usesPyramid
    self.isProgressive = isProgressive
    self.iterations = iterations
  }

  /// Side of the images that such encoders read.
  package static let resolution = 256
  /// Heads on the coarsest map, and on it and the middle one.
  package static let coarseCount = 3, middleEnd = 7

  /// Side of the map that a head sits on.
  package func mapSide(ofHead head: Int) -> Int {
    if !usesPyramid || head < Self.coarseCount { return 16 }
    return head < Self.middleEnd ? 32 : 64
  }
}

extension EncoderArchitecture: Codable {
  private enum Key: String, CodingKey { case tensorFlow, filtered, styleHeads, pyramid }
  private struct Nothing: Codable {}

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    if values.contains(.tensorFlow) {
      self = .tensorFlow
      return
    }
    if values.contains(.filtered) {
      self = .filtered
      return
    }
    if let pyramid = try values.decodeIfPresent(PyramidSpecification.self, forKey: .pyramid) {
      self = .pyramid(pyramid)
      return
    }
    self = .styleHeads(try values.decode(StyleHeadsSpecification.self, forKey: .styleHeads))
  }

  /// - Precondition: not the in-domain encoder, which no file names.
  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    if self == .tensorFlow { try values.encode(Nothing(), forKey: .tensorFlow) }
    if self == .filtered { try values.encode(Nothing(), forKey: .filtered) }
    if case .pyramid(let pyramid) = self { try values.encode(pyramid, forKey: .pyramid) }
    try values.encodeIfPresent(styleHeads, forKey: .styleHeads)
  }
}

extension EncoderSpecification: Codable {
  private enum Key: String, CodingKey {
    case architecture, resolution, wDimension, layerCount, imageChannels, stemChannels, blockChannels
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    self.init(
      resolution: try values.decode(Int.self, forKey: .resolution),
      wDimension: try values.decode(Int.self, forKey: .wDimension),
      layerCount: try values.decode(Int.self, forKey: .layerCount),
      imageChannels: try values.decode(Int.self, forKey: .imageChannels),
      stemChannels: try values.decode(Int.self, forKey: .stemChannels),
      blockChannels: try values.decode([Int].self, forKey: .blockChannels),
      architecture: try values.decodeIfPresent(EncoderArchitecture.self, forKey: .architecture) ?? .inDomain)
  }

  /// The first architecture is not named: its files stay what they were before there was a second.
  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    if architecture != .inDomain { try values.encode(architecture, forKey: .architecture) }
    try values.encode(resolution, forKey: .resolution)
    try values.encode(wDimension, forKey: .wDimension)
    try values.encode(layerCount, forKey: .layerCount)
    try values.encode(imageChannels, forKey: .imageChannels)
    try values.encode(stemChannels, forKey: .stemChannels)
    try values.encode(blockChannels, forKey: .blockChannels)
  }
}
