import Quant

/// Generators of the StyleGAN family, each under its program's names.
enum GeneratorConversion: NetworkConversion {
  static let examples = "names such as mapping.dense0.fc.weight and synthesis.layer1.conv.weight (idinvert_pytorch)"

  static func matches(_ words: ArraySlice<Substring>) -> Bool {
    ["mapping", "truncation", "synthesis"].contains(words.first) || isStyleGAN2(Array(words.prefix(3)), words.count)
  }

  /// Names of rosinality's StyleGAN2; its discriminator has `convs` too, and no word of these behind it.
  private static func isStyleGAN2(_ words: [Substring], _ count: Int) -> Bool {
    switch words[0] {
    case "conv1", "to_rgb1": return ["conv", "noise", "activate", "bias"].contains(words[1])
    case "convs", "to_rgbs":
      return words.count == 3 && Int(words[1]) != nil
        && ["conv", "noise", "activate", "bias", "upsample"].contains(words[2])
    case "style": return count == 3 && Int(words[1]) != nil && (words[2] == "weight" || words[2] == "bias")
    case "input": return count == 2 && words[1] == "input"
    case "noises": return count == 2 && index(of: words[1], after: "noise_") != nil
    default: return false
    }
  }

  static func found(in checkpoint: Checkpoint) -> (title: String, counts: [String: Int])? {
    let names = checkpoint.names
    if let title = styleGAN2(names) { return ("a StyleGAN2 generator (\(title))", prefixes(in: names)) }
    guard let (port, counts) = StyleGANPort.choose(in: names), prevails(counts, in: names) else { return nil }
    return ("a StyleGAN generator (\(port.names.title))", counts)
  }

  /// The port of a StyleGAN2 generator; nil for another network.
  static func styleGAN2(_ names: [String]) -> String? {
    func has(_ suffix: String) -> Bool { names.contains { $0 == suffix || $0.hasSuffix("." + suffix) } }
    if has("to_rgb1.bias") || names.contains(where: { $0.contains(".conv.modulation.") }) {
      return "rosinality's names"
    }
    // Behind whatever prefix.
    let bare = names.compactMap { name in
      let words = name.split(separator: ".")
      return words.firstIndex(of: "synthesis").map { words[$0...].joined(separator: ".") }
    }
    if bare.contains(where: StyleGAN2Names.genforce.isOwn) { return "genforce's names" }
    return bare.contains(where: StyleGAN2Names.nvidia.isOwn) ? "NVIDIA's StyleGAN2-ADA" : nil
  }

  static func plan(_ checkpoints: [Checkpoint], in draft: inout ConversionDraft) throws(CheckpointError) {
    let options = draft.options
    for checkpoint in checkpoints {
      if let (reader, names) = try StyleGAN2Names.recognized(in: checkpoint, which: options.which) {
        let clamp = names.clamp { checkpoint.settings[reader.prefix + $0] }
        let plan = try StyleGAN2Plan(reader, names, clamp: clamp, options)
        draft.add(plan.specification, plan.tensors, from: [reader])
      } else {
        let (reader, port) = try PartReader.generator(checkpoint, which: options.which)
        let plan = try GeneratorPlan(reader, of: port, options)
        draft.add(plan.specification, plan.tensors, from: [reader])
      }
    }
  }
}
