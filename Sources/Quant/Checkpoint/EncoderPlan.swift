import Quant

/// How an in-domain encoder's checkpoint becomes the tensors of `EncoderSpecification`.
///
/// Published code: with `use_wscale`, every 3×3 and 1×1 weight counts `√2/√fanIn` times; without, the residual blocks divide
/// and multiply by that constant, which cancels. The head always counts `1/√fanIn` times. Batch normalisation, where there is
/// any, comes after the bias.
struct EncoderPlan {
  private(set) var specification: EncoderSpecification
  private(set) var tensors: [PlannedTensor] = []

  private let reader: PartReader
  private let usesWeightScale: Bool
  private let hasBatchNormalisation: Bool

  /// - Throws: `.missingTensors`, `.tensor`, `.unsupported`.
  init(_ reader: PartReader, _ options: ConversionOptions) throws(CheckpointError) {
    self.reader = reader
    usesWeightScale = options.encoderWScale
    let names = reader.names
    let blockIndices = names.compactMap { index(of: $0.prefix { $0 != "." }, after: "block") }
    let last = max(2, blockIndices.max() ?? 0)
    guard last <= 10 else {
      throw .unsupported(
        path: reader.checkpoint.path, found: "\(last + 1) encoder blocks", expected: "at most 11 (2048×2048)")
    }
    hasBatchNormalisation = names.contains { $0.contains(".bn") }
    let stem = reader.shape("block0.conv.weight")
    if let stem, stem.count == 4, stem[2] != 3 {
      throw .tensor(
        name: reader.prefix + "block0.conv.weight", found: "a \(stem[2])×\(stem[3]) stem",
        expected: "3×3: this is the encoder of the TensorFlow version, whose layers are ordered otherwise")
    }
    specification = EncoderSpecification(
      resolution: 2 << last, wDimension: 0, layerCount: 2 * last,
      imageChannels: stem.flatMap { $0.count == 4 ? $0[1] : nil } ?? 3, stemChannels: stem?.first ?? 0,
      blockChannels: [])
    plan("stem", "block0", convolution: "conv", bn: "bn", [stem?.first, specification.imageChannels, 3, 3])
    var inputs = stem?.first
    for block in 1..<last {
      let outputs =
        reader.shape("block\(block).conv2.weight")?.first ?? reader.shape("block\(block).conv.weight")?.first
      planBlock(block, inputs: inputs, outputs: outputs)
      specification.blockChannels.append(outputs ?? 0)
      inputs = outputs
    }
    try planHead(last, inputs: inputs)
    planGreyImages(stem)
    reader.inferred.append(
      "encoder: \(specification.resolution)×\(specification.resolution), \(specification.layerCount) layers, "
        + "w \(specification.wDimension), \(hasBatchNormalisation ? "batch normalization, folded" : "no batch normalization"), "
        + "channels \([specification.stemChannels] + specification.blockChannels)")
    reader.inferred.append(
      "encoder: built \(usesWeightScale ? "with" : "without") use_wscale (an option: no checkpoint says so)")
  }

  /// An encoder of grey images reads the luma of coloured ones.
  private mutating func planGreyImages(_ stem: [Int]?) {
    guard Greyscale.isGrey(specification.imageChannels), let stem,
      let index = tensors.firstIndex(where: { $0.name == "encoder.stem.weight" })
    else { return }
    let (values, channels) = (tensors[index].values, specification.imageChannels)
    tensors[index].values = { () throws(CheckpointError) in
      Greyscale.reading(try values(), taps: stem[2] * stem[3], channels: channels)
    }
    specification.imageChannels = 3
    reader.inferred.append("encoder: reads grey images; of coloured ones the luma, 0.299 R + 0.587 G + 0.114 B")
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

  /// One convolution with its bias and batch normalisation: `y = factor·(scale·conv(x) + bias) + offset`.
  private mutating func plan(
    _ target: String, _ source: String, convolution: String, bias: String? = nil, bn: String, _ shape: [Int?]
  ) {
    let weightName = "\(source).\(convolution).weight"
    reader.require(weightName, shape)
    let rows = shape[0]
    let normName = requireBatchNormalisation("\(source).\(bn).bn", channels: rows)
    var biasName: String?
    if let bias {
      let name = "\(source).\(bias).bias"
      if reader.shape(name) != nil {
        biasName = name
        reader.require(name, [rows])
      } else {
        reader.inferred.append("encoder: no \(name); 0 is assumed")
      }
    }
    let scale =
      usesWeightScale ? Folding.weightScale(fanIn: max(1, (shape[1] ?? 1) * (shape[2] ?? 1) * (shape[3] ?? 1))) : 1
    add(target, weightName, biasName, normName, rows: rows ?? 0, scale: scale)
  }

  private mutating func planHead(_ block: Int, inputs: Int?) throws(CheckpointError) {
    let weightName = "block\(block).fc.weight"
    let rows = reader.shape(weightName)?.first
    reader.require(weightName, [nil, inputs.map { $0 * 16 }])
    let normName = requireBatchNormalisation("block\(block).bn.bn", channels: rows)
    if let rows {
      specification.wDimension = rows / specification.layerCount
      if rows % specification.layerCount != 0 {
        reader.note(
          .tensor(
            name: reader.prefix + weightName, found: "\(rows) outputs",
            expected:
              "a multiple of \(specification.layerCount), the layers of a \(specification.resolution)×\(specification.resolution) generator"
          ))
      }
    }
    try reader.checkComplete()
    let scale = Folding.weightScale(fanIn: max(1, (inputs ?? 1) * 16), gain: 1)
    add("head", weightName, nil, normName, rows: rows ?? 0, scale: scale)
  }

  private func requireBatchNormalisation(_ name: String, channels: Int?) -> String? {
    guard hasBatchNormalisation else { return nil }
    for tensor in ["weight", "bias", "running_mean", "running_var"] { reader.require("\(name).\(tensor)", [channels]) }
    return name
  }

  private mutating func add(
    _ target: String, _ weightName: String, _ biasName: String?, _ normName: String?, rows: Int, scale: Double
  ) {
    let reader = reader
    tensors.append(
      PlannedTensor(name: "encoder.\(target).weight") { () throws(CheckpointError) in
        let norm = try BatchNormalisation(reader, normName, channels: rows)
        return Folding.scaledRows(try reader.floats(weightName), by: norm.factors.map { $0 * scale })
      })
    tensors.append(
      PlannedTensor(name: "encoder.\(target).bias") { () throws(CheckpointError) in
        let norm = try BatchNormalisation(reader, normName, channels: rows)
        let bias = try biasName.map { name throws(CheckpointError) in try reader.doubles(name) }
        return (0..<rows).map { Float((bias?[$0] ?? 0) * norm.factors[$0] + norm.offsets[$0]) }
      })
  }
}
