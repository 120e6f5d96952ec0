import Quant

/// How LPIPS becomes the tensors of `LPIPSSpecification`: its linear layers, from the Python package `lpips`
/// (`weights/v0.1/alex.pth`, `vgg.pth`), and the network that they weigh, from torchvision; in two files or in one.
///
/// Forms: the package's file (`lin0.model.1.weight` …), a saved module (`net.slice1.0.weight` … beside them), both dictionaries in
/// one, and the names of e4e's copy (`0.1.weight`).
struct LPIPSPlan {
  let specification: LPIPSSpecification
  private(set) var tensors: [PlannedTensor] = []
  let readers: [PartReader]

  /// Places of the convolutions in torchvision's `features`.
  private static let places: [LPIPSSpecification.Network: [Int]] = [
    .alex: [0, 3, 6, 8, 10], .vgg: [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28],
  ]
  /// Of the published scaling layer, for RGB in −1...1: x̂ = (x − shift) / scale.
  private static let shift = [-0.030, -0.088, -0.188], scale = [0.458, 0.448, 0.450]
  static let depthCount = 5

  /// - Parameter checkpoints: one or two.
  /// - Throws: `.unsupported` where a part is missing, `.missingTensors`, `.tensor`.
  init(_ checkpoints: [Checkpoint], _ options: ConversionOptions) throws(CheckpointError) {
    guard let linear = checkpoints.first(where: { Self.linear(in: $0) != nil }),
      let (linearPrefix, linearNames) = Self.linear(in: linear)
    else {
      if checkpoints.allSatisfy({ Self.trunk(in: $0) == nil }) {
        throw Recognition(checkpoints[0]).wrongNetwork(for: .lpips)
      }
      throw .unsupported(
        path: checkpoints[0].path, found: "a network of LPIPS without its linear layers",
        expected: "beside it a file with lin0.model.1.weight, such as weights/v0.1/alex.pth of the package lpips")
    }
    guard let trunk = checkpoints.first(where: { Self.trunk(in: $0) != nil }),
      let (network, trunkPrefix) = Self.trunk(in: trunk)
    else {
      throw .unsupported(
        path: linear.path, found: "LPIPS's linear layers without the network that they weigh",
        expected: "beside it torchvision's AlexNet or VGG16 (features.0.weight …)")
    }
    let linearReader = try PartReader(.lpips, linear, counts: [linearPrefix: Self.depthCount])
    let trunkReader =
      linear.path == trunk.path && linearPrefix == trunkPrefix
      ? linearReader : try PartReader(.lpips, trunk, counts: [trunkPrefix: Self.depthCount])
    readers = linearReader === trunkReader ? [linearReader] : [linearReader, trunkReader]
    let channels = try Self.requireTrunk(network, trunkReader)
    specification = LPIPSSpecification(
      network: network, channels: channels.map { $0 ?? 0 }, inputShift: Self.inputShift(options))
    for (name, width) in zip(linearNames, specification.comparedChannels) {
      linearReader.require(name, [1, width, 1, 1])
    }
    for reader in readers { try reader.checkComplete() }
    try planTrunk(trunkReader, options)
    planLinear(linearReader, linearNames)
    linearReader.inferred.append(
      "lpips: \(network.rawValue), version 0.1, input scale folded into the first convolution")
  }

  /// Names of the linear layers and what stands before them; nil where a checkpoint has none.
  static func linear(in checkpoint: Checkpoint) -> (prefix: String, names: [String])? {
    for pattern in ["lin0.model.1.weight", "0.1.weight"] {
      for name in checkpoint.names where name == pattern || name.hasSuffix("." + pattern) {
        let prefix = String(name.dropLast(pattern.count))
        let names = (0..<depthCount).map { depth in
          pattern.hasPrefix("lin") ? "lin\(depth).model.1.weight" : "\(depth).1.weight"
        }
        let fits = names.allSatisfy { name in
          guard let shape = try? checkpoint.shape(prefix + name) else { return false }
          return shape.count == 4 && shape[0] == 1 && shape[2...] == [1, 1]
        }
        if fits { return (prefix, names) }
      }
    }
    return nil
  }

  /// The network and what stands before its names; nil where a checkpoint has none of both.
  static func trunk(in checkpoint: Checkpoint) -> (network: LPIPSSpecification.Network, prefix: String)? {
    for wrapper in ["features.0", "slice1.0", "features.module.0", "0"] {
      let pattern = wrapper + ".weight"
      for name in checkpoint.names where name == pattern || name.hasSuffix("." + pattern) {
        guard let shape = try? checkpoint.shape(name), shape.count == 4, shape[1] == 3 else { continue }
        let prefix = String(name.dropLast(pattern.count))
        switch shape[2...] {
        case [11, 11]: return (.alex, prefix)
        case [3, 3] where checkpoint.names.contains { $0.hasPrefix(prefix) && $0.hasSuffix("28.weight") }:
          return (.vgg, prefix)
        default: continue
        }
      }
    }
    return nil
  }

  /// The name of a convolution, as whichever wrapper has it.
  private static func name(of place: Int, _ reader: PartReader) -> String {
    let names =
      ["features.\(place)", "features.module.\(place)", "\(place)", "layer\(place)"]
      + (1...5).map { "slice\($0).\(place)" }
    return names.first { reader.shape($0 + ".weight") != nil } ?? names[0]
  }

  private static func requireTrunk(
    _ network: LPIPSSpecification.Network, _ reader: PartReader
  ) throws(CheckpointError) -> [Int?] {
    var channels: [Int?] = [], inputs: Int? = 3
    for (place, layer) in zip(places[network] ?? [], network.layers) {
      let name = name(of: place, reader)
      let outputs = reader.shape(name + ".weight")?.first
      reader.require(name + ".weight", [outputs, inputs, layer.kernel, layer.kernel])
      reader.require(name + ".bias", [outputs])
      channels.append(outputs)
      inputs = outputs
    }
    return channels
  }

  /// x̂ = (x′ − shift) / scale with x′ = (2x − low − high) / (high − low): what is added to x before the first convolution …
  private static func inputShift(_ options: ConversionOptions) -> [Float] {
    let (low, high) = (Double(options.pixelMinimum), Double(options.pixelMaximum))
    return shift.map { Float(-(low + high) / 2 - $0 * (high - low) / 2) }
  }

  /// … and what its weights are multiplied by.
  private static func inputFactors(_ options: ConversionOptions) -> [Double] {
    let span = Double(options.pixelMaximum) - Double(options.pixelMinimum)
    return scale.map { 2 / (span * $0) }
  }

  private mutating func planTrunk(_ reader: PartReader, _ options: ConversionOptions) throws(CheckpointError) {
    let factors = Self.inputFactors(options)
    for (index, (place, layer)) in zip(Self.places[specification.network] ?? [], specification.layers).enumerated() {
      let name = Self.name(of: place, reader), area = layer.kernel * layer.kernel
      if index == 0, VGGOrigin.input(of: try reader.floats(name + ".weight")) == .caffe {
        throw .tensor(
          name: reader.prefix + name + ".weight", found: "Caffe's VGG16", expected: "torchvision's, which LPIPS weighs")
      }
      tensors.append(
        PlannedTensor(name: "lpips.conv.\(index).weight") { () throws(CheckpointError) in
          var values = try reader.floats(name + ".weight")
          if index == 0 {
            for place in values.indices {
              values[place] = Float(Double(values[place]) * factors[place / area % 3])
            }
          }
          return values
        })
      tensors.append(
        PlannedTensor(name: "lpips.conv.\(index).bias") { () throws(CheckpointError) in
          try reader.floats(name + ".bias")
        })
    }
  }

  private mutating func planLinear(_ reader: PartReader, _ names: [String]) {
    for (depth, name) in names.enumerated() {
      tensors.append(
        PlannedTensor(name: "lpips.linear.\(depth)") { () throws(CheckpointError) in
          let values = try reader.floats(name)
          guard values.allSatisfy({ $0 >= 0 }) else {
            throw .tensor(name: reader.prefix + name, found: "a negative weight", expected: "0 or more")
          }
          return values
        })
    }
  }
}

extension LPIPSPlan: NetworkConversion {
  static let examples = "names such as lin0.model.1.weight and features.0.weight (the package lpips, torchvision)"

  static func matches(_ words: ArraySlice<Substring>) -> Bool {
    guard let first = words.first, let second = words.dropFirst().first else { return false }
    let isLinear =
      words.last == "weight"
      && (second == "model" && index(of: first, after: "lin") != nil
        || words.count == 3 && Int(first) != nil && second == "1")
    return isLinear || PerceptualPlan.matches(words)
  }

  static func found(in checkpoint: Checkpoint) -> (title: String, counts: [String: Int])? {
    if let linear = linear(in: checkpoint) { return ("LPIPS's linear layers", [linear.prefix: depthCount]) }
    // A VGG16 is a perceptual network unless linear layers are beside it.
    guard let trunk = trunk(in: checkpoint), trunk.network == .alex else { return nil }
    return ("AlexNet, as LPIPS weighs it", [trunk.prefix: depthCount])
  }

  static func plan(_ checkpoints: [Checkpoint], in draft: inout ConversionDraft) throws(CheckpointError) {
    let plan = try LPIPSPlan(checkpoints, draft.options)
    draft.add(plan.specification, plan.tensors, from: plan.readers)
  }
}
