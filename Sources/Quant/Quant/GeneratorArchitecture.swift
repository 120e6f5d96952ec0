/// Which of StyleGAN's generators: what a style does to a layer, and how the image is made.
///
/// StyleGAN's tensors are those of `GeneratorSpecification`. Mapping, `w_average`, `truncation` and `constant` are alike in
/// StyleGAN2, but `w_average` is [L, D]: encoders of its family shift each layer's code by an average of its own. The others,
/// for convolution `k` in `0..<layerCount − 1` of block `b = (k + 1) / 2`, with Cin channels from the one before:
///
/// | name | shape |
/// |---|---|
/// | `generator.layer.{k}.weight` | [C, Cin, 3, 3]; odd k: of a transposed convolution of stride 2, the filter [1,3,3,1] behind it |
/// | `generator.layer.{k}.noise`, `.noise_strength`, `.bias` | [R, R], [1], [C]; strength and bias carry the gain √2 |
/// | `generator.layer.{k}.style.weight`, `.bias` | [Cin, D], [Cin]; of code k |
/// | `generator.output.{b}.weight`, `.bias` | [3, C, 1, 1], [3]; all blocks make the image |
/// | `generator.output.{b}.style.weight`, `.bias` | [C, D], [C]; of code 2b + 1 |
///
/// A layer is y = clamp(φ(√2·d·(W ∗ (s·x)) + strength·noise + bias)) with s = A·w + a, φ the leaky ReLU (0.2) and d =
/// 1/√(Σ_ik (W_oik·s_i)² + 1e-8), so W's scale counts. A to-RGB layer is clamp(W ∗ (s·x) + bias).
package enum GeneratorArchitecture: Codable, Equatable, Sendable {
  /// Adaptive instance normalization, the image from the last layer (Karras et al., CVPR 2019).
  case styleGAN
  /// Modulated convolutions, the image a sum over resolutions (Karras et al., CVPR 2020).
  ///
  /// - Parameter clamp: the largest magnitude that a layer or a to-RGB layer gives; nil for no limit.
  case styleGAN2(clamp: Float?)

  package var isStyleGAN: Bool { self == .styleGAN }
}

extension GeneratorSpecification {
  /// Layers with weights and noise: one for each code, but StyleGAN2's last code has a to-RGB layer only.
  package var convolutionCount: Int { architecture.isStyleGAN ? layerCount : layerCount - 1 }

  /// Channels that a layer with weights writes.
  package func channels(ofLayer layer: Int) -> Int { blockChannels[block(ofLayer: layer)] }

  /// The block, of resolution 4 << block, that a layer with weights writes.
  package func block(ofLayer layer: Int) -> Int { architecture.isStyleGAN ? layer / 2 : (layer + 1) / 2 }

  /// What makes a style of a layer's code; of StyleGAN2's last, that of the to-RGB layer.
  package func styleName(ofLayer layer: Int) -> String {
    layer < convolutionCount ? "generator.layer.\(layer).style" : "generator.output.\(layer / 2).style"
  }
}

extension GeneratorSpecification: Codable {
  private enum Key: String, CodingKey {
    case architecture, resolution, zDimension, wDimension, layerCount, mappingFeatures, repeatsW, hasFinalTanh
    case blockChannels, imageChannels, variant
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    self.init(
      resolution: try values.decode(Int.self, forKey: .resolution),
      zDimension: try values.decode(Int.self, forKey: .zDimension),
      wDimension: try values.decode(Int.self, forKey: .wDimension),
      layerCount: try values.decode(Int.self, forKey: .layerCount),
      mappingFeatures: try values.decode([Int].self, forKey: .mappingFeatures),
      repeatsW: try values.decode(Bool.self, forKey: .repeatsW),
      hasFinalTanh: try values.decode(Bool.self, forKey: .hasFinalTanh),
      blockChannels: try values.decode([Int].self, forKey: .blockChannels),
      imageChannels: try values.decode(Int.self, forKey: .imageChannels),
      variant: try values.decodeIfPresent(SynthesisVariant.self, forKey: .variant),
      architecture: try values.decodeIfPresent(GeneratorArchitecture.self, forKey: .architecture) ?? .styleGAN)
  }

  /// The first architecture is not named: its files stay what they were before there was a second.
  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    if !architecture.isStyleGAN { try values.encode(architecture, forKey: .architecture) }
    try values.encode(resolution, forKey: .resolution)
    try values.encode(zDimension, forKey: .zDimension)
    try values.encode(wDimension, forKey: .wDimension)
    try values.encode(layerCount, forKey: .layerCount)
    try values.encode(mappingFeatures, forKey: .mappingFeatures)
    try values.encode(repeatsW, forKey: .repeatsW)
    try values.encode(hasFinalTanh, forKey: .hasFinalTanh)
    try values.encode(blockChannels, forKey: .blockChannels)
    try values.encode(imageChannels, forKey: .imageChannels)
    try values.encodeIfPresent(variant, forKey: .variant)
  }
}
