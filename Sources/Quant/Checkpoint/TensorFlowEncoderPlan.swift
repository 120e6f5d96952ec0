import Quant

/// How the in-domain encoder of idinvert's TensorFlow version becomes the tensors of `EncoderArchitecture.tensorFlow`.
///
/// A layer is convolution → bias → leaky ReLU → batch normalization, so that the normalization stays a factor and an offset of its
/// own: zero padding follows it. Of shortcuts and head, which have no activation, it is folded. No weight has a scale.
struct TensorFlowEncoderPlan {
  private(set) var specification: EncoderSpecification
  private(set) var tensors: [PlannedTensor] = []
  private let reader: PartReader

  /// - Throws: `.missingTensors`, `.tensor`, `.unsupported`.
  init(_ reader: PartReader) throws(CheckpointError) {
    self.reader = reader
    let blocks = (0..<StyleGANPort.blockLimit).prefix { reader.shape("E_block_\($0)/Conva/weight") != nil }.count
    let last = max(1, blocks) + 1
    guard last <= 10 else {
      throw .unsupported(
        path: reader.checkpoint.path, found: "\(blocks) encoder blocks", expected: "at most 9 (2048×2048)")
    }
    let stem = reader.shape("FromImg/weight")
    specification = EncoderSpecification(
      resolution: 2 << last, wDimension: 0, layerCount: 2 * last, imageChannels: stem?.dropFirst().first ?? 3,
      stemChannels: stem?.first ?? 0, blockChannels: [], architecture: .tensorFlow)
    planLayer("stem", "FromImg", [stem?.first, specification.imageChannels, 5, 5])
    var inputs = stem?.first
    for block in 0..<last - 1 {
      let outputs = reader.shape("E_block_\(block)/Convb/weight")?.first
      planBlock(block, inputs: inputs, outputs: outputs)
      specification.blockChannels.append(outputs ?? 0)
      inputs = outputs
    }
    try planHead(inputs: inputs)
    reader.inferred.append(
      "encoder: \(specification.resolution)×\(specification.resolution), \(specification.layerCount) layers, "
        + "w \(specification.wDimension), idinvert's of TensorFlow, channels \([specification.stemChannels] + specification.blockChannels)"
    )
  }

  private mutating func planBlock(_ block: Int, inputs: Int?, outputs: Int?) {
    let source = "E_block_\(block)/", target = "block.\(block)."
    var hidden: Int?
    if let inputs, let outputs { hidden = min(inputs, outputs) }
    if inputs != outputs {
      planFolded(target + "shortcut", source + "Shortcut", [outputs, inputs, 1, 1], hasBias: false)
    }
    planLayer(target + "conv1", source + "Conva", [hidden, inputs, 3, 3])
    planLayer(target + "conv2", source + "Convb", [outputs, hidden, 3, 3])
  }

  private mutating func planHead(inputs: Int?) throws(CheckpointError) {
    let rows = reader.shape("Latent_out/weight")?.first
    planFolded("head", "Latent_out", [rows, inputs.map { $0 * 16 }], hasBias: true)
    if let rows {
      specification.wDimension = rows / specification.layerCount
      if rows % specification.layerCount != 0 {
        reader.note(
          .tensor(
            name: reader.fileName("Latent_out/weight"), found: "\(rows) outputs",
            expected: "a multiple of \(specification.layerCount), the layers of a generator of this size"))
      }
    }
    try reader.checkComplete()
  }

  private func requireNormalization(_ source: String, channels: Int?) {
    for name in ["gamma", "beta", "moving_mean", "moving_variance"] {
      reader.require("\(source)/batch_norm/\(name)", [channels])
    }
  }

  /// The number of such an encoder's names behind each prefix; nil where there is none.
  static func recognizes(_ checkpoint: Checkpoint) -> [String: Int]? {
    let counts = TensorNames.tensorFlowEncoder.prefixes(in: checkpoint.names)
    return EncoderConversion.prevails(counts, in: checkpoint.names) ? counts : nil
  }

  /// A convolution with its bias, and the normalization behind its activation.
  private mutating func planLayer(_ target: String, _ source: String, _ shape: [Int?]) {
    reader.require("\(source)/weight", shape)
    reader.require("\(source)/bias", [shape[0]])
    requireNormalization(source, channels: shape[0])
    let reader = reader
    func add(_ name: String, _ values: @escaping () throws(CheckpointError) -> [Float]) {
      tensors.append(PlannedTensor(name: "encoder.\(target).\(name)", values: values))
    }
    add("weight") { () throws(CheckpointError) in try reader.floats("\(source)/weight") }
    add("bias") { () throws(CheckpointError) in try reader.floats("\(source)/bias") }
    tensors += BatchNormalization.tensors("encoder.\(target)") { () throws(CheckpointError) in
      try BatchNormalization(tensorFlow: reader, source)
    }
  }

  /// A layer without an activation, whose normalization goes into its weights.
  private mutating func planFolded(_ target: String, _ source: String, _ shape: [Int?], hasBias: Bool) {
    reader.require("\(source)/weight", shape)
    if hasBias { reader.require("\(source)/bias", [shape[0]]) }
    requireNormalization(source, channels: shape[0])
    let reader = reader
    let layer = FoldedLayer(
      reader: reader, weight: "\(source)/weight", bias: hasBias ? "\(source)/bias" : nil
    ) { () throws(CheckpointError) in try BatchNormalization(tensorFlow: reader, source) }
    tensors += layer.tensors("encoder.\(target)")
  }
}
