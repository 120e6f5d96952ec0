import Quant

/// How an attribute network's checkpoint becomes the tensors of `AttributeNetworkSpecification`.
///
/// The checkpoint: `conv.weight` [H, C, 3, 3], `conv.bias` [H], `dense.weight` [A, H·(h/2)²], `dense.bias` [A], optionally
/// `mean` and `std` [A], the statistics that the outputs were normalized with, and `names`, a list of A texts. With
/// d = dense(…), the attributes are std·d + mean; both are folded into the dense layer.
struct AttributePlan {
  private(set) var specification: AttributeNetworkSpecification
  private(set) var tensors: [PlannedTensor] = []

  /// - Parameter features: the feature network that it was trained on.
  /// - Throws: `.missingTensors`, `.tensor`, `.mismatch`.
  init(_ reader: PartReader, on features: FeatureNetworkSpecification) throws(CheckpointError) {
    let hidden = reader.shape("conv.weight")?.first
    let dense = reader.shape("dense.weight")
    reader.require("conv.weight", [hidden, nil, 3, 3])
    reader.require("conv.bias", [hidden])
    reader.require("dense.weight", [dense?.first, nil])
    reader.require("dense.bias", [dense?.first])
    let isNormalized = reader.shape("mean") != nil || reader.shape("std") != nil
    if isNormalized {
      for name in ["mean", "std"] { reader.require(name, [dense?.first]) }
    }
    try reader.checkComplete()
    let channels = reader.shape("conv.weight")?[1] ?? 0
    guard channels == features.featureChannels else {
      throw .mismatch(
        what: "the number of channels that the attribute network reads",
        found: "\(channels) (\(reader.checkpoint.path))",
        expected: "\(features.featureChannels), as the perceptual network's feature has")
    }
    let (rows, columns) = (dense?[0] ?? 0, dense?[1] ?? 0)
    let side = Int((Double(columns) / Double(max(1, hidden ?? 0))).squareRoot().rounded())
    guard let hidden, hidden > 0, side > 0, side * side * hidden == columns else {
      throw .tensor(
        name: reader.prefix + "dense.weight", found: "\(columns) inputs",
        expected: "\(hidden ?? 0), the channels of conv, times the pixels of a square map")
    }
    let names = try reader.texts("names")
    guard names.count == rows else {
      throw .tensor(
        name: reader.prefix + "names", found: "\(names.count) names",
        expected: "\(rows), one for each row of dense.weight")
    }
    specification = AttributeNetworkSpecification(
      resolution: side << (features.poolingCount + 1), hiddenChannels: hidden, names: names)
    planTensors(reader, isNormalized: isNormalized)
    reader.inferred.append(
      "attributes: \(rows) on a feature of \(channels)×\(2 * side)×\(2 * side), for \(specification.resolution)×\(specification.resolution) images"
        + (isNormalized ? "; mean and std folded into the dense layer" : ""))
  }

  private mutating func planTensors(_ reader: PartReader, isNormalized: Bool) {
    for name in ["conv.weight", "conv.bias"] {
      tensors.append(
        PlannedTensor(name: "attributes." + name) { () throws(CheckpointError) in try reader.floats(name) })
    }
    tensors += DenseAttributes.tensors("attributes.dense", reader, isNormalized: isNormalized)
  }
}

extension AttributePlan: NetworkConversion {
  static let examples = "conv.weight, dense.weight, mean, std and a list of texts, names"

  /// Not by `conv`, which an encoder's blocks have too.
  static func matches(_ words: ArraySlice<Substring>) -> Bool {
    words.count == 2 && words.first == "dense" && (words.last == "weight" || words.last == "bias")
  }

  /// It has a file of its own.
  static func owns(_ bareName: String) -> Bool { true }

  static func found(in checkpoint: Checkpoint) -> (title: String, counts: [String: Int])? {
    let names = checkpoint.names
    guard names.contains(where: { $0 == "dense.weight" || $0.hasSuffix(".dense.weight") }),
      names.contains(where: { $0 == "conv.weight" || $0.hasSuffix(".conv.weight") })
    else { return nil }
    return ("an attribute network", prefixes(in: names))
  }

  static func plan(_ checkpoints: [Checkpoint], in draft: inout ConversionDraft) throws(CheckpointError) {
    for checkpoint in checkpoints {
      let reader = try PartReader(.attributes, checkpoint, which: draft.options.which)
      guard let features = draft.specification.perceptual else {
        throw .mismatch(
          what: "the perceptual network", found: "absent",
          expected: "given: the attribute network (\(checkpoint.path)) reads its feature")
      }
      let plan = try AttributePlan(reader, on: features)
      if let wanted = draft.specification.imageResolution, wanted != plan.specification.resolution {
        throw .mismatch(
          what: "the attribute network's resolution", found: "\(plan.specification.resolution) (\(checkpoint.path))",
          expected: "\(wanted), as the other networks'")
      }
      draft.add(plan.specification, plan.tensors, from: [reader])
    }
  }
}
