import Quant

/// How the pixels reach a VGG network; nothing in its file says.
package enum PerceptualInput: String, Codable, CaseIterable, Sendable {
  /// BGR in 0…255 minus a mean per channel: the original weights, Keras's, and those published with in-domain inversion.
  case caffe
  /// RGB in 0…1, minus a mean and divided by a deviation per channel: torchvision's weights.
  case torchvision
}

/// How a VGG-style checkpoint becomes the tensors of `FeatureNetworkSpecification`.
///
/// The names hold the convolutions' places in a sequence; a gap of one place is a ReLU, of two a ReLU and a max pooling
/// (Simonyan & Zisserman, ICLR 2015). Feature: the ReLU of conv4_3 for VGG16, as published, else of the last convolution.
struct PerceptualPlan {
  private(set) var specification: FeatureNetworkSpecification
  private(set) var tensors: [PlannedTensor] = []

  /// Convolutions of VGG16 up to conv4_3.
  static let vgg16Indices = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21]

  /// - Throws: `.missingTensors`, `.tensor`, `.wrongNetwork`.
  init(_ reader: PartReader, _ options: ConversionOptions) throws(CheckpointError) {
    let (names, convolutions) = try Self.convolutions(reader)
    // Other networks begin with a convolution of a VGG's name, too.
    guard convolutions.count > 1 || reader.checkpoint.names.count <= 3 else {
      throw Recognition(reader.checkpoint).wrongNetwork(for: .perceptual)
    }
    let limit = try Self.layerCount(convolutions, options.perceptualLayers, reader)
    let kept = convolutions.filter { $0 < limit }
    for index in convolutions where index >= limit {
      reader.setAside(names[index, default: ""] + ".weight")
      reader.setAside(names[index, default: ""] + ".bias")
    }
    if kept.count < convolutions.count {
      reader.inferred.append(
        "perceptual: features are the output of layer \(limit - 1); \(convolutions.count - kept.count) later convolutions are ignored"
      )
    }
    var layers: [FeatureNetworkSpecification.Layer] = []
    var channels = 3
    for index in kept {
      while layers.count < index { layers.append(layers.last == .relu ? .maxPool : .relu) }
      let name = names[index, default: "layer\(index)"]
      let outputs = reader.shape(name + ".weight")?.first
      reader.require(name + ".weight", [outputs, channels, 3, 3])
      reader.require(name + ".bias", [outputs])
      layers.append(.convolution(inputChannels: channels, outputChannels: outputs ?? 0))
      channels = outputs ?? 0
    }
    while layers.count < limit { layers.append(layers.last == .relu ? .maxPool : .relu) }
    try reader.checkComplete()
    let input = try Self.input(of: names[0] ?? "", reader, options)
    let (factors, shift, isReversed) = Self.normalization(input, options)
    specification = FeatureNetworkSpecification(layers: layers, inputShift: shift)
    for index in kept {
      let name = names[index, default: ""]
      tensors.append(
        PlannedTensor(name: "perceptual.\(index).weight") { () throws(CheckpointError) in
          let values = try reader.floats(name + ".weight")
          return index == 0 ? Self.firstWeights(values, factors: factors, isReversed: isReversed) : values
        })
      tensors.append(
        PlannedTensor(name: "perceptual.\(index).bias") { () throws(CheckpointError) in
          try reader.floats(name + ".bias")
        })
    }
    reader.inferred.append(
      "perceptual: \(kept.count) convolutions, \(layers.filter { $0 == .maxPool }.count) poolings, feature of \(channels) channels, "
        + "input as \(input.rawValue)'s, folded into the first convolution")
  }

  /// What the network reads: what was asked for, what the weights tell, or what the published network reads.
  private static func input(
    of first: String, _ reader: PartReader, _ options: ConversionOptions
  ) throws(CheckpointError) -> PerceptualInput {
    let weights = try reader.floats(first + ".weight")
    if VGGOrigin.isReversedCaffe(weights), options.perceptualInput == nil {
      throw .reversedChannels(tensor: reader.prefix + first + ".weight")
    }
    let known = VGGOrigin.input(of: weights)
    if let asked = options.perceptualInput {
      if let known, known != asked {
        reader.warnings.append(
          "perceptual: the weights are those of \(known.rawValue)'s VGG16, the input is \(asked.rawValue)'s, as asked for"
        )
      }
      return asked
    }
    if let known {
      reader.inferred.append("perceptual: the weights are those of \(known.rawValue)'s VGG16")
      return known
    }
    // Under the published names they are what was published.
    if index(of: first, after: "layer") == nil {
      reader.warnings.append(
        ConversionWarning(
          "perceptual: nothing says what the weights were trained on, the input is taken to be caffe's (BGR, 0…255 minus a "
            + "mean), and not torchvision's", remedy: "perceptual-input torchvision"))
    }
    return .caffe
  }

  /// The place of a layer in VGG's sequence, from its name without `.weight` or `.bias`: `layer0`, `features.0`, `0`,
  /// `features.module.0` (DataParallel), `slice1.0` (LPIPS); nil for another name.
  static func place(_ bare: some StringProtocol) -> Int? {
    let parts = bare.split(separator: ".", omittingEmptySubsequences: false)
    guard let last = parts.last else { return nil }
    switch parts.count {
    case 1: return index(of: last, after: "layer") ?? index(of: last, after: "")
    case 2 where parts[0] == "features" || index(of: parts[0], after: "slice") != nil: return index(of: last, after: "")
    case 3 where parts[0] == "features" && parts[1] == "module": return index(of: last, after: "")
    default: return nil
    }
  }

  /// The first convolution, where the file has a network that begins like a VGG.
  static func firstConvolution(in checkpoint: Checkpoint) -> (name: String, isLPIPS: Bool)? {
    for (prefix, count) in NetworkPart.perceptual.prefixes(in: checkpoint.names) where count >= 2 {
      for wrapper in ["layer", "features.", "", "features.module.", "slice1."] {
        guard let shape = try? checkpoint.shape("\(prefix)\(wrapper)0.weight"), shape.count == 4,
          shape[1...] == [3, 3, 3], isFollowedByConvolution(checkpoint, prefix + wrapper)
        else { continue }
        return (prefix + wrapper + "0", checkpoint.names.contains { $0.hasSuffix("lin0.model.1.weight") })
      }
    }
    return nil
  }

  /// Whether a ReLU, perhaps a pooling, and then a convolution are behind layer 0: other networks begin with one too.
  private static func isFollowedByConvolution(_ checkpoint: Checkpoint, _ prefix: String) -> Bool {
    guard (try? checkpoint.shape("\(prefix)1.weight")) == nil else { return false }
    return [2, 3].contains { place in
      let names =
        ["\(prefix)\(place).weight"] + (prefix.hasSuffix("slice1.") ? ["\(prefix.dropLast(2))2.\(place).weight"] : [])
      return names.contains { (try? checkpoint.shape($0))?.count == 4 }
    }
  }

  /// Names of the layers by index, and the indices of convolutions.
  private static func convolutions(
    _ reader: PartReader
  ) throws(CheckpointError) -> (names: [Int: String], indices: [Int]) {
    var names: [Int: String] = [:]
    for name in reader.names where name.hasSuffix(".weight") {
      let bare = String(name.dropLast(".weight".count))
      guard let place = place(bare) else { continue }
      guard let shape = reader.shape(name), shape.count == 4 else {
        throw .tensor(
          name: reader.prefix + name, found: "shape \(reader.shape(name) ?? [])",
          expected: "a convolution; VGG with batch normalization is not supported")
      }
      guard names.updateValue(bare, forKey: place) == nil else {
        throw .tensor(name: reader.prefix + name, found: "layer \(place) twice", expected: "each layer once")
      }
    }
    let indices = names.keys.sorted()
    guard indices.first == 0 else {
      throw .missingTensors(
        part: reader.part.rawValue,
        tensors: [MissingTensor(name: reader.prefix + "layer0.weight", shape: [64, 3, 3, 3])])
    }
    for (previous, next) in zip(indices, indices.dropFirst()) {
      guard (2...3).contains(next - previous) else {
        throw .tensor(
          name: reader.prefix + (names[next] ?? "") + ".weight",
          found: "\(next - previous - 1) layers since \(names[previous] ?? "")",
          expected: "one (ReLU) or two (ReLU, max pooling)")
      }
    }
    return (names, indices)
  }

  private static func layerCount(
    _ convolutions: [Int], _ wanted: Int?, _ reader: PartReader
  ) throws(CheckpointError) -> Int {
    let last = convolutions.last ?? 0
    if let wanted {
      guard wanted >= 1, wanted <= last + 2 else {
        throw .mismatch(
          what: "the number of perceptual layers", found: "\(wanted)", expected: "1 to \(last + 2), as the file has")
      }
      return wanted
    }
    return convolutions.starts(with: vgg16Indices) ? 23 : last + 2
  }

  /// `network input = factor·(pixel + shift)` per channel in RGB order, and whether the network reads BGR.
  static func normalization(
    _ input: PerceptualInput, _ options: ConversionOptions
  ) -> (factors: [Double], shift: [Float], isReversed: Bool) {
    let minimum = Double(options.pixelMinimum)
    let span = Double(options.pixelMaximum) - minimum
    switch input {
    case .caffe:
      let means = [123.68, 116.779, 103.939]
      return (means.map { _ in 255 / span }, means.map { Float(-minimum - $0 * span / 255) }, true)
    case .torchvision:
      let means = [0.485, 0.456, 0.406]
      let deviations = [0.229, 0.224, 0.225]
      return (deviations.map { 1 / (span * $0) }, means.map { Float(-minimum - $0 * span) }, false)
    }
  }

  /// The first convolution's weights [O, 3, 3, 3], their input planes in RGB order and carrying the factors.
  static func firstWeights(_ values: [Float], factors: [Double], isReversed: Bool) -> [Float] {
    var result = values
    for output in 0..<values.count / 27 {
      for channel in 0..<3 {
        for tap in 0..<9 {
          let source = isReversed ? 2 - channel : channel
          result[output * 27 + channel * 9 + tap] =
            Float(Double(values[output * 27 + source * 9 + tap]) * factors[channel])
        }
      }
    }
    return result
  }
}

extension PerceptualPlan: NetworkConversion {
  static let examples = "names such as layer0.weight or features.0.weight (VGG16)"

  static func matches(_ words: ArraySlice<Substring>) -> Bool {
    (words.last == "weight" || words.last == "bias") && place(words.dropLast().joined(separator: ".")) != nil
  }

  static func found(in checkpoint: Checkpoint) -> (title: String, counts: [String: Int])? {
    guard let first = firstConvolution(in: checkpoint) else { return nil }
    return ("a perceptual network (VGG\(first.isLPIPS ? " with LPIPS's layers" : ""))", prefixes(in: checkpoint.names))
  }

  static func plan(_ checkpoints: [Checkpoint], in draft: inout ConversionDraft) throws(CheckpointError) {
    for checkpoint in checkpoints {
      let reader = try PartReader(.perceptual, checkpoint, which: draft.options.which)
      let plan = try PerceptualPlan(reader, draft.options)
      draft.add(plan.specification, plan.tensors, from: [reader])
    }
  }
}
