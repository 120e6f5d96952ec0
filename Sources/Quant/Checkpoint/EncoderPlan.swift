import Quant

/// How an in-domain encoder's checkpoint becomes the tensors of `EncoderSpecification`.
///
/// The trunk is `ResidualTrunkPlan`; the head always counts `1/√fanIn` times, whether or not there is `use_wscale`.
struct EncoderPlan {
  private(set) var specification: EncoderSpecification
  private var trunk: ResidualTrunkPlan
  var tensors: [PlannedTensor] { trunk.tensors }

  private let reader: PartReader
  private let usesWeightScale: Bool

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
    trunk = try ResidualTrunkPlan("encoder", reader, blockCount: last - 1, usesWeightScale: usesWeightScale)
    specification = EncoderSpecification(
      resolution: 2 << last, wDimension: 0, layerCount: 2 * last, imageChannels: trunk.imageChannels,
      stemChannels: trunk.stemChannels, blockChannels: trunk.blockChannels)
    try planHead(last, inputs: trunk.lastChannels)
    planGrayImages()
    reader.inferred.append(
      "encoder: \(specification.resolution)×\(specification.resolution), \(specification.layerCount) layers, "
        + "w \(specification.wDimension), \(trunk.hasBatchNormalization ? "batch normalization, folded" : "no batch normalization"), "
        + "channels \([specification.stemChannels] + specification.blockChannels)")
    reader.inferred.append(
      "encoder: built \(usesWeightScale ? "with" : "without") use_wscale (an option: no checkpoint says so)")
  }

  /// An encoder of gray images reads the luma of colored ones.
  private mutating func planGrayImages() {
    guard Grayscale.isGray(specification.imageChannels) else { return }
    trunk.readGrayImages()
    specification.imageChannels = 3
    reader.inferred.append("encoder: reads grey images; of colored ones the luma, 0.299 R + 0.587 G + 0.114 B")
  }

  private mutating func planHead(_ block: Int, inputs: Int?) throws(CheckpointError) {
    let weightName = "block\(block).fc.weight"
    let rows = reader.shape(weightName)?.first
    reader.require(weightName, [nil, inputs.map { $0 * 16 }])
    let normName = trunk.requireBatchNormalization("block\(block).bn.bn", channels: rows)
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
    trunk.add("head", weightName, nil, normName, rows: rows ?? 0, scale: scale)
  }
}
