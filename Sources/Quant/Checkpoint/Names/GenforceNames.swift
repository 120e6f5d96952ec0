extension StyleGANPort {
  /// genforce/genforce, `models/stylegan_generator.py`, and its relatives (HiGAN, SeFa, InterFaceGAN++).
  ///
  /// Weights and biases without `conv`, `fc` and `wscale`; the fused up-sampling's weights are [O, I, 3, 3] like any
  /// convolution's, so that the resolution tells. No tanh, but for in-domain generators, whose mapping network gives a w
  /// to each layer.
  static let genforce = StyleGANPort(names: .genforce, hasTanh: { repeatsW in !repeatsW })
}

extension TensorNames {
  static let genforce: TensorNames = {
    var names = TensorNames(title: "genforce's StyleGAN", modules: ["mapping", "truncation", "synthesis"])
    for name in [constant, levelOfDetail, labelWeight, Truncation.average] { names.add(name, from: name) }
    for layer in 0..<StyleGANPort.mappingLimit {
      names.add(Mapping.weight(layer), from: "mapping.dense\(layer).weight")
      names.add(Mapping.bias(layer), from: "mapping.dense\(layer).bias")
    }
    for layer in 0..<2 * StyleGANPort.blockLimit {
      let source = "synthesis.layer\(layer)."
      if layer % 2 == 0, layer > 0, 4 << (layer / 2) >= fusedResolution {
        names.add(Layer.fused(layer), from: source + "weight", .permuted([2, 3, 1, 0]))
      } else if layer > 0 {
        names.add(Layer.convolution(layer), from: source + "weight")
      }
      if layer % 2 == 0, layer > 0 { names.add(Layer.blur(layer), from: source + "blur.kernel") }
      names.add(Layer.noise(layer), from: source + "apply_noise.noise")
      names.add(Layer.noiseStrength(layer), from: source + "apply_noise.weight")
      names.add(Layer.bias(layer), from: source + "bias")
      names.add(Layer.styleWeight(layer), from: source + "style.weight")
      names.add(Layer.styleBias(layer), from: source + "style.bias")
    }
    for block in 0..<StyleGANPort.blockLimit {
      names.add(Output.weight(block), from: "synthesis.output\(block).weight")
      names.add(Output.bias(block), from: "synthesis.output\(block).bias")
    }
    return names
  }()
}
