import Quant

/// How a judge's checkpoint becomes the tensors of `JudgeSpecification`.
///
/// The checkpoint: the residual trunk under the encoder's names (`block0.conv.weight` …), `dense.weight` [A, C·side²],
/// `dense.bias` [A], `mean` and `std` [A], the statistics that the outputs were normalized with, and `names`, a list of A
/// texts. With d = dense(…), the attributes are std·d + mean; both are folded into the dense layer.
struct JudgePlan {
  private(set) var specification: JudgeSpecification
  private(set) var tensors: [PlannedTensor] = []

  /// - Throws: `.missingTensors`, `.tensor`, `.unsupported`.
  init(_ reader: PartReader) throws(CheckpointError) {
    let blocks = reader.names.compactMap { index(of: $0.prefix { $0 != "." }, after: "block") }.max() ?? 0
    guard (1...11).contains(blocks) else {
      throw .unsupported(
        path: reader.checkpoint.path, found: "\(blocks) residual blocks", expected: "1 to 11 behind block0")
    }
    let trunk = try ResidualTrunkPlan("judge", reader, blockCount: blocks, usesWeightScale: false)
    let dense = reader.shape("dense.weight")
    reader.require("dense.weight", [nil, nil])
    for name in ["dense.bias", "mean", "std"] { reader.require(name, [dense?.first]) }
    try reader.checkComplete()
    let (rows, columns) = (dense?[0] ?? 0, dense?[1] ?? 0)
    let channels = max(1, trunk.lastChannels ?? 0)
    let side = Int((Double(columns) / Double(channels)).squareRoot().rounded())
    guard side > 0, side * side * channels == columns else {
      throw .tensor(
        name: reader.prefix + "dense.weight", found: "\(columns) inputs",
        expected: "\(channels), the channels of the last block, times the pixels of a square map")
    }
    let names = try reader.texts("names")
    guard names.count == rows else {
      throw .tensor(
        name: reader.prefix + "names", found: "\(names.count) names",
        expected: "\(rows), one for each row of dense.weight")
    }
    specification = JudgeSpecification(
      resolution: side << blocks, imageChannels: trunk.imageChannels, stemChannels: trunk.stemChannels,
      blockChannels: trunk.blockChannels, names: names)
    tensors = trunk.tensors + DenseAttributes.tensors("judge.dense", reader, isNormalized: true)
    reader.inferred.append(
      "judge: \(rows) attributes of \(specification.resolution)×\(specification.resolution) images, channels "
        + "\([specification.stemChannels] + specification.blockChannels); batch normalization, mean and std folded")
  }
}

/// The dense layer that puts out attributes, with the statistics that they were normalized with.
enum DenseAttributes {
  /// `dense.weight` and `dense.bias` of a checkpoint under another name; with `mean` and `std` folded in where it has them.
  static func tensors(_ name: String, _ reader: PartReader, isNormalized: Bool) -> [PlannedTensor] {
    [
      PlannedTensor(name: name + ".weight") { () throws(CheckpointError) in
        let values = try reader.floats("dense.weight")
        return isNormalized ? Folding.scaledRows(values, by: try reader.doubles("std")) : values
      },
      PlannedTensor(name: name + ".bias") { () throws(CheckpointError) in
        let bias = try reader.doubles("dense.bias")
        guard isNormalized else { return bias.map { Float($0) } }
        let (mean, deviation) = (try reader.doubles("mean"), try reader.doubles("std"))
        return bias.indices.map { Float(bias[$0] * deviation[$0] + mean[$0]) }
      },
    ]
  }
}

extension JudgePlan: NetworkConversion {
  static let examples = "block0.conv.weight, block1.conv1.weight, dense.weight, mean, std and a list of texts, names"

  static func matches(_ words: ArraySlice<Substring>) -> Bool {
    EncoderConversion.matches(words) || AttributePlan.matches(words)
  }

  /// It has a file of its own.
  static func owns(_ bareName: String) -> Bool { true }

  /// An encoder's blocks, and a dense layer beside them in place of its head.
  static func found(in checkpoint: Checkpoint) -> (title: String, counts: [String: Int])? {
    let names = checkpoint.names
    guard names.contains(where: { $0 == "dense.weight" || $0.hasSuffix(".dense.weight") }),
      names.contains(where: EncoderConversion.isInDomain)
    else { return nil }
    return ("a judge", prefixes(in: names))
  }

  static func plan(_ checkpoints: [Checkpoint], in draft: inout ConversionDraft) throws(CheckpointError) {
    for checkpoint in checkpoints {
      let reader = try PartReader(.judge, checkpoint, which: draft.options.which)
      let plan = try JudgePlan(reader)
      draft.add(plan.specification, plan.tensors, from: [reader])
    }
  }
}
