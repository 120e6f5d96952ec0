/// The networks, and how their tensors are told apart by name whatever wrapper stored them.
package enum NetworkPart: String, CaseIterable, Sendable {
  case generator
  case encoder
  case perceptual
  case attributes
  case judge
  case detector
  case lpips
  case identity

  /// What a checkpoint's names should look like, for messages.
  var examples: String {
    switch self {
    case .generator: "names such as mapping.dense0.fc.weight and synthesis.layer1.conv.weight (idinvert_pytorch)"
    case .encoder: "names such as block0.conv.weight and block1.conv1.weight (idinvert_pytorch)"
    case .perceptual: "names such as layer0.weight or features.0.weight (VGG16)"
    case .attributes: "conv.weight, dense.weight, mean, std and a list of texts, names"
    case .judge: "block0.conv.weight, block1.conv1.weight, dense.weight, mean, std and a list of texts, names"
    case .detector: "names such as conv1.weight, prelu1.weight and dense4.weight (facenet-pytorch's MTCNN)"
    case .lpips: "names such as lin0.model.1.weight and features.0.weight (the package lpips, torchvision)"
    case .identity: "names such as input_layer.0.weight, body.0.res_layer.1.weight and output_layer.3.weight (ArcFace)"
    }
  }

  /// In a sentence.
  var withArticle: String {
    switch self {
    case .generator: "a generator"
    case .encoder: "an encoder"
    case .perceptual: "a perceptual network"
    case .attributes: "an attribute network"
    case .judge: "a judge"
    case .detector: "a face detector"
    case .lpips: "LPIPS"
    case .identity: "an identity network"
    }
  }

  /// Whether a name without wrappers' prefixes is one of this network's.
  private func matches(_ parts: ArraySlice<Substring>) -> Bool {
    guard let first = parts.first, parts.count >= 2 else { return false }
    let second = parts[parts.startIndex + 1]
    let last = parts[parts.endIndex - 1]
    switch self {
    case .generator: return ["mapping", "truncation", "synthesis"].contains(first) || Self.isStyleGAN2(parts)
    case .encoder:
      if ["input_layer", "latlayer1", "latlayer2"].contains(first)
        || ["body", "styles"].contains(first) && Int(second) != nil
      {
        return true
      }
      return index(of: first, after: "block") != nil
        && ["conv", "conv1", "conv2", "bn", "bn1", "bn2", "wscale1", "wscale2", "fc"].contains(second)
    case .perceptual:
      guard last == "weight" || last == "bias" else { return false }
      return PerceptualPlan.place(parts.dropLast().joined(separator: ".")) != nil
    // Not by `conv`, which an encoder's blocks have too.
    case .attributes: return parts.count == 2 && first == "dense" && (last == "weight" || last == "bias")
    case .lpips:
      return last == "weight" && second == "model" && index(of: first, after: "lin") != nil
        || last == "weight" && parts.count == 3 && Int(first) != nil && second == "1" || Self.perceptual.matches(parts)
    case .identity:
      return ["input_layer", "output_layer"].contains(first) || first == "body" && Int(second) != nil
    case .judge: return Self.encoder.matches(parts) || Self.attributes.matches(parts)
    case .detector:
      return parts.count == 2 && (last == "weight" || last == "bias")
        && ["conv", "prelu", "dense"].contains { index(of: first.prefix { $0 != "_" }, after: $0) != nil }
    }
  }

  /// Names of rosinality's StyleGAN2; its discriminator has `convs` too, and no word of these behind it.
  private static func isStyleGAN2(_ parts: ArraySlice<Substring>) -> Bool {
    let words = Array(parts.prefix(3))
    switch words[0] {
    case "conv1", "to_rgb1": return ["conv", "noise", "activate", "bias"].contains(words[1])
    case "convs", "to_rgbs":
      return words.count == 3 && Int(words[1]) != nil
        && ["conv", "noise", "activate", "bias", "upsample"].contains(words[2])
    case "style": return parts.count == 3 && Int(words[1]) != nil && (words[2] == "weight" || words[2] == "bias")
    case "input": return parts.count == 2 && words[1] == "input"
    case "noises": return parts.count == 2 && index(of: words[1], after: "noise_") != nil
    default: return false
    }
  }

  /// The number of matching names behind each prefix ("", "module.", "generator_smooth.").
  func prefixes(in names: [String]) -> [String: Int] {
    var counts: [String: Int] = [:]
    for name in names {
      let parts = name.split(separator: ".", omittingEmptySubsequences: false)
      guard let start = parts.indices.first(where: { matches(parts[$0...]) }) else { continue }
      counts[parts[..<start].map { $0 + "." }.joined(), default: 0] += 1
    }
    return counts
  }

  /// Whether a name without prefix is one of this network's own modules: in an encoder's blocks anything is. An
  /// attribute network and a judge have files of their own.
  func owns(_ bareName: String) -> Bool {
    if self == .encoder, index(of: bareName.prefix { $0 != "." }, after: "block") != nil { return true }
    return self == .attributes || self == .judge || prefixes(in: [bareName]).keys.contains("")
  }
}

/// Where a file has the same network several times: training programs store a running average of the weights beside the
/// weights.
struct NetworkCopies {
  /// Of the copies that are about as complete as the most complete one.
  let prefixes: [String]

  /// - Parameter counts: the number of the network's names behind each prefix; nil where there is none.
  init?(_ counts: [String: Int]) {
    guard let most = counts.values.max() else { return nil }
    prefixes = counts.filter { $0.value * 10 >= most * 9 }.map(\.key).sorted()
  }

  /// The copy whose prefix contains `wanted` (all of a name between dots, where one is); without a wish the average, which
  /// is the one that is published and meant, else the first.
  func choose(_ wanted: String?) -> String? {
    guard let wanted, prefixes.count > 1 else { return prefixes.first(where: Self.isAverage) ?? prefixes[0] }
    return prefixes.first { $0.split(separator: ".").contains { $0 == wanted } }
      ?? prefixes.first { $0.contains(wanted) }
  }

  private static let averages: Set<Substring> = [
    "ema", "smooth", "gs", "average", "averaged", "avg", "running", "shadow", "copy",
  ]

  /// Whether a prefix says that it is that of a running average: by a whole word, not by letters within one.
  private static func isAverage(_ prefix: String) -> Bool {
    prefix.lowercased().split(whereSeparator: { $0 == "." || $0 == "_" }).contains { averages.contains($0) }
  }
}

/// The number in names such as `layer12`.
func index(of text: some StringProtocol, after word: String) -> Int? {
  guard text.hasPrefix(word) else { return nil }
  let digits = text.dropFirst(word.count)
  guard !digits.isEmpty, digits.count <= 6, digits.allSatisfy(\.isNumber) else { return nil }
  return Int(digits)
}
