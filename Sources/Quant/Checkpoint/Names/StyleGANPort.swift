import Quant

/// A program's StyleGAN generator (Karras et al., CVPR 2019): its names, and what it does otherwise than idinvert_pytorch.
struct StyleGANPort: Sendable {
  var names: TensorNames
  /// Whether noise maps are in the file; programs that draw new noise for each image store none.
  var storesNoise = true
  /// Whether the mean of w is in the file.
  var storesAverage = true
  /// Whether each resolution's output is in the file, or only the one that makes the image.
  var storesAllOutputs = true
  /// Whether an up-sampling layer without a blur kernel in the file blurs all the same.
  var impliesBlur = true
  /// Whether the image passes through tanh, given whether one w serves all layers.
  var hasTanh: @Sendable (_ repeatsW: Bool) -> Bool = { _ in false }
  var variant: SynthesisVariant?

  /// In the order of preference where a file's names fit several.
  private static func all(in names: [String]) -> [StyleGANPort] {
    [idinvert, genforce, lernapparat(in: names), huangzh13, rosinality, tensorFlow(in: names)]
  }

  /// Blocks of resolutions 4 to 2048.
  static let blockLimit = 10
  static let mappingLimit = 64

  /// The block of a resolution, 4 << block; one of those that exist.
  static func block(of resolution: Int) -> Int {
    (0..<blockLimit).first { 4 << $0 >= resolution } ?? blockLimit - 1
  }

  /// The port and the prefix whose names fit most of the file's; nil where none fits.
  static func choose(in names: [String]) -> (port: StyleGANPort, counts: [String: Int])? {
    var best: (port: StyleGANPort, counts: [String: Int])?
    for port in all(in: names) {
      let counts = port.names.prefixes(in: names)
      if counts.values.max() ?? 0 > best?.counts.values.max() ?? 0 { best = (port, counts) }
    }
    return best
  }
}

extension TensorNames {
  /// Names of one style layer's tensors in a plan.
  enum Layer {
    static func convolution(_ layer: Int) -> String { "synthesis.layer\(layer).conv.weight" }
    /// Weights [3, 3, I, O] of the fused up-sampling (`Folding.unfused`).
    static func fused(_ layer: Int) -> String { "synthesis.layer\(layer).weight" }
    static func blur(_ layer: Int) -> String { "synthesis.layer\(layer).blur.kernel" }
    static func noise(_ layer: Int) -> String { "synthesis.layer\(layer).epilogue.apply_noise.noise" }
    static func noiseStrength(_ layer: Int) -> String { "synthesis.layer\(layer).epilogue.apply_noise.weight" }
    static func bias(_ layer: Int) -> String { "synthesis.layer\(layer).epilogue.bias" }
    static func styleWeight(_ layer: Int) -> String { "synthesis.layer\(layer).epilogue.style_mod.dense.fc.weight" }
    static func styleBias(_ layer: Int) -> String { "synthesis.layer\(layer).epilogue.style_mod.dense.wscale.bias" }
  }
  enum Output {
    static func weight(_ block: Int) -> String { "synthesis.output\(block).conv.weight" }
    static func bias(_ block: Int) -> String { "synthesis.output\(block).bias" }
  }
  enum Mapping {
    static func weight(_ layer: Int) -> String { "mapping.dense\(layer).fc.weight" }
    static func bias(_ layer: Int) -> String { "mapping.dense\(layer).wscale.bias" }
  }
  enum Truncation {
    static let average = "truncation.w_avg"
    static let factors = "truncation.truncation"
  }
  static let constant = "synthesis.layer0.const"
  static let levelOfDetail = "synthesis.lod"
  static let labelWeight = "mapping.label_weight"

  /// From this resolution on, StyleGAN fuses up-sampling and convolution unless it is told otherwise.
  static let fusedResolution = 128
}
