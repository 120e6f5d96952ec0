import Quant

/// How the convolutions of a residual trunk, and what else is followed by batch normalization, become tensors: the
/// encoder's and the judge's.
///
/// Published code: with `use_wscale`, every 3×3 and 1×1 weight counts `√2/√fanIn` times; without, the residual blocks divide
/// and multiply by that constant, which cancels. Batch normalization, where there is any, comes after the bias.
struct ResidualTrunkPlan {
  private(set) var tensors: [PlannedTensor] = []
  private(set) var imageChannels: Int
  private(set) var stemChannels: Int
  private(set) var blockChannels: [Int] = []
  /// Output channels of the last block; nil where the checkpoint does not tell.
  private(set) var lastChannels: Int?
  let hasBatchNormalization: Bool

  private let network: String
  private let reader: PartReader
  private let usesWeightScale: Bool

  /// - Parameters:
  ///   - network: what the tensors' names in the model file begin with.
  ///   - blockCount: residual blocks, `block1` and on.
  /// - Throws: `.tensor` where the stem is not 3×3.
  init(_ network: String, _ reader: PartReader, blockCount: Int, usesWeightScale: Bool) throws(CheckpointError) {
    (self.network, self.reader, self.usesWeightScale) = (network, reader, usesWeightScale)
    hasBatchNormalization = reader.names.contains { $0.contains(".bn") }
    let stem = reader.shape("block0.conv.weight")
    if let stem, stem.count == 4, stem[2] != 3 {
      throw .tensor(
        name: reader.prefix + "block0.conv.weight", found: "a \(stem[2])×\(stem[3]) stem",
        expected: "3×3: this is the encoder of the TensorFlow version, whose layers are ordered otherwise")
    }
    imageChannels = stem.flatMap { $0.count == 4 ? $0[1] : nil } ?? 3
    stemChannels = stem?.first ?? 0
    plan("stem", "block0", convolution: "conv", bn: "bn", [stem?.first, imageChannels, 3, 3])
    var inputs = stem?.first
    for block in 1..<(1 + blockCount) {
      let outputs =
        reader.shape("block\(block).conv2.weight")?.first ?? reader.shape("block\(block).conv.weight")?.first
      planBlock(block, inputs: inputs, outputs: outputs)
      blockChannels.append(outputs ?? 0)
      inputs = outputs
    }
    lastChannels = inputs
  }

  /// The stem of a network of gray images, for colored ones: it reads their luma.
  mutating func readGrayImages() {
    guard let index = tensors.firstIndex(where: { $0.name == "\(network).stem.weight" }) else { return }
    let (values, channels) = (tensors[index].values, imageChannels)
    tensors[index].values = { () throws(CheckpointError) in
      Grayscale.reading(try values(), taps: 9, channels: channels)
    }
  }

  private mutating func planBlock(_ block: Int, inputs: Int?, outputs: Int?) {
    let source = "block\(block)"
    // Where an extent is unknown, whether there is a shortcut follows from the names.
    let hasShortcut =
      if let inputs, let outputs { inputs != outputs } else { reader.shape(source + ".conv.weight") != nil }
    var hidden: Int?
    if let inputs, let outputs { hidden = min(inputs, outputs) }
    if hasShortcut {
      plan("block.\(block - 1).shortcut", source, convolution: "conv", bn: "bn", [outputs, inputs, 1, 1])
    }
    plan(
      "block.\(block - 1).conv1", source, convolution: "conv1", bias: "wscale1", bn: "bn1", [hidden, inputs, 3, 3])
    plan(
      "block.\(block - 1).conv2", source, convolution: "conv2", bias: "wscale2", bn: "bn2", [outputs, hidden, 3, 3])
  }

  /// One convolution with its bias and batch normalization: `y = factor·(scale·conv(x) + bias) + offset`.
  private mutating func plan(
    _ target: String, _ source: String, convolution: String, bias: String? = nil, bn: String, _ shape: [Int?]
  ) {
    let weightName = "\(source).\(convolution).weight"
    reader.require(weightName, shape)
    let rows = shape[0]
    let normName = requireBatchNormalization("\(source).\(bn).bn", channels: rows)
    var biasName: String?
    if let bias {
      let name = "\(source).\(bias).bias"
      if reader.shape(name) != nil {
        biasName = name
        reader.require(name, [rows])
      } else {
        reader.inferred.append("\(network): no \(name); 0 is assumed")
      }
    }
    let scale =
      usesWeightScale ? Folding.weightScale(fanIn: max(1, (shape[1] ?? 1) * (shape[2] ?? 1) * (shape[3] ?? 1))) : 1
    add(target, weightName, biasName, normName, rows: rows ?? 0, scale: scale)
  }

  /// Notes that a layer's batch normalization is needed, where the network has any; returns its name.
  func requireBatchNormalization(_ name: String, channels: Int?) -> String? {
    guard hasBatchNormalization else { return nil }
    reader.requireNormalization(name, channels: channels)
    return name
  }

  /// Weight [rows, …] and bias of one layer.
  mutating func add(
    _ target: String, _ weightName: String, _ biasName: String?, _ normName: String?, rows: Int, scale: Double
  ) {
    let reader = reader
    let layer = FoldedLayer(reader: reader, weight: weightName, bias: biasName, scale: scale) {
      () throws(CheckpointError) in try BatchNormalization(reader, normName, channels: rows)
    }
    tensors += layer.tensors("\(network).\(target)")
  }
}
