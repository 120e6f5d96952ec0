import Quant

/// How the in-domain encoder of bryandlee's stylegan2-encoder-pytorch becomes the tensors of `EncoderArchitecture.filtered`.
///
/// Equalized learning rates (1/√fan-in) and gains are folded into the weights: √2·φ(x) = φ(√2·x) for a leaky ReLU φ, and the √2
/// behind a block's second convolution goes against the 1/√2 of its sum.
///
/// That program's training truncates the codes before its generator sees them: w = m + 0.7·(E(x) − m), m the mean of w. A model's
/// encoder gives w itself, so that the head takes this in, and the conversion needs the generator.
struct FilteredPlan {
  private(set) var specification: EncoderSpecification
  private(set) var tensors: [PlannedTensor] = []
  private let reader: PartReader

  private static let gain = 2.0.squareRoot()
  /// Of the program's training.
  private static let truncation = 0.7

  /// The number of such an encoder's names behind each prefix; nil where there is none. Discriminators of StyleGAN2 have the same
  /// blocks, and another end.
  static func recognizes(_ checkpoint: Checkpoint) -> [String: Int]? {
    let mark = "convs.1.conv2.1.weight", names = Set(checkpoint.names)
    var counts: [String: Int] = [:]
    for name in checkpoint.names where name == mark || name.hasSuffix("." + mark) {
      let prefix = String(name.dropLast(mark.count))
      guard let end = try? checkpoint.shape("\(prefix)convs.\(blockCount { names.contains(prefix + $0) } + 1).weight"),
        end.count == 4, end[2...] == [4, 4]
      else { continue }
      counts[prefix] = checkpoint.names.count { $0.hasPrefix(prefix + "convs.") }
    }
    return counts.isEmpty ? nil : counts
  }

  private static func blockCount(_ has: (String) -> Bool) -> Int {
    (1...StyleGANPort.blockLimit).prefix { has("convs.\($0).conv2.1.weight") }.count
  }

  /// - Parameter average: the generator's mean of w for each layer, [L·D]; nil without a generator.
  /// - Throws: `.missingTensors`, `.tensor`, `.unsupported`.
  init(_ reader: PartReader, average: PlannedTensor?) throws(CheckpointError) {
    self.reader = reader
    guard let average else {
      throw .unsupported(
        path: reader.checkpoint.path,
        found: "an encoder of stylegan2-encoder-pytorch alone, whose codes lie around its generator's mean of w",
        expected: "its generator in the same conversion")
    }
    let names = Set(reader.names)
    let blocks = max(1, Self.blockCount(names.contains))
    guard blocks <= 9 else {
      throw .unsupported(
        path: reader.checkpoint.path, found: "\(blocks) encoder blocks", expected: "at most 9 (2048×2048)")
    }
    let stem = reader.shape("convs.0.0.weight")
    specification = EncoderSpecification(
      resolution: 4 << blocks, wDimension: 0, layerCount: 2 * (blocks + 1),
      imageChannels: stem?.dropFirst().first ?? 3, stemChannels: stem?.first ?? 0, blockChannels: [],
      architecture: .filtered)
    addConvolution("stem", "convs.0.0", bias: "convs.0.1.bias", [stem?.first, specification.imageChannels, 1, 1])
    var inputs = stem?.first
    for block in 0..<blocks {
      let outputs = reader.shape("convs.\(block + 1).conv2.1.weight")?.first
      planBlock(block, inputs: inputs, outputs: outputs)
      specification.blockChannels.append(outputs ?? 0)
      inputs = outputs
    }
    planHead("convs.\(blocks + 1).weight", inputs: inputs, average)
    try reader.checkComplete()
    for block in 0..<blocks {
      for name in ["conv2.0.kernel", "skip.0.kernel"] { try checkFilter("convs.\(block + 1).\(name)") }
    }
    reader.inferred.append(
      "encoder: \(specification.resolution)×\(specification.resolution), \(specification.layerCount) layers, "
        + "w \(specification.wDimension), stylegan2-encoder-pytorch's, channels "
        + "\([specification.stemChannels] + specification.blockChannels); its truncation (ψ \(Self.truncation)) is folded "
        + "into the head")
  }

  private mutating func planBlock(_ block: Int, inputs: Int?, outputs: Int?) {
    let source = "convs.\(block + 1).", target = "block.\(block)."
    addConvolution(target + "conv1", source + "conv1.0", bias: source + "conv1.1.bias", [inputs, inputs, 3, 3])
    addConvolution(
      target + "conv2", source + "conv2.1", bias: source + "conv2.2.bias", [outputs, inputs, 3, 3], gain: 1)
    // A quarter: the engine's filter sums up to 4.
    addConvolution(
      target + "shortcut", source + "skip.1", bias: nil, [outputs, inputs, 1, 1], gain: 0.25 / Self.gain)
  }

  private mutating func addConvolution(
    _ target: String, _ source: String, bias: String?, _ shape: [Int?], gain: Double = FilteredPlan.gain
  ) {
    reader.require("\(source).weight", shape)
    let reader = reader
    let scale = Folding.weightScale(fanIn: max(1, (shape[1] ?? 1) * (shape[2] ?? 1) * (shape[3] ?? 1)), gain: gain)
    tensors.append(
      PlannedTensor(name: "encoder.\(target).weight") { () throws(CheckpointError) in
        Folding.scaled(try reader.floats("\(source).weight"), by: scale)
      })
    guard let bias else { return }
    reader.require(bias, [shape[0]])
    tensors.append(
      PlannedTensor(name: "encoder.\(target).bias") { () throws(CheckpointError) in
        Folding.scaled(try reader.floats(bias), by: gain)
      })
  }

  /// A convolution of all 4×4 pixels without bias, and the truncation: 0.7·W·x + 0.3·m.
  private mutating func planHead(_ source: String, inputs: Int?, _ average: PlannedTensor) {
    let rows = reader.shape(source)?.first
    reader.require(source, [rows, inputs, 4, 4])
    if let rows {
      specification.wDimension = rows / specification.layerCount
      if rows % specification.layerCount != 0 {
        reader.note(
          .tensor(
            name: reader.fileName(source), found: "\(rows) outputs",
            expected: "a multiple of \(specification.layerCount), the layers of a generator of this size"))
      }
    }
    let reader = reader, count = rows ?? 0
    let scale = Folding.weightScale(fanIn: max(1, (inputs ?? 1) * 16), gain: Self.truncation)
    tensors.append(
      PlannedTensor(name: "encoder.head.weight") { () throws(CheckpointError) in
        Folding.scaled(try reader.floats(source), by: scale)
      })
    tensors.append(
      PlannedTensor(name: "encoder.head.bias") { () throws(CheckpointError) in
        let mean = try average.values()
        guard mean.count == count else {
          throw .mismatch(
            what: "the encoder's code", found: "\(count) numbers", expected: "\(mean.count), as the generator's")
        }
        return Folding.scaled(mean, by: 1 - Self.truncation)
      })
  }

  private func checkFilter(_ name: String) throws(CheckpointError) {
    guard reader.shape(name) != nil else { return }
    reader.acknowledge(name)
    guard BinomialFilter.matches(try reader.floats(name), sum: 1) else {
      throw .tensor(
        name: reader.prefix + name, found: "another filter", expected: "[1, 3, 3, 1]⊗[1, 3, 3, 1] / 64, as published")
    }
  }
}
