import Quant

/// What a checkpoint holds, told from its tensors' names and shapes and its objects' classes.
package struct Recognition: Sendable {
  /// A network that can be converted.
  package struct Network: Sendable {
    package var part: NetworkPart
    /// With its article: "a StyleGAN generator (genforce's names)".
    package var title: String
    /// Where the file has it several times, the copies' prefixes, the one that is taken first.
    package var copies: [String]
  }

  package let path: String
  package let networks: [Network]
  /// The network that LPIPS's linear layers could weigh.
  let lpipsNetwork: LPIPSSpecification.Network?
  /// What the file is where it holds no network that can be converted: "a StyleGAN3 generator".
  package let other: String?

  /// In a sentence: "a StyleGAN generator (genforce's StyleGAN) and an encoder (…)".
  package var description: String {
    let all = networks.map(\.title)
    return all.isEmpty ? other ?? "a file of no known network" : all.joined(separator: " and ")
  }

  /// - Parameter which: part of the name of the copy that is wanted.
  package init(_ checkpoint: Checkpoint, which: String? = nil) {
    path = checkpoint.path
    lpipsNetwork = LPIPSPlan.trunk(in: checkpoint)?.network
    let other = Self.unsupported(checkpoint)
    let found = other == nil ? NetworkPart.allCases.compactMap { Self.network($0, in: checkpoint, which) } : []
    // A judge and an attribute network have files of their own; others have layers of an attribute network's names.
    if let judge = found.first(where: { $0.part == .judge }) {
      networks = [judge]
    } else {
      networks = found.count > 1 ? found.filter { $0.part != .attributes } : found
    }
    self.other = other ?? Self.beside(checkpoint)
  }

  private static func network(_ part: NetworkPart, in checkpoint: Checkpoint, _ which: String?) -> Network? {
    let names = checkpoint.names
    func found(_ title: String, _ counts: [String: Int]) -> Network? {
      guard let copies = NetworkCopies(counts) else { return nil }
      let chosen = copies.choose(which) ?? copies.prefixes[0]
      return Network(part: part, title: title, copies: [chosen] + copies.prefixes.filter { $0 != chosen })
    }
    let counts = part.prefixes(in: names)
    switch part {
    case .generator:
      if let title = styleGAN2(names) { return found("a StyleGAN2 generator (\(title))", counts) }
      guard let (port, counts) = StyleGANPort.choose(in: names), counts.values.max() ?? 0 >= 8 else { return nil }
      return found("a StyleGAN generator (\(port.names.title))", counts)
    case .encoder:
      if let counts = TensorFlowEncoderPlan.recognizes(checkpoint) {
        return found("an in-domain encoder (\(TensorNames.tensorFlowEncoder.title))", counts)
      }
      if let counts = PyramidPlan.recognizes(checkpoint) { return found("an encoder (genforce's EncoderNet)", counts) }
      if names.contains(where: { $0.contains("input_layer.0.") }), names.contains(where: { $0.contains("styles.0.") }) {
        return found("an encoder (pSp, e4e or ReStyle)", counts)
      }
      guard names.contains(where: { $0.hasSuffix("block0.conv.weight") || $0.hasSuffix("block1.conv1.weight") }) else {
        return nil
      }
      return found("an in-domain encoder", counts)
    case .perceptual:
      guard let first = PerceptualPlan.firstConvolution(in: checkpoint) else { return nil }
      return found("a perceptual network (VGG\(first.isLPIPS ? " with LPIPS's layers" : ""))", counts)
    case .attributes:
      guard names.contains(where: { $0 == "dense.weight" || $0.hasSuffix(".dense.weight") }),
        names.contains(where: { $0 == "conv.weight" || $0.hasSuffix(".conv.weight") })
      else { return nil }
      return found("an attribute network", counts)
    case .judge:
      // An encoder's blocks, and a dense layer beside them in place of its head.
      guard names.contains(where: { $0 == "dense.weight" || $0.hasSuffix(".dense.weight") }),
        names.contains(where: { $0.hasSuffix("block0.conv.weight") })
      else { return nil }
      return found("a judge", counts)
    case .detector:
      guard names.contains(where: { $0.hasSuffix("prelu1.weight") }), let stage = DetectorPlan.stage(of: names) else {
        return nil
      }
      return found("the \(stage) network of a face detector (MTCNN)", counts)
    case .lpips:
      let linear = LPIPSPlan.linear(in: checkpoint), trunk = LPIPSPlan.trunk(in: checkpoint)
      if let linear { return found("LPIPS's linear layers", [linear.prefix: LPIPSPlan.depthCount]) }
      // A VGG16 is a perceptual network unless linear layers are beside it.
      guard let trunk, trunk.network == .alex else { return nil }
      return found("AlexNet, as LPIPS weighs it", [trunk.prefix: LPIPSPlan.depthCount])
    case .identity:
      func has(_ word: String) -> Bool { names.contains { $0.contains(word) } }
      guard has("input_layer.0."), has("body.0.res_layer."), has("output_layer.3."), !has("styles.0.") else {
        return nil
      }
      return found("an identity network (IR-SE of ArcFace)", counts)
    }
  }

  /// The port of a StyleGAN2 generator; nil for another network.
  static func styleGAN2(_ names: [String]) -> String? {
    func has(_ suffix: String) -> Bool { names.contains { $0 == suffix || $0.hasSuffix("." + suffix) } }
    if has("to_rgb1.bias") { return "rosinality's names" }
    if has("synthesis.early_layer.const") { return "genforce's names" }
    if has("synthesis.b4.const") { return "NVIDIA's StyleGAN2-ADA" }
    return nil
  }

  /// Networks that are intact, and that no part of a model is made of.
  private static func unsupported(_ checkpoint: Checkpoint) -> String? {
    let names = checkpoint.names
    func has(_ words: String...) -> Bool { words.allSatisfy { word in names.contains { $0.contains(word) } } }
    if has("synthesis.input.freqs") || has("synthesis.L0_") { return "a StyleGAN3 generator" }
    if has("synthesis.b4.const"), has("mapping.embed.weight") { return "a class-conditional StyleGAN2 generator" }
    if has("G_synthesis/4x4/Conv/mod_weight") { return "a StyleGAN2 generator in TensorFlow" }
    if has("Grow_lod") || has("ToRGB_lod0/weight", "4x4/Dense/weight") && !has("G_synthesis") {
      return "a progressive GAN"
    }
    if checkpoint.classes.values.contains("persistent Generator"), styleGAN2(names) == nil {
      return "a generator of NVIDIA's that is no StyleGAN2"
    }
    return nil
  }

  /// What a file is that holds no network of a model.
  private static func beside(_ checkpoint: Checkpoint) -> String? {
    let names = checkpoint.names
    func has(_ words: String...) -> Bool { words.allSatisfy { word in names.contains { $0.contains(word) } } }
    if names.isEmpty { return "a file without tensors" }
    if has("lin0.model.1.weight") { return "LPIPS's linear layers alone, without the network that they weigh" }
    if has("input_layer.0.", "body.0.", "output_layer.") { return "a part of an identity network (ArcFace)" }
    if has("classifier.0.weight", "classifier.3.weight") { return "the classifier of a VGG, without its features" }
    if has("layer1.0.conv1.weight", "bn1.running_mean") { return "a ResNet" }
    if has("b4.out.weight") || has("final_linear.") || has("discriminator") { return "a discriminator" }
    if names.count == 1, let shape = try? checkpoint.shape(names[0]) {
      return "an array of shape \(shape): codes, or a direction"
    }
    return nil
  }
}

extension Conversion {
  /// What files are given for, and what they turned out to be.
  package struct Assignment {
    package var conversion: Conversion
    /// One for each file.
    package var recognitions: [Recognition]
  }

  /// Gives each file's networks to the parts that no path was given for.
  ///
  /// - Throws: as `CheckpointReader.open`; `.unsupported` where a file holds nothing that is wanted, by what it is; `.mismatch`
  ///   where two files hold the same part.
  package func assigning(_ files: [String]) throws(CheckpointError) -> Assignment {
    var result = Assignment(conversion: self, recognitions: [])
    var owners: [NetworkPart: String] = [:]
    for path in files {
      let checkpoint: Checkpoint
      do throws(CheckpointError) {
        checkpoint = try CheckpointReader.open(path)
      } catch {
        throw error.located(in: path)
      }
      let recognition = Recognition(checkpoint, which: options.which)
      result.recognitions.append(recognition)
      guard !recognition.networks.isEmpty else {
        throw .unsupported(
          path: path, found: "this is \(recognition.description)",
          expected:
            "a generator, an encoder, a perceptual or an attribute network, a judge, a face detector, LPIPS, or an "
            + "identity network")
      }
      for network in recognition.networks {
        if network.part == .detector || network.part == .lpips {
          result.conversion.setPath(path, of: network.part)
          continue
        }
        if self.path(of: network.part) != nil { continue }
        if let owner = owners[network.part] {
          throw .mismatch(
            what: "the \(network.part.rawValue)", found: "in two files, \(owner) and \(path)",
            expected: "in one: leave one out, or say --\(network.part.rawValue)")
        }
        owners[network.part] = path
        result.conversion.setPath(path, of: network.part)
      }
    }
    result.assignLPIPSNetwork()
    return result
  }

  package func path(of part: NetworkPart) -> String? {
    switch part {
    case .generator: generator
    case .encoder: encoder
    case .perceptual: perceptual
    case .attributes: attributes
    case .judge: judge
    case .detector: detector.first
    case .lpips: lpips.first
    case .identity: identity
    }
  }

  private mutating func setPath(_ path: String, of part: NetworkPart) {
    switch part {
    case .generator: generator = path
    case .encoder: encoder = path
    case .perceptual: perceptual = path
    case .attributes: attributes = path
    case .judge: judge = path
    case .detector: detector.append(path)
    case .lpips: lpips.append(path)
    case .identity: identity = path
    }
  }
}

extension Conversion.Assignment {
  /// LPIPS's linear layers may weigh the VGG16 that was given beside them. It is the perceptual network too, unless there is
  /// nothing that would compare its features.
  fileprivate mutating func assignLPIPSNetwork() {
    guard let first = conversion.lpips.first else { return }
    let hasNetwork = recognitions.contains { recognition in
      conversion.lpips.contains(recognition.path) && (recognition.lpipsNetwork != nil)
    }
    if !hasNetwork, let vgg = recognitions.first(where: { $0.lpipsNetwork == .vgg }) {
      conversion.lpips.append(vgg.path)
    }
    let others = [conversion.generator, conversion.encoder, conversion.attributes].compactMap { $0 }
    guard others.isEmpty, let perceptual = conversion.perceptual else { return }
    if conversion.lpips.contains(perceptual) || perceptual == first { conversion.perceptual = nil }
  }
}
