import Quant

/// Encoders: in-domain ones, and those of pSp's family.
enum EncoderConversion: NetworkConversion {
  static let examples = "names such as block0.conv.weight and block1.conv1.weight (idinvert_pytorch)"

  static func matches(_ words: ArraySlice<Substring>) -> Bool {
    guard let first = words.first, let second = words.dropFirst().first else { return false }
    if ["input_layer", "latlayer1", "latlayer2"].contains(first)
      || ["body", "styles"].contains(first) && Int(second) != nil
    {
      return true
    }
    return index(of: first, after: "block") != nil
      && ["conv", "conv1", "conv2", "bn", "bn1", "bn2", "wscale1", "wscale2", "fc"].contains(second)
  }

  /// In an encoder's blocks anything is.
  static func owns(_ bareName: String) -> Bool {
    index(of: bareName.prefix { $0 != "." }, after: "block") != nil || prefixes(in: [bareName]).keys.contains("")
  }

  static func found(in checkpoint: Checkpoint) -> (title: String, counts: [String: Int])? {
    let names = checkpoint.names
    if let counts = TensorFlowEncoderPlan.recognizes(checkpoint) {
      return ("an in-domain encoder (\(TensorNames.tensorFlowEncoder.title))", counts)
    }
    if let counts = FilteredPlan.recognizes(checkpoint) {
      return ("an in-domain encoder (stylegan2-encoder-pytorch)", counts)
    }
    if let counts = PyramidPlan.recognizes(checkpoint) { return ("an encoder (genforce's EncoderNet)", counts) }
    let counts = prefixes(in: names)
    if counts.keys.contains(where: { prefix in
      names.contains { $0.hasPrefix(prefix) && StyleHeadsPlan.isHead(String($0.dropFirst(prefix.count))) }
    }) {
      return ("an encoder (pSp, e4e or ReStyle)", counts)
    }
    return names.contains(where: isInDomain) ? ("an in-domain encoder", counts) : nil
  }

  /// Whether a name is one of idinvert_pytorch's encoder, and of no other network.
  static func isInDomain(_ name: String) -> Bool {
    if name.hasSuffix("block0.conv.weight") || name.hasSuffix("block1.conv1.weight") { return true }
    let words = name.split(separator: ".")
    guard let block = words.firstIndex(where: { index(of: $0, after: "block") != nil }), block + 2 < words.count else {
      return false
    }
    let layer = words[block + 1], last = words[block + 2]
    return ["bn", "bn1", "bn2"].contains(layer) && last == "bn"
      || ["wscale", "wscale1", "wscale2"].contains(layer) && last == "bias"
  }

  static func plan(_ checkpoints: [Checkpoint], in draft: inout ConversionDraft) throws(CheckpointError) {
    for checkpoint in checkpoints {
      let (specification, tensors, reader) = try planned(checkpoint, draft)
      draft.add(specification, tensors, from: [reader])
      try checkAgreement(draft)
    }
  }

  /// By the plan that knows the file.
  private static func planned(
    _ checkpoint: Checkpoint, _ draft: ConversionDraft
  ) throws(CheckpointError) -> (EncoderSpecification, [PlannedTensor], PartReader) {
    if let counts = TensorFlowEncoderPlan.recognizes(checkpoint) {
      let reader = try PartReader(.encoder, checkpoint, table: .tensorFlowEncoder, counts: counts)
      let plan = try TensorFlowEncoderPlan(reader)
      return (plan.specification, plan.tensors, reader)
    }
    if let counts = FilteredPlan.recognizes(checkpoint) {
      let reader = try PartReader(.encoder, checkpoint, counts: counts)
      let plan = try FilteredPlan(reader, average: draft.tensors.first { $0.name == "generator.w_average" })
      return (plan.specification, plan.tensors, reader)
    }
    if let counts = PyramidPlan.recognizes(checkpoint) {
      let reader = try PartReader(.encoder, checkpoint, counts: counts)
      let plan = try PyramidPlan(reader)
      return (plan.specification, plan.tensors, reader)
    }
    let reader = try PartReader(.encoder, checkpoint, which: draft.options.which)
    if StyleHeadsPlan.recognizes(reader) {
      let plan = try StyleHeadsPlan(reader, draft.options)
      return (plan.specification, plan.tensors, reader)
    }
    let plan = try EncoderPlan(reader, draft.options)
    return (plan.specification, plan.tensors, reader)
  }

  /// The specification says the same, and cannot say of which files.
  private static func checkAgreement(_ draft: ConversionDraft) throws(CheckpointError) {
    guard let generator = draft.specification.generator, let encoder = draft.specification.encoder else { return }
    let pairs = [
      // Encoders with heads read images of a size of their own.
      (
        "resolution", generator.resolution,
        encoder.architecture.readsGeneratorsSize ? encoder.resolution : generator.resolution
      ),
      ("number of layers", generator.layerCount, encoder.layerCount),
      ("dimension of w", generator.wDimension, encoder.wDimension),
      ("number of image channels", generator.imageChannels, encoder.imageChannels),
    ]
    for (what, wanted, found) in pairs where wanted != found {
      throw .mismatch(
        what: "the encoder's \(what)", found: "\(found) (\(draft.path(of: .encoder)))",
        expected: "\(wanted), as the generator's (\(draft.path(of: .generator)))")
    }
  }
}
