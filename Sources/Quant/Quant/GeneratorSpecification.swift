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

extension GeneratorSpecification: NetworkSpecification {
  package static var part: NetworkPart { .generator }
  package static var place: WritableKeyPath<ModelSpecification, Self?> { \.generator }

  package func validate(in model: ModelSpecification) throws(ModelFileError) {
    let blocks = try check("generator", resolution: resolution, layers: layerCount, imageChannels: imageChannels)
    try check("generator.zDimension", zDimension, 1...ModelSpecification.extentLimit)
    try check("generator.wDimension", wDimension, 1...ModelSpecification.extentLimit)
    try check("generator.mappingFeatures.count", mappingFeatures.count, 1...64)
    for features in mappingFeatures.dropLast() {
      try check("generator.mappingFeatures", features, 1...ModelSpecification.extentLimit)
    }
    let last = repeatsW ? wDimension : wDimension * layerCount
    try check("generator.mappingFeatures.last", mappingFeatures.last ?? 0, last...last)
    if let epsilon = variant?.normEpsilon, !(epsilon > 0 && epsilon <= 1) {
      throw .specification(field: "generator.variant.normEpsilon", found: "\(epsilon)", expected: "0 to 1, but not 0")
    }
    try check("generator.blockChannels.count", blockChannels.count, blocks...blocks)
    for channels in blockChannels {
      try check("generator.blockChannels", channels, 1...ModelSpecification.extentLimit)
    }
    guard case .styleGAN2(let clamp) = architecture else { return }
    guard repeatsW, !hasFinalTanh else {
      throw .specification(
        field: "generator.repeatsW, generator.hasFinalTanh", found: "\(repeatsW), \(hasFinalTanh)",
        expected: "true, false: StyleGAN2 maps z to one w, and its image is a plain sum")
    }
    if let clamp, !(clamp.isFinite && clamp > 0) {
      throw .specification(
        field: "generator.architecture.styleGAN2.clamp", found: "\(clamp)", expected: "a finite positive number")
    }
  }

  package func tensors(in model: ModelSpecification) -> [TensorRequirement] {
    if !architecture.isStyleGAN { return styleGAN2Tensors(of: self) }
    var list: [TensorRequirement] = []
    func add(_ name: String, _ shape: [Int], _ role: TensorRequirement.Role) {
      list.append(TensorRequirement(name: "generator." + name, shape: shape, role: role))
    }
    let dimension = wDimension
    var width = zDimension
    for (index, features) in mappingFeatures.enumerated() {
      add("mapping.\(index).weight", [features, width], .mappingWeight)
      add("mapping.\(index).bias", [features], .vector)
      width = features
    }
    let hasLayerAverages = variant?.hasLayerAverages == true
    add("w_average", hasLayerAverages ? [layerCount, dimension] : [dimension], .vector)
    add("truncation", [layerCount], .vector)
    add("constant", [blockChannels[0], 4, 4], .map)
    for layer in 0..<layerCount {
      let block = layer / 2
      let channels = blockChannels[block]
      let resolution = 4 << block
      if layer > 0 {
        let inputs = layer % 2 == 0 ? blockChannels[block - 1] : channels
        add("layer.\(layer).weight", [channels, inputs, 3, 3], .synthesisWeight)
      }
      add("layer.\(layer).noise", [resolution, resolution], .map)
      add("layer.\(layer).noise_strength", [channels], .vector)
      add("layer.\(layer).bias", [channels], .vector)
      add("layer.\(layer).style.weight", [2 * channels, dimension], .styleWeight)
      add("layer.\(layer).style.bias", [2 * channels], .vector)
      if layer % 2 == 1 {
        add("output.\(block).weight", [imageChannels, channels, 1, 1], .outputWeight)
        add("output.\(block).bias", [imageChannels], .vector)
      }
    }
    return list
  }
}
