/// Tensors of a StyleGAN2 generator (`GeneratorArchitecture`), in the order of their use.
func styleGAN2Tensors(of generator: GeneratorSpecification) -> [TensorRequirement] {
  var list: [TensorRequirement] = []
  func add(_ name: String, _ shape: [Int], _ role: TensorRequirement.Role) {
    list.append(TensorRequirement(name: "generator." + name, shape: shape, role: role))
  }
  let dimension = generator.wDimension
  func addStyle(_ prefix: String, _ channels: Int) {
    add("\(prefix).style.weight", [channels, dimension], .styleWeight)
    add("\(prefix).style.bias", [channels], .vector)
  }
  var width = generator.zDimension
  for (index, features) in generator.mappingFeatures.enumerated() {
    add("mapping.\(index).weight", [features, width], .mappingWeight)
    add("mapping.\(index).bias", [features], .vector)
    width = features
  }
  add("w_average", [generator.layerCount, dimension], .vector)
  add("truncation", [generator.layerCount], .vector)
  add("constant", [generator.blockChannels[0], 4, 4], .map)
  for layer in 0..<generator.convolutionCount {
    let block = generator.block(ofLayer: layer), channels = generator.blockChannels[block]
    let inputs = layer % 2 == 1 ? generator.blockChannels[block - 1] : channels
    add("layer.\(layer).weight", [channels, inputs, 3, 3], .synthesisWeight)
    add("layer.\(layer).noise", [4 << block, 4 << block], .map)
    add("layer.\(layer).noise_strength", [1], .vector)
    add("layer.\(layer).bias", [channels], .vector)
    addStyle("layer.\(layer)", inputs)
    if layer % 2 == 0 {
      add("output.\(block).weight", [generator.imageChannels, channels, 1, 1], .outputWeight)
      add("output.\(block).bias", [generator.imageChannels], .vector)
      addStyle("output.\(block)", channels)
    }
  }
  return list
}

/// Tensors of an encoder with style heads (`StyleHeadsSpecification`), in the order of their use.
func styleHeadTensors(of encoder: EncoderSpecification, _ heads: StyleHeadsSpecification) -> [TensorRequirement] {
  var list: [TensorRequirement] = []
  func add(_ name: String, _ shape: [Int], _ role: TensorRequirement.Role) {
    list.append(TensorRequirement(name: "encoder." + name, shape: shape, role: role))
  }
  func addWithBias(_ name: String, _ shape: [Int]) {
    add("\(name).weight", shape, .weight)
    add("\(name).bias", [shape[0]], .vector)
  }
  let images = heads.iterations == nil ? 1 : 2
  list += improvedResidualTensors(
    "encoder", stem: [encoder.stemChannels, images * encoder.imageChannels], channels: encoder.blockChannels,
    units: heads.units, squeezed: heads.squeezed, role: .weight)
  let inputs = encoder.blockChannels.last ?? encoder.stemChannels
  if heads.usesPyramid {
    for (index, channels) in encoder.blockChannels.reversed().dropFirst().prefix(2).enumerated() {
      addWithBias("lateral.\(index)", [inputs, channels, 1, 1])
    }
  }
  for head in 0..<encoder.layerCount {
    for step in 0..<heads.mapSide(ofHead: head).trailingZeroBitCount {
      addWithBias(
        "head.\(head).conv.\(step)", [encoder.wDimension, step == 0 ? inputs : encoder.wDimension, 3, 3])
    }
    addWithBias("head.\(head).dense", [encoder.wDimension, encoder.wDimension])
  }
  add("start", [encoder.layerCount, encoder.wDimension], .vector)
  return list
}

/// Stem and IR-SE units: names as at `StyleHeadsSpecification`.
///
/// - Parameters:
///   - stem: its output and input channels.
///   - channels, units, squeezed: of each stage.
func improvedResidualTensors(
  _ network: String, stem: [Int], channels: [Int], units: [Int], squeezed: [Int], role: TensorRequirement.Role
) -> [TensorRequirement] {
  var list: [TensorRequirement] = []
  func add(_ name: String, _ shape: [Int], _ role: TensorRequirement.Role) {
    list.append(TensorRequirement(name: "\(network).\(name)", shape: shape, role: role))
  }
  func addWithBias(_ name: String, _ shape: [Int]) {
    add("\(name).weight", shape, role)
    add("\(name).bias", [shape[0]], .vector)
  }
  addWithBias("stem", stem + [3, 3])
  add("stem.slope", [stem[0]], .vector)
  var inputs = stem[0], unit = 0
  for (stage, outputs) in channels.enumerated() {
    for _ in 0..<units[stage] {
      let prefix = "unit.\(unit)"
      add("\(prefix).scale", [inputs], .vector)
      add("\(prefix).shift", [inputs], .vector)
      add("\(prefix).conv1.weight", [outputs, inputs, 3, 3], role)
      add("\(prefix).conv1.slope", [outputs], .vector)
      addWithBias("\(prefix).conv2", [outputs, outputs, 3, 3])
      add("\(prefix).squeeze.weight", [squeezed[stage], outputs], role)
      add("\(prefix).excite.weight", [outputs, squeezed[stage]], role)
      if inputs != outputs { addWithBias("\(prefix).shortcut", [outputs, inputs, 1, 1]) }
      inputs = outputs
      unit += 1
    }
  }
  return list
}
