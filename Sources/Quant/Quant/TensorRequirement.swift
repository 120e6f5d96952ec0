/// A tensor that a specification demands: what writer, validator and engine agree on.
package struct TensorRequirement: Equatable, Hashable, Sendable {
  /// What a tensor is for; its stored type follows from it (`QuantisationPolicy`).
  package enum Role: String, Codable, Sendable {
    /// Convolutions of encoder, perceptual and attribute network and judge, and the encoder's dense head: most of a file's bytes.
    case weight
    /// The generator's 3×3 convolutions: errors there are seen in every image.
    case synthesisWeight
    /// The generator's mapping layers: errors there move the code itself.
    case mappingWeight
    /// The generator's style layers.
    case styleWeight
    /// The generator's 1×1 convolutions to RGB, the dense layers that put out attributes, and networks that measure: their
    /// errors are read as they are.
    case outputWeight
    /// The generator's constant input and noise maps.
    case map
    /// Biases, noise strengths, the average w, truncation factors.
    case vector
    /// Directions of the code, for a method that tolerates their rounding.
    case basis
  }

  package var name: String
  package var shape: [Int]
  package var role: Role

  package init(name: String, shape: [Int], role: Role) {
    self.name = name
    self.shape = shape
    self.role = role
  }

  /// - Precondition: the shape comes from a valid specification, whose products do not overflow.
  package var elementCount: Int { shape.reduce(1, *) }
}

/// Every tensor that `specification` demands, in the order of a file: the order in which an engine uses them.
///
/// Names and shapes are documented at `GeneratorSpecification`, `GeneratorArchitecture`, `EncoderSpecification`,
/// `StyleHeadsSpecification`, `PyramidSpecification`, `FeatureNetworkSpecification`, `AttributeNetworkSpecification`, `JudgeSpecification`,
/// `DetectorSpecification`, `LPIPSSpecification`, `IdentitySpecification`.
///
/// - Precondition: `specification.validate()` passed.
package func requiredTensors(of specification: ModelSpecification) -> [TensorRequirement] {
  var list = specification.generator.map(tensors) ?? []
  list += specification.encoder.map(tensors) ?? []
  list += specification.perceptual.map(tensors) ?? []
  if let attributes = specification.attributes, let perceptual = specification.perceptual {
    list += tensors(of: attributes, on: perceptual)
  }
  list += specification.judge.map(tensors) ?? []
  list += specification.detector.map(tensors) ?? []
  list += specification.lpips?.tensors ?? []
  list += specification.identity?.tensors ?? []
  if let curvature = specification.curvature, let generator = specification.generator {
    list += tensors(of: curvature, on: generator)
  }
  return list
}

private func tensors(of generator: GeneratorSpecification) -> [TensorRequirement] {
  if !generator.architecture.isStyleGAN { return styleGAN2Tensors(of: generator) }
  var list: [TensorRequirement] = []
  func add(_ name: String, _ shape: [Int], _ role: TensorRequirement.Role) {
    list.append(TensorRequirement(name: "generator." + name, shape: shape, role: role))
  }
  let dimension = generator.wDimension
  var width = generator.zDimension
  for (index, features) in generator.mappingFeatures.enumerated() {
    add("mapping.\(index).weight", [features, width], .mappingWeight)
    add("mapping.\(index).bias", [features], .vector)
    width = features
  }
  let hasLayerAverages = generator.variant?.hasLayerAverages == true
  add("w_average", hasLayerAverages ? [generator.layerCount, dimension] : [dimension], .vector)
  add("truncation", [generator.layerCount], .vector)
  add("constant", [generator.blockChannels[0], 4, 4], .map)
  for layer in 0..<generator.layerCount {
    let block = layer / 2
    let channels = generator.blockChannels[block]
    let resolution = 4 << block
    if layer > 0 {
      let inputs = layer % 2 == 0 ? generator.blockChannels[block - 1] : channels
      add("layer.\(layer).weight", [channels, inputs, 3, 3], .synthesisWeight)
    }
    add("layer.\(layer).noise", [resolution, resolution], .map)
    add("layer.\(layer).noise_strength", [channels], .vector)
    add("layer.\(layer).bias", [channels], .vector)
    add("layer.\(layer).style.weight", [2 * channels, dimension], .styleWeight)
    add("layer.\(layer).style.bias", [2 * channels], .vector)
    if layer % 2 == 1 {
      add("output.\(block).weight", [generator.imageChannels, channels, 1, 1], .outputWeight)
      add("output.\(block).bias", [generator.imageChannels], .vector)
    }
  }
  return list
}

private func tensors(of encoder: EncoderSpecification) -> [TensorRequirement] {
  switch encoder.architecture {
  case .inDomain: break
  case .tensorFlow: return tensorFlowTensors(of: encoder)
  case .styleHeads(let heads): return styleHeadTensors(of: encoder, heads)
  case .pyramid(let pyramid): return encoder.tensors(pyramid)
  }
  let outputs = encoder.layerCount * encoder.wDimension
  let inputs = (encoder.blockChannels.last ?? encoder.stemChannels) * 16
  return residualTrunk("encoder", [encoder.imageChannels, encoder.stemChannels] + encoder.blockChannels)
    + weightAndBias("encoder.head", [outputs, inputs], .weight)
}

/// Names as at `EncoderArchitecture.tensorFlow`.
private func tensorFlowTensors(of encoder: EncoderSpecification) -> [TensorRequirement] {
  func layer(_ name: String, _ shape: [Int]) -> [TensorRequirement] {
    weightAndBias("encoder.\(name)", shape, .weight)
      + ["scale", "shift"].map { TensorRequirement(name: "encoder.\(name).\($0)", shape: [shape[0]], role: .vector) }
  }
  var list = layer("stem", [encoder.stemChannels, encoder.imageChannels, 5, 5])
  var inputs = encoder.stemChannels
  for (block, outputs) in encoder.blockChannels.enumerated() {
    let hidden = min(inputs, outputs)
    if inputs != outputs {
      list += weightAndBias("encoder.block.\(block).shortcut", [outputs, inputs, 1, 1], .weight)
    }
    list += layer("block.\(block).conv1", [hidden, inputs, 3, 3])
    list += layer("block.\(block).conv2", [outputs, hidden, 3, 3])
    inputs = outputs
  }
  return list + weightAndBias("encoder.head", [encoder.layerCount * encoder.wDimension, inputs * 16], .weight)
}

private func tensors(of judge: JudgeSpecification) -> [TensorRequirement] {
  let inputs = judge.featureChannels * judge.featureSide * judge.featureSide
  return residualTrunk("judge", [judge.imageChannels, judge.stemChannels] + judge.blockChannels)
    + weightAndBias("judge.dense", [judge.names.count, inputs], .outputWeight)
}

private func weightAndBias(_ name: String, _ shape: [Int], _ role: TensorRequirement.Role) -> [TensorRequirement] {
  [
    TensorRequirement(name: "\(name).weight", shape: shape, role: role),
    TensorRequirement(name: "\(name).bias", shape: [shape[0]], role: .vector),
  ]
}

/// - Parameter channels: of the image, behind the stem, and behind each block.
private func residualTrunk(_ network: String, _ channels: [Int]) -> [TensorRequirement] {
  var list = weightAndBias("\(network).stem", [channels[1], channels[0], 3, 3], .weight)
  for (block, (inputs, outputs)) in zip(channels[1...], channels[2...]).enumerated() {
    let (name, hidden) = ("\(network).block.\(block)", min(inputs, outputs))
    if inputs != outputs { list += weightAndBias("\(name).shortcut", [outputs, inputs, 1, 1], .weight) }
    list += weightAndBias("\(name).conv1", [hidden, inputs, 3, 3], .weight)
    list += weightAndBias("\(name).conv2", [outputs, hidden, 3, 3], .weight)
  }
  return list
}

private func tensors(of network: FeatureNetworkSpecification) -> [TensorRequirement] {
  var list: [TensorRequirement] = []
  for (index, layer) in network.layers.enumerated() {
    guard case .convolution(let inputs, let outputs) = layer else { continue }
    list.append(
      TensorRequirement(name: "perceptual.\(index).weight", shape: [outputs, inputs, 3, 3], role: .weight))
    list.append(TensorRequirement(name: "perceptual.\(index).bias", shape: [outputs], role: .vector))
  }
  return list
}

private func tensors(
  of network: AttributeNetworkSpecification, on features: FeatureNetworkSpecification
) -> [TensorRequirement] {
  let side = network.resolution >> (features.poolingCount + 1)
  let (hidden, count) = (network.hiddenChannels, network.names.count)
  return [
    TensorRequirement(
      name: "attributes.conv.weight", shape: [hidden, features.featureChannels, 3, 3], role: .weight),
    TensorRequirement(name: "attributes.conv.bias", shape: [hidden], role: .vector),
    TensorRequirement(name: "attributes.dense.weight", shape: [count, hidden * side * side], role: .outputWeight),
    TensorRequirement(name: "attributes.dense.bias", shape: [count], role: .vector),
  ]
}

private func tensors(of detector: DetectorSpecification) -> [TensorRequirement] {
  detector.stages.flatMap { stage in
    var list: [TensorRequirement] = []
    func add(_ name: String, _ shape: [Int], _ role: TensorRequirement.Role) {
      list.append(TensorRequirement(name: "detector.\(stage.name).\(name)", shape: shape, role: role))
    }
    for (index, layer) in stage.layers.enumerated() {
      add("\(index).weight", [layer.outputs, layer.inputs, 3, 3], .weight)
      add("\(index).bias", [layer.outputs], .vector)
      add("\(index).slopes", [layer.outputs], .vector)
    }
    add("head.weight", [stage.headCount, stage.layers.last?.outputs ?? 0, 1, 1], .outputWeight)
    add("head.bias", [stage.headCount], .vector)
    return list
  }
}

private func tensors(
  of curvature: CurvatureSpecification, on generator: GeneratorSpecification
) -> [TensorRequirement] {
  [
    TensorRequirement(
      name: "curvature.basis", shape: [curvature.rank, generator.layerCount * generator.wDimension], role: .basis),
    TensorRequirement(name: "curvature.values", shape: [curvature.rank], role: .vector),
    TensorRequirement(name: "curvature.remainder", shape: [1], role: .vector),
  ]
}
