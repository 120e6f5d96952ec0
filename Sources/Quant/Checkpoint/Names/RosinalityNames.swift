import Quant

extension StyleGANPort {
  /// rosinality/style-based-gan-pytorch.
  ///
  /// Every weight counts √(2/fan in), where the paper's style layers and outputs count 1/√fan in and its mapping layers a
  /// hundredth; the noise strength counts √(2/C); the style's scale is stored with its 1; a bias comes before the blur;
  /// the fused up-sampling is the mean of four kernels, not their sum. One noise map serves both layers of a resolution.
  static let rosinality = StyleGANPort(
    names: .rosinality, storesNoise: false, storesAverage: false,
    variant: SynthesisVariant(normEpsilon: 1e-5, blursBias: true))
}

extension TensorNames {
  static let rosinality: TensorNames = {
    var names = TensorNames(title: "rosinality's StyleGAN", modules: ["style", "generator"])
    let root = 2.0.squareRoot()
    for layer in 0..<StyleGANPort.mappingLimit {
      // A normalization first, and an activation behind each layer.
      let source = "style.\(2 * layer + 1).linear."
      names.add(Mapping.weight(layer), from: source + "weight_orig", .scaled(100))
      names.add(Mapping.bias(layer), from: source + "bias", .scaled(100))
    }
    for block in 0..<StyleGANPort.blockLimit {
      let source = "generator.progression.\(block)."
      if block == 0 {
        names.add(constant, from: source + "conv1.input")
      } else {
        names.add(Layer.convolution(2 * block), from: source + "conv1.1.conv.weight_orig")
        names.add(Layer.bias(2 * block), from: source + "conv1.1.conv.bias")
        names.add(Layer.blur(2 * block), from: source + "conv1.2.weight")
        // Fused, an option from 128×128 on.
        names.add(Layer.fused(2 * block), from: source + "conv1.0.weight", .permuted([2, 3, 0, 1], scale: 0.25))
        names.add(Layer.bias(2 * block), from: source + "conv1.0.bias")
        names.add(Layer.blur(2 * block), from: source + "conv1.1.weight")
        for place in 1...2 { names.addKnown("\(source)conv1.\(place).weight_flip") }
      }
      names.add(Layer.convolution(2 * block + 1), from: source + "conv2.conv.weight_orig")
      names.add(Layer.bias(2 * block + 1), from: source + "conv2.conv.bias")
      for half in 0..<2 {
        let layer = 2 * block + half
        let style = "\(source)adain\(half + 1).style.linear."
        names.add(
          Layer.noiseStrength(layer), from: "\(source)noise\(half + 1).weight_orig", .channelStrength)
        names.add(Layer.styleWeight(layer), from: style + "weight_orig", .scaled(root))
        names.add(Layer.styleBias(layer), from: style + "bias", .scaleLessOne)
      }
      names.add(Output.weight(block), from: "generator.to_rgb.\(block).conv.weight_orig", .scaled(root))
      names.add(Output.bias(block), from: "generator.to_rgb.\(block).conv.bias")
    }
    return names
  }()
}

extension TensorLayout {
  /// Noise strengths [1, C, 1, 1] that count √(2/C), as [C].
  fileprivate static let channelStrength = TensorLayout(
    shape: { shape in elementCount(of: shape).map { [$0] } },
    values: { values, shape in
      Folding.scaled(values, by: (2 / Double(max(1, shape.count > 1 ? shape[1] : values.count))).squareRoot())
    })
}
