import Quant

/// How genforce's `EncoderNet` (the encoder of GH-Feat, Xu et al., CVPR 2021) becomes the tensors of `PyramidSpecification`.
///
/// Every convolution of the residual network and every dense head is followed by batch normalization, which goes into it.
struct PyramidPlan {
  private(set) var specification: EncoderSpecification
  private(set) var tensors: [PlannedTensor] = []
  private let reader: PartReader

  /// The number of such an encoder's names behind each prefix; nil where there is none.
  static func recognizes(_ checkpoint: Checkpoint) -> [String: Int]? {
    let marks = ["fpn.lateral_conv_list.", "fpn.feature_conv_list.", "sam.fusion_conv_list.", "head_list."]
    var counts: [String: Int] = [:]
    for name in checkpoint.names {
      let words = name.split(separator: ".", omittingEmptySubsequences: false)
      let starts = words.indices.filter { start in
        let bare = words[start...].joined(separator: ".")
        return marks.contains { bare.hasPrefix($0) }
      }
      guard let start = starts.first else { continue }
      let prefix = words[..<start].map { $0 + "." }.joined()
      if counts[prefix] == nil { counts[prefix] = checkpoint.names.count { $0.hasPrefix(prefix) } }
    }
    return counts.isEmpty ? nil : counts
  }

  /// - Throws: `.missingTensors`, `.tensor`, `.unsupported`.
  init(_ reader: PartReader) throws(CheckpointError) {
    self.reader = reader
    if reader.shape("layer1.0.conv3.weight") != nil {
      throw .unsupported(
        path: reader.checkpoint.path, found: "an encoder of genforce with bottleneck blocks (ResNet-50 and deeper)",
        expected: "one of ResNet-18 or ResNet-34")
    }
    let stages = (1...9).prefix { reader.shape("layer\($0).0.conv1.weight") != nil }.count
    let blocks = (0..<stages).map { stage in
      (0..<64).prefix { reader.shape("layer\(stage + 1).\($0).conv1.weight") != nil }.count
    }
    let heads = (0..<stages).prefix { reader.shape("head_list.\($0).fc.weight") != nil }.count
    let resolution = 8 << max(1, stages), layers = 2 * (resolution.trailingZeroBitCount - 1)
    let rows = (0..<heads).map { reader.shape("head_list.\($0).fc.weight")?.first ?? 0 }
    let width = rows.reduce(0, +) / layers
    let widths = (0..<stages).map { reader.shape("layer\($0 + 1).0.conv1.weight")?.first ?? 0 }
    let pyramid = PyramidSpecification(
      blocks: blocks, pyramidChannels: reader.shape("fpn.feature_conv_list.0.weight")?.first ?? 0,
      fusedChannels: reader.shape("sam.fusion_conv_list.0.weight")?.first ?? 0,
      headLayers: rows.map { width > 0 ? $0 / width : 0 })
    specification = EncoderSpecification(
      resolution: resolution, wDimension: width, layerCount: layers, imageChannels: 3,
      stemChannels: reader.shape("conv1.weight")?.first ?? 0, blockChannels: widths, architecture: .pyramid(pyramid))
    planTrunk(pyramid)
    planHeads(pyramid, rows)
    try reader.checkComplete()
    guard heads > 0, width * layers == rows.reduce(0, +), rows.allSatisfy({ $0 > 0 && $0 % width == 0 }) else {
      throw .unsupported(
        path: reader.checkpoint.path, found: "an encoder of genforce whose heads give \(rows) numbers",
        expected: "multiples of one width, \(layers) rows in all")
    }
    reader.inferred.append(
      "encoder: \(resolution)×\(resolution), \(layers) layers, w \(width), genforce's (residual blocks \(blocks), "
        + "feature pyramid, \(heads) heads), batch normalization folded")
  }

  private mutating func planTrunk(_ pyramid: PyramidSpecification) {
    let stem = specification.stemChannels
    addNormalized("stem", "conv1", "bn1", [stem, 3, 7, 7])
    var inputs = stem
    for (stage, outputs) in specification.blockChannels.enumerated() {
      for block in 0..<pyramid.blocks[stage] {
        let source = "layer\(stage + 1).\(block)", target = "stage.\(stage).\(block)"
        addNormalized("\(target).conv1", "\(source).conv1", "\(source).bn1", [outputs, inputs, 3, 3])
        addNormalized("\(target).conv2", "\(source).conv2", "\(source).bn2", [outputs, outputs, 3, 3])
        if pyramid.hasShortcut(stage: stage, block: block, inputs: inputs, outputs: outputs) {
          addNormalized(
            "\(target).shortcut", "\(source).downsample.0", "\(source).downsample.1", [outputs, inputs, 1, 1])
        }
        inputs = outputs
      }
    }
  }

  private mutating func planHeads(_ pyramid: PyramidSpecification, _ rows: [Int]) {
    let widths = specification.blockChannels.suffix(pyramid.headLayers.count)
    for (index, inputs) in widths.enumerated() {
      for (target, source, shape) in [
        ("lateral", "fpn.lateral_conv_list", [pyramid.pyramidChannels, inputs, 3, 3]),
        ("feature", "fpn.feature_conv_list", [pyramid.pyramidChannels, pyramid.pyramidChannels, 3, 3]),
        ("fusion", "sam.fusion_conv_list", [pyramid.fusedChannels, pyramid.pyramidChannels, 3, 3]),
      ] {
        add("\(target).\(index).weight", "\(source).\(index).weight", shape)
        add("\(target).\(index).bias", "\(source).\(index).bias", [shape[0]])
      }
      let source = "head_list.\(index)"
      addNormalized(
        "head.\(index)", "\(source).fc", "\(source).norm", [rows[index], pyramid.fusedChannels * 16], hasBias: true)
    }
  }

  private mutating func add(_ target: String, _ source: String, _ shape: [Int]) {
    reader.require(source, shape)
    let reader = reader
    tensors.append(
      PlannedTensor(name: "encoder.\(target)") { () throws(CheckpointError) in try reader.floats(source) })
  }

  /// A layer and the normalization behind it: y = factor·(W·x + b) + offset.
  private mutating func addNormalized(
    _ target: String, _ source: String, _ norm: String, _ shape: [Int], hasBias: Bool = false
  ) {
    reader.require("\(source).weight", shape)
    if hasBias { reader.require("\(source).bias", [shape[0]]) }
    reader.requireNormalization(norm, channels: shape[0])
    let reader = reader, rows = shape[0]
    let layer = FoldedLayer(
      reader: reader, weight: "\(source).weight", bias: hasBias ? "\(source).bias" : nil
    ) { () throws(CheckpointError) in try BatchNormalization(reader, norm, channels: rows) }
    tensors += layer.tensors("encoder.\(target)")
  }
}
