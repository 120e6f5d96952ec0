import Quant

/// How ArcFace's IR-SE50 (`model_ir_se50.pth`, as e4e and pSp load it) becomes the tensors of `IdentitySpecification`.
///
/// Its head: batch normalization, dropout, flatten (C, H, W), dense, batch normalization. No padding lies between, so that both
/// normalizations go into the dense layer: y = a₂·(W·(a₁·x + b₁) + c) + b₂.
struct IdentityPlan {
  let specification: IdentitySpecification
  private(set) var tensors: [PlannedTensor]

  /// - Throws: `.missingTensors`, `.tensor`, `.unsupported`.
  init(_ reader: PartReader) throws(CheckpointError) {
    let body = try ImprovedResidualPlan("identity", reader, imageChannels: 3)
    let channels = body.channels.last ?? 0, area = IdentitySpecification.lastSide * IdentitySpecification.lastSide
    let rows = reader.shape("output_layer.3.weight")?.first
    reader.requireNormalization("output_layer.0", channels: channels)
    reader.require("output_layer.3.weight", [rows, channels * area])
    reader.require("output_layer.3.bias", [rows])
    reader.requireNormalization("output_layer.4", channels: rows)
    try reader.checkComplete()
    specification = IdentitySpecification(
      stemChannels: body.stemChannels, blockChannels: body.channels, units: body.units, squeezed: body.squeezed,
      featureCount: rows ?? 0)
    tensors = body.tensors
    let outputs = rows ?? 0
    tensors.append(
      PlannedTensor(name: "identity.head.weight") { () throws(CheckpointError) in
        let before = try BatchNormalization(reader, "output_layer.0", channels: channels).factors
        let behind = try BatchNormalization(reader, "output_layer.4", channels: outputs).factors
        var weights = try reader.floats("output_layer.3.weight")
        for index in weights.indices {
          let (row, column) = index.quotientAndRemainder(dividingBy: channels * area)
          weights[index] = Float(Double(weights[index]) * before[column / area] * behind[row])
        }
        return weights
      })
    tensors.append(
      PlannedTensor(name: "identity.head.bias") { () throws(CheckpointError) in
        let before = try BatchNormalization(reader, "output_layer.0", channels: channels).offsets
        let behind = try BatchNormalization(reader, "output_layer.4", channels: outputs)
        let weights = try reader.floats("output_layer.3.weight")
        var bias = try reader.doubles("output_layer.3.bias")
        for index in weights.indices {
          let (row, column) = index.quotientAndRemainder(dividingBy: channels * area)
          bias[row] += Double(weights[index]) * before[column / area]
        }
        return bias.indices.map { Float(bias[$0] * behind.factors[$0] + behind.offsets[$0]) }
      })
    reader.inferred.append(
      "identity: IR-SE of \(body.unitCount) units (ArcFace), \(outputs) features, channels \(body.channels), "
        + "batch normalization folded")
  }
}

extension IdentityPlan: NetworkConversion {
  static let examples =
    "names such as input_layer.0.weight, body.0.res_layer.1.weight and output_layer.3.weight (ArcFace)"

  static func matches(_ words: ArraySlice<Substring>) -> Bool {
    guard let first = words.first, let second = words.dropFirst().first else { return false }
    return ["input_layer", "output_layer"].contains(first) || first == "body" && Int(second) != nil
  }

  static func found(in checkpoint: Checkpoint) -> (title: String, counts: [String: Int])? {
    let names = checkpoint.names
    func has(_ word: String) -> Bool { names.contains { $0.contains(word) } }
    guard has("input_layer.0."), has("body.0.res_layer."), has("output_layer.3."), !has("styles.0.") else { return nil }
    return ("an identity network (IR-SE of ArcFace)", prefixes(in: names))
  }

  static func plan(_ checkpoints: [Checkpoint], in draft: inout ConversionDraft) throws(CheckpointError) {
    for checkpoint in checkpoints {
      let reader = try PartReader(.identity, checkpoint)
      let plan = try IdentityPlan(reader)
      draft.add(plan.specification, plan.tensors, from: [reader])
    }
  }
}
