import Quant

/// Networks that no part of a model is made of, by words in the names of their tensors.
enum ForeignNetworks {
  private struct Network {
    /// With its article.
    var title: String
    /// Each is in some name …
    var words: [String]
    /// … and none of these is in any.
    var without: [String] = []
  }

  /// Generators and what is trained with them: intact, near to what is read, and not read.
  private static let generators = [
    Network(title: "a StyleGAN3 generator", words: ["synthesis.input.freqs"]),
    Network(title: "a StyleGAN3 generator", words: ["synthesis.L0_"]),
    Network(title: "a StyleGAN3 generator", words: ["synthesis.L", ".magnitude_ema"]),
    Network(title: "a class-conditional StyleGAN2 generator", words: ["synthesis.b4.const", "mapping.embed.weight"]),
    Network(title: "a StyleGAN2 generator in TensorFlow", words: ["G_synthesis/", "/mod_weight"]),
    Network(title: "a progressive GAN", words: ["Grow_lod"]),
    Network(title: "a progressive GAN", words: ["ToRGB_lod0/weight", "4x4/Dense/weight"], without: ["G_synthesis"]),
  ]

  private static let blocks = "a part of a StyleGAN2 discriminator, or of stylegan2-encoder-pytorch's encoder"

  /// The first one that fits counts.
  private static let others = [
    Network(
      title: "LPIPS's linear layers alone, without the network that they weigh", words: ["lin0.model.1.weight"]),
    Network(
      title: "a part of an identity network (ArcFace)", words: ["input_layer.0.", "body.0.", "output_layer."]),
    Network(
      title: "a part of an IR-SE network (an encoder of pSp, e4e or ReStyle, or ArcFace)",
      words: ["body.", ".res_layer."]
    ),
    Network(
      title: "the classifier of a VGG, without its features", words: ["classifier.0.weight", "classifier.3.weight"],
      without: ["features."]),
    Network(
      title: "a VGG with batch normalization" + CheckpointError.unread,
      words: ["features.0.weight", "features.1.running_mean"]),
    Network(title: "a SqueezeNet", words: [".squeeze.weight", ".expand1x1.", ".expand3x3."]),
    Network(title: "a MobileNet or EfficientNet", words: ["features.0.0.weight", "features.0.1.running_mean"]),
    Network(title: "an Inception network", words: ["Conv2d_1a_3x3.conv.weight"]),
    Network(title: "a network for face parsing (BiSeNet)", words: ["cp.resnet.", "ffm."]),
    Network(title: "CLIP", words: ["token_embedding.weight", "logit_scale"]),
    Network(title: "a vision transformer", words: ["cls_token", "patch_embed.proj."]),
    Network(title: "a latent diffusion model", words: ["model.diffusion_model."]),
    Network(title: "a VQGAN", words: ["quantize.embed", "decoder.conv_out."]),
    Network(title: "a ResNet", words: ["layer1.0.conv1.weight", "bn1.running_mean"]),
    Network(title: "a ResNet", words: ["layer1.0.bn1."]),
    Network(title: "a discriminator", words: ["b4.out.weight"]),
    Network(title: "a discriminator", words: ["final_linear."]),
    Network(title: "a discriminator", words: ["discriminator"]),
    Network(title: "a discriminator", words: ["from_rgb.0.", "progression.0."], without: ["to_rgb."]),
    Network(title: "a discriminator", words: ["input0.weight", "layer0.weight", "layer1.weight"]),
    Network(title: blocks, words: ["convs.", ".conv1.0."]),
    Network(title: blocks, words: ["convs.", ".conv2.1."]),
    Network(title: "the state of an optimizer", words: ["exp_avg_sq"]),
  ]

  private static func title(_ networks: [Network], _ names: [String]) -> String? {
    networks.first { network in
      network.words.allSatisfy { word in names.contains { $0.contains(word) } }
        && !network.without.contains { word in names.contains { $0.contains(word) } }
    }?.title
  }

  /// A generator that is intact, and that no part of a model is made of.
  static func generator(_ checkpoint: Checkpoint) -> String? {
    if let title = title(generators, checkpoint.names) { return title }
    if checkpoint.classes.values.contains("persistent Generator"),
      GeneratorConversion.styleGAN2(checkpoint.names) == nil
    {
      return "a generator of NVIDIA's that is no StyleGAN2"
    }
    return nil
  }

  /// What a file is that holds no network of a model.
  static func other(_ checkpoint: Checkpoint) -> String? {
    let names = checkpoint.names
    if names.isEmpty { return "a file without tensors" }
    if let title = title(others, names) { return title }
    if names.count == 1, !names[0].contains("."), let shape = try? checkpoint.shape(names[0]) {
      return "an array of shape \(shape): codes, or a direction"
    }
    return nil
  }

  /// The part that most of a file's names are of, where it is too incomplete to be told from its kin.
  static func incomplete(_ checkpoint: Checkpoint) -> NetworkPart? {
    // Sequences of other layers have a VGG's names, too.
    let isLikeVGG = checkpoint.names.contains { name in
      if name.hasPrefix("layer") || name.contains("features.") { return true }
      guard let shape = try? checkpoint.shape(name) else { return false }
      return shape.count == 4 && shape[2...] == [3, 3]
    }
    return [NetworkPart.generator, .encoder, .perceptual, .detector].first { part in
      let counts = part.prefixes(in: checkpoint.names), names = checkpoint.names
      return GeneratorConversion.prevails(counts, in: names) && 2 * (counts.values.max() ?? 0) > names.count
        && (part != .perceptual || isLikeVGG)
    }
  }
}
