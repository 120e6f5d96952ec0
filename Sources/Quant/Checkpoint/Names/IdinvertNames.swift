extension StyleGANPort {
  /// genforce/idinvert_pytorch, whose names the plan itself reads.
  static let idinvert = StyleGANPort(names: .idinvert, hasTanh: { _ in true })
}

extension TensorNames {
  static let idinvert: TensorNames = {
    var names = TensorNames(title: "idinvert_pytorch's StyleGAN", modules: ["mapping", "truncation", "synthesis"])
    var all = [constant, levelOfDetail, labelWeight, Truncation.average, Truncation.factors]
    for layer in 0..<StyleGANPort.mappingLimit { all += [Mapping.weight(layer), Mapping.bias(layer)] }
    for layer in 0..<2 * StyleGANPort.blockLimit {
      if layer > 0 { all += [Layer.convolution(layer), Layer.fused(layer), Layer.blur(layer)] }
      all += [Layer.noise(layer), Layer.noiseStrength(layer), Layer.bias(layer)]
      all += [Layer.styleWeight(layer), Layer.styleBias(layer)]
    }
    for block in 0..<StyleGANPort.blockLimit { all += [Output.weight(block), Output.bias(block)] }
    for name in all { names.add(name, from: name) }
    return names
  }()
}
