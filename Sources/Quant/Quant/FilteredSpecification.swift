extension EncoderSpecification {
  /// Names as at `EncoderArchitecture.filtered`, in the order of their use.
  var filteredTensors: [TensorRequirement] {
    var list = weightAndBias("encoder.stem", [stemChannels, imageChannels, 1, 1], .weight)
    var inputs = stemChannels
    for (block, outputs) in blockChannels.enumerated() {
      let prefix = "encoder.block.\(block)"
      list += weightAndBias("\(prefix).conv1", [inputs, inputs, 3, 3], .weight)
      list += weightAndBias("\(prefix).conv2", [outputs, inputs, 3, 3], .weight)
      list.append(TensorRequirement(name: "\(prefix).shortcut.weight", shape: [outputs, inputs, 1, 1], role: .weight))
      inputs = outputs
    }
    return list + weightAndBias("encoder.head", [layerCount * wDimension, inputs * 16], .weight)
  }
}
