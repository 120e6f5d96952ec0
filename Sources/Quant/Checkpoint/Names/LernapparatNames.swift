import Quant

extension StyleGANPort {
  /// lernapparat's port (the files `karras2019stylegan-*.for_g_all.pt`).
  ///
  /// Blocks are named by their size, each epilogue's noise is drawn anew, and the mean of w is a file of its own or
  /// nowhere. Instance normalization is PyTorch's, with ε = 1e-5.
  ///
  /// - Parameter names: the file's, because its one output is that of its finest resolution.
  static func lernapparat(in names: [String]) -> StyleGANPort {
    let sizes = names.compactMap { name -> Int? in
      guard let scope = name.firstRange(of: "g_synthesis.blocks.") else { return nil }
      return Int(name[scope.upperBound...].prefix { $0 != "x" })
    }
    let finest = block(of: sizes.max() ?? 4)
    let table = TensorNames(lernapparat: "lernapparat's StyleGAN", mapping: "g_mapping.dense") { block in
      ("blocks.\(4 << block)x\(4 << block)", block == finest ? "torgb" : nil)
    }
    return StyleGANPort(
      names: table, storesNoise: false, storesAverage: false, storesAllOutputs: false, impliesBlur: false,
      variant: SynthesisVariant(normEpsilon: 1e-5))
  }

  /// huangzh13/StyleGAN.pytorch, which is lernapparat's with other names, all resolutions' outputs and the mean of w.
  static let huangzh13: StyleGANPort = {
    var names = TensorNames(lernapparat: "huangzh13's StyleGAN", mapping: "g_mapping.map.dense") { block in
      (block == 0 ? "init_block" : "blocks.\(block - 1)", "to_rgb.\(block)")
    }
    names.add(TensorNames.Truncation.average, from: "truncation.avg_latent")
    // Built without truncation it has no mean; the outputs of lower resolutions make no image.
    return StyleGANPort(
      names: names, storesNoise: false, storesAverage: false, storesAllOutputs: false, impliesBlur: false,
      variant: SynthesisVariant(normEpsilon: 1e-5))
  }()
}

extension TensorNames {
  /// Names of lernapparat's modules.
  ///
  /// - Parameter blocks: a block's name and its output's, where it has one.
  fileprivate init(
    lernapparat title: String, mapping: String, blocks: (Int) -> (block: String, output: String?)
  ) {
    self.init(title: title, modules: ["g_mapping", "g_synthesis", "truncation"])
    for layer in 0..<StyleGANPort.mappingLimit {
      add(Mapping.weight(layer), from: "\(mapping)\(layer).weight")
      add(Mapping.bias(layer), from: "\(mapping)\(layer).bias")
    }
    for block in 0..<StyleGANPort.blockLimit {
      let (name, output) = blocks(block)
      let source = "g_synthesis.\(name)."
      let isFused = 4 << block >= Self.fusedResolution
      if block == 0 {
        add(Self.constant, from: source + "const", .leadingOnes(rank: 4))
        add(Layer.bias(0), from: source + "bias")
        add(Layer.convolution(1), from: source + "conv.weight")
        add(Layer.bias(1), from: source + "conv.bias")
      } else {
        let (first, second) = (2 * block, 2 * block + 1)
        if isFused {
          add(Layer.fused(first), from: source + "conv0_up.weight", .permuted([2, 3, 1, 0]))
        } else {
          add(Layer.convolution(first), from: source + "conv0_up.weight")
        }
        add(Layer.bias(first), from: source + "conv0_up.bias")
        add(Layer.blur(first), from: source + "conv0_up.intermediate.kernel")
        add(Layer.convolution(second), from: source + "conv1.weight")
        add(Layer.bias(second), from: source + "conv1.bias")
      }
      for half in 0..<2 {
        let layer = 2 * block + half
        let epilogue = "\(source)epi\(half + 1)."
        add(Layer.noiseStrength(layer), from: epilogue + "top_epi.noise.weight")
        add(Layer.styleWeight(layer), from: epilogue + "style_mod.lin.weight")
        add(Layer.styleBias(layer), from: epilogue + "style_mod.lin.bias")
      }
      guard let output else { continue }
      add(Output.weight(block), from: "g_synthesis.\(output).weight")
      add(Output.bias(block), from: "g_synthesis.\(output).bias")
    }
  }
}
