import Quant

/// Where a port of StyleGAN2 keeps its tensors, and in which convention: all that tells one port from another.
///
/// A new port is one more value here. Layers are numbered as in `GeneratorArchitecture`.
struct StyleGAN2Names: Sendable {
  /// Of the port, for messages.
  var title: String
  /// Whether a name without prefix is one that no other generator has.
  var isOwn: @Sendable (_ bareName: String) -> Bool
  /// Number of mapping layers and of blocks (resolutions), from the names.
  var mappingCount: @Sendable ([String]) -> Int
  var blockCount: @Sendable ([String]) -> Int
  var mapping: @Sendable (_ layer: Int) -> Affine
  var constant: String
  /// Weights of a modulated 3×3 convolution, of a to-RGB layer, and what follows them.
  var layer: @Sendable (_ layer: Int) -> Layer
  var output: @Sendable (_ block: Int) -> Output
  /// The mean of w where the file has it: [D] behind the prefix, and [D] or [L, D] at the top of the file.
  var average: String?, outerAverage: String?
  /// Filters that must be the published one, and their sum.
  var filters: @Sendable (_ blocks: Int) -> [(name: String, sum: Double)]
  /// Tensors of the network that say nothing.
  var ignored: [String] = []

  /// Whether 3×3 weights count 1/√fanIn times (Karras et al., ICLR 2018) before they are demodulated. Without, the 1e-8 of the
  /// demodulation has another weight.
  var scalesConvolutions: Bool
  /// Whether up-sampling kernels are stored as TensorFlow's, both axes the other way round.
  var flipsUpsampling: Bool
  /// Whether 1 is added to the stored bias of a style.
  var addsOneToStyles: Bool
  /// The largest magnitude of the layers' outputs, where the file's settings (behind the network's prefix) state one.
  var clamp: @Sendable (_ settings: (String) -> String?) -> Float? = { _ in nil }

  struct Affine {
    var weight: String, bias: String
  }

  struct Layer {
    var weight: String, bias: String, noise: String, noiseStrength: String
    var style: Affine
  }

  struct Output {
    var weight: String, bias: String
    var style: Affine
  }

  static let all = [rosinality, genforce, nvidia]

  /// The port whose names a checkpoint has, and the network in it; nil for none.
  ///
  /// - Throws: as `PartReader`.
  static func recognized(
    in checkpoint: Checkpoint, which: String?
  ) throws(CheckpointError) -> (reader: PartReader, names: StyleGAN2Names)? {
    guard NetworkCopies(NetworkPart.generator.prefixes(in: checkpoint.names)) != nil else { return nil }
    // What it warns of does not concern another network.
    guard let reader = try? PartReader(.generator, checkpoint, which: which) else { return nil }
    let bare = reader.names
    let port = all.first { bare.contains(where: $0.isOwn) }
    return port.map { (reader, $0) }
  }

  /// The largest number in names `head` + number + …, plus one.
  static func count(_ names: [String], _ head: String) -> Int {
    let numbers = names.compactMap { name -> Int? in
      guard name.hasPrefix(head) else { return nil }
      let digits = name.dropFirst(head.count).prefix { $0.isNumber }
      return digits.count <= 4 ? Int(digits) : nil
    }
    return (numbers.max() ?? -1) + 1
  }

  /// rosinality's stylegan2-pytorch, whose generator is the decoder of pSp, e4e and ReStyle too. `style.0` is the
  /// normalization of z.
  static let rosinality = StyleGAN2Names(
    title: "rosinality's StyleGAN2",
    isOwn: { name in ["to_rgb1.", "to_rgbs.", "convs.", "conv1.conv."].contains { name.hasPrefix($0) } },
    mappingCount: { count($0, "style.") - 1 },
    blockCount: { max(count($0, "to_rgbs.") + 1, count($0, "convs.") / 2 + 1) },
    mapping: { Affine(weight: "style.\($0 + 1).weight", bias: "style.\($0 + 1).bias") },
    constant: "input.input",
    layer: { index in
      let prefix = index == 0 ? "conv1" : "convs.\(index - 1)"
      return Layer(
        weight: "\(prefix).conv.weight", bias: "\(prefix).activate.bias", noise: "noises.noise_\(index)",
        noiseStrength: "\(prefix).noise.weight",
        style: Affine(weight: "\(prefix).conv.modulation.weight", bias: "\(prefix).conv.modulation.bias"))
    },
    output: { block in
      let prefix = block == 0 ? "to_rgb1" : "to_rgbs.\(block - 1)"
      return Output(
        weight: "\(prefix).conv.weight", bias: "\(prefix).bias",
        style: Affine(weight: "\(prefix).conv.modulation.weight", bias: "\(prefix).conv.modulation.bias"))
    },
    average: nil, outerAverage: "latent_avg",
    filters: { blocks in
      (1..<blocks).flatMap {
        [("convs.\(2 * $0 - 2).conv.blur.kernel", 4.0), ("to_rgbs.\($0 - 1).upsample.kernel", 4.0)]
      }
    },
    scalesConvolutions: true, flipsUpsampling: false, addsOneToStyles: false)

  /// genforce's `StyleGAN2Generator`, skip architecture.
  static let genforce = StyleGAN2Names(
    title: "genforce's StyleGAN2",
    isOwn: { name in
      let words = name.split(separator: ".")
      guard words.count >= 3, words[0] == "synthesis" else { return false }
      if index(of: words[1], after: "output") != nil { return words[2] == "style" }
      return words[1] == "early_layer"
        || index(of: words[1], after: "layer") != nil && ["noise", "noise_strength", "filter"].contains(words[2])
    },
    mappingCount: { count($0, "mapping.dense") }, blockCount: { count($0, "synthesis.output") },
    mapping: { Affine(weight: "mapping.dense\($0).weight", bias: "mapping.dense\($0).bias") },
    constant: "synthesis.early_layer.const",
    layer: { index in
      let prefix = "synthesis.layer\(index)"
      return Layer(
        weight: "\(prefix).weight", bias: "\(prefix).bias", noise: "\(prefix).noise",
        noiseStrength: "\(prefix).noise_strength",
        style: Affine(weight: "\(prefix).style.weight", bias: "\(prefix).style.bias"))
    },
    output: { block in
      let prefix = "synthesis.output\(block)"
      return Output(
        weight: "\(prefix).weight", bias: "\(prefix).bias",
        style: Affine(weight: "\(prefix).style.weight", bias: "\(prefix).style.bias"))
    },
    average: "truncation.w_avg", outerAverage: nil,
    filters: { blocks in
      (1..<blocks).map { ("synthesis.layer\(2 * $0 - 1).filter.kernel", 4.0) } + [("synthesis.upsample.kernel", 4.0)]
    },
    ignored: ["synthesis.lod"], scalesConvolutions: true, flipsUpsampling: true, addsOneToStyles: true)

  /// NVIDIA's stylegan2-ada-pytorch. Blocks are named by their resolution.
  static let nvidia = StyleGAN2Names(
    title: "NVIDIA's StyleGAN2-ADA",
    isOwn: { name in
      let words = name.split(separator: ".")
      return words.count >= 3 && words[0] == "synthesis" && index(of: words[1], after: "b") != nil
    },
    mappingCount: { count($0, "mapping.fc") },
    blockCount: { names in
      (0..<16).last { block in names.contains { $0.hasPrefix("synthesis.b\(4 << block).") } }.map { $0 + 1 } ?? 0
    },
    mapping: { Affine(weight: "mapping.fc\($0).weight", bias: "mapping.fc\($0).bias") },
    constant: "synthesis.b4.const",
    layer: { index in
      let prefix = "synthesis.b\(4 << ((index + 1) / 2)).conv\(index % 2 == 1 ? 0 : 1)"
      return Layer(
        weight: "\(prefix).weight", bias: "\(prefix).bias", noise: "\(prefix).noise_const",
        noiseStrength: "\(prefix).noise_strength",
        style: Affine(weight: "\(prefix).affine.weight", bias: "\(prefix).affine.bias"))
    },
    output: { block in
      let prefix = "synthesis.b\(4 << block).torgb"
      return Output(
        weight: "\(prefix).weight", bias: "\(prefix).bias",
        style: Affine(weight: "\(prefix).affine.weight", bias: "\(prefix).affine.bias"))
    },
    average: "mapping.w_avg", outerAverage: nil,
    filters: { blocks in
      (0..<blocks).flatMap { block in
        ["", ".conv0", ".conv1", ".torgb"].map { ("synthesis.b\(4 << block)\($0).resample_filter", 1.0) }
      }
    },
    scalesConvolutions: false, flipsUpsampling: false, addsOneToStyles: false,
    clamp: { settings in settings("synthesis.b4.conv1.conv_clamp").flatMap(Float.init) })
}
