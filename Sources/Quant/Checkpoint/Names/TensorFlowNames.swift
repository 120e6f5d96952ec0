extension StyleGANPort {
  /// NVlabs/stylegan and genforce/idinvert in TensorFlow: variables of `G_mapping` and `G_synthesis`, whose weights have
  /// their channels last. No tanh.
  ///
  /// - Parameter names: the file's, because outputs are counted from its finest resolution.
  static func tensorFlow(in names: [String]) -> StyleGANPort {
    let sizes = names.compactMap { name -> Int? in
      let parts = name.split(separator: "/", maxSplits: 2)
      guard parts.count == 3, parts[0].hasSuffix("G_synthesis") else { return nil }
      return Int(parts[1].prefix { $0 != "x" })
    }
    return StyleGANPort(names: TensorNames(tensorFlow: block(of: sizes.max() ?? 4) + 1))
  }
}

extension TensorNames {
  fileprivate init(tensorFlow blocks: Int) {
    self.init(title: "NVIDIA's StyleGAN (TensorFlow)", modules: ["G_mapping", "G_synthesis"])
    add(Truncation.average, from: "dlatent_avg")
    add(Self.levelOfDetail, from: "G_synthesis/lod")
    addKnown("lod")
    // The class's embedding, which is joined to z.
    add(Self.labelWeight, from: "G_mapping/LabelConcat/weight")
    for layer in 0..<StyleGANPort.mappingLimit {
      add(Mapping.weight(layer), from: "G_mapping/Dense\(layer)/weight", .transposed)
      add(Mapping.bias(layer), from: "G_mapping/Dense\(layer)/bias")
    }
    for layer in 0..<2 * blocks {
      let size = 4 << (layer / 2)
      let scope = "G_synthesis/\(size)x\(size)/"
      let isFirst = layer % 2 == 0
      let source = scope + (layer == 0 ? "Const/" : layer == 1 ? "Conv/" : isFirst ? "Conv0_up/" : "Conv1/")
      if layer == 0 {
        add(Self.constant, from: source + "const")
      } else if isFirst, size >= Self.fusedResolution {
        add(Layer.fused(layer), from: source + "weight")
      } else {
        add(Layer.convolution(layer), from: source + "weight", .heightWidthInOut)
      }
      add(Layer.noise(layer), from: "G_synthesis/noise\(layer)")
      add(Layer.noiseStrength(layer), from: source + "Noise/weight")
      add(Layer.bias(layer), from: source + "bias")
      add(Layer.styleWeight(layer), from: source + "StyleMod/weight", .transposed)
      add(Layer.styleBias(layer), from: source + "StyleMod/bias")
    }
    for block in 0..<blocks {
      let output = "G_synthesis/ToRGB_lod\(blocks - 1 - block)/"
      add(Output.weight(block), from: output + "weight", .heightWidthInOut)
      add(Output.bias(block), from: output + "bias")
    }
  }
}
