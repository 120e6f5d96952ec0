import Quant

extension Conversion {
  /// What becomes of all checkpoints: the specification, its tensors, and the readers that keep account.
  struct Plans {
    var specification: ModelSpecification
    var tensors: [PlannedTensor] = []
    var readers: [PartReader] = []
  }

  /// Looks at names and shapes of all checkpoints.
  func planned() throws(CheckpointError) -> Plans {
    var plans = Plans(
      specification: ModelSpecification(pixelMinimum: options.pixelMinimum, pixelMaximum: options.pixelMaximum))
    if let generator { try planGenerator(try open(generator), &plans) }
    if let encoder { try planEncoder(try open(encoder), &plans) }
    if let reader = try reader(.perceptual, perceptual, &plans) {
      let plan = try PerceptualPlan(reader, options)
      plans.specification.perceptual = plan.specification
      plans.tensors += plan.tensors
    }
    if let reader = try reader(.attributes, attributes, &plans) {
      guard let features = plans.specification.perceptual else {
        throw .mismatch(
          what: "the perceptual network", found: "absent",
          expected: "given: the attribute network (\(attributes ?? "")) reads its feature")
      }
      let plan = try AttributePlan(reader, on: features)
      plans.specification.attributes = plan.specification
      plans.tensors += plan.tensors
    }
    if let reader = try reader(.judge, judge, &plans) {
      let plan = try JudgePlan(reader)
      plans.specification.judge = plan.specification
      plans.tensors += plan.tensors
    }
    var stages: [PartReader] = []
    for path in detector {
      if let reader = try reader(.detector, path, &plans) { stages.append(reader) }
    }
    if !stages.isEmpty {
      let plan = try DetectorPlan(stages)
      plans.specification.detector = plan.specification
      plans.tensors += plan.tensors
    }
    try planMetrics(&plans)
    return plans
  }

  private func open(_ path: String) throws(CheckpointError) -> Checkpoint {
    do { return try CheckpointReader.open(path) } catch { throw error.located(in: path) }
  }

  private func reader(
    _ part: NetworkPart, _ path: String?, _ plans: inout Plans
  ) throws(CheckpointError) -> PartReader? {
    guard let path else { return nil }
    let reader = try PartReader(part, try open(path), which: options.which)
    plans.readers.append(reader)
    return reader
  }

  private func planGenerator(_ checkpoint: Checkpoint, _ plans: inout Plans) throws(CheckpointError) {
    if let (reader, names) = try StyleGAN2Names.recognized(in: checkpoint, which: options.which) {
      plans.readers.append(reader)
      let settings = checkpoint.settings
      let plan = try StyleGAN2Plan(reader, names, clamp: names.clamp { settings[reader.prefix + $0] }, options)
      plans.specification.generator = plan.specification
      plans.tensors += plan.tensors
    } else {
      let (reader, port) = try PartReader.generator(checkpoint, which: options.which)
      plans.readers.append(reader)
      let plan = try GeneratorPlan(reader, of: port, options)
      plans.specification.generator = plan.specification
      plans.tensors += plan.tensors
    }
  }

  private func planEncoder(_ checkpoint: Checkpoint, _ plans: inout Plans) throws(CheckpointError) {
    if let counts = TensorFlowEncoderPlan.recognizes(checkpoint) {
      let reader = try PartReader(.encoder, checkpoint, table: .tensorFlowEncoder, counts: counts)
      plans.readers.append(reader)
      let plan = try TensorFlowEncoderPlan(reader)
      plans.specification.encoder = plan.specification
      plans.tensors += plan.tensors
      return
    }
    if let counts = PyramidPlan.recognizes(checkpoint) {
      let reader = try PartReader(.encoder, checkpoint, counts: counts)
      plans.readers.append(reader)
      let plan = try PyramidPlan(reader)
      plans.specification.encoder = plan.specification
      plans.tensors += plan.tensors
      return
    }
    let reader = try PartReader(.encoder, checkpoint, which: options.which)
    plans.readers.append(reader)
    if StyleHeadsPlan.recognizes(reader) {
      let plan = try StyleHeadsPlan(reader, options)
      plans.specification.encoder = plan.specification
      plans.tensors += plan.tensors
    } else {
      let plan = try EncoderPlan(reader, options)
      plans.specification.encoder = plan.specification
      plans.tensors += plan.tensors
    }
  }

  private func planMetrics(_ plans: inout Plans) throws(CheckpointError) {
    if !lpips.isEmpty {
      var checkpoints: [Checkpoint] = []
      for path in lpips { checkpoints.append(try open(path)) }
      let plan = try LPIPSPlan(checkpoints, options)
      plans.readers += plan.readers
      plans.specification.lpips = plan.specification
      plans.tensors += plan.tensors
    }
    if let reader = try reader(.identity, identity, &plans) {
      let plan = try IdentityPlan(reader)
      plans.specification.identity = plan.specification
      plans.tensors += plan.tensors
    }
  }
}
