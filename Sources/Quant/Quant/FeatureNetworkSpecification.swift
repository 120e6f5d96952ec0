/// A VGG-style feature network: a plain list of layers, the last one's output is the feature.
///
/// Layer `i` of kind `convolution` has tensors `perceptual.{i}.weight` [Cout, Cin, 3, 3] and `perceptual.{i}.bias`
/// [Cout]; its input is RGB in the model's pixel range, shifted per channel by `inputShift` before the first layer.
package struct FeatureNetworkSpecification: Codable, Equatable, Sendable {
  package enum Layer: Codable, Equatable, Sendable {
    /// 3×3, stride 1, zero padding 1, with bias.
    case convolution(inputChannels: Int, outputChannels: Int)
    case relu
    /// 2×2, stride 2.
    case maxPool
  }
  package var layers: [Layer]
  /// Added to the R, G and B planes; the first convolution's weights carry the scale.
  package var inputShift: [Float]

  package init(layers: [Layer], inputShift: [Float]) {
    self.layers = layers
    self.inputShift = inputShift
  }

  package var poolingCount: Int { layers.filter { $0 == .maxPool }.count }

  /// Channels of the feature.
  package var featureChannels: Int {
    layers.reduce(inputShift.count) { channels, layer in
      if case .convolution(_, let outputs) = layer { outputs } else { channels }
    }
  }
}

extension FeatureNetworkSpecification: NetworkSpecification {
  package static var part: NetworkPart { .perceptual }
  package static var place: WritableKeyPath<ModelSpecification, Self?> { \.perceptual }

  package func validate(in model: ModelSpecification) throws(ModelFileError) {
    try check("perceptual.layers.count", layers.count, 1...128)
    try check("perceptual.inputShift.count", inputShift.count, 1...4)
    guard inputShift.allSatisfy(\.isFinite) else {
      throw .specification(field: "perceptual.inputShift", found: "\(inputShift)", expected: "finite numbers")
    }
    var channels = inputShift.count
    var poolings = 0
    var convolutions = 0
    for (index, layer) in layers.enumerated() {
      switch layer {
      case .convolution(let inputs, let outputs):
        try check("perceptual.layers[\(index)].inputChannels", inputs, channels...channels)
        try check("perceptual.layers[\(index)].outputChannels", outputs, 1...ModelSpecification.extentLimit)
        channels = outputs
        convolutions += 1
      case .relu:
        // An engine makes the two in one.
        guard index > 0, case .convolution = layers[index - 1] else {
          throw .specification(
            field: "perceptual.layers[\(index)]", found: "a ReLU", expected: "one behind a convolution")
        }
      case .maxPool: poolings += 1
      }
    }
    try check("perceptual.layers (convolutions)", convolutions, 1...128)
    try check("perceptual.layers (poolings)", poolings, 0...9)
    if let channels = model.generator?.imageChannels ?? model.encoder?.imageChannels, channels != inputShift.count {
      throw .specification(
        field: "perceptual.inputShift", found: "\(inputShift.count) entries",
        expected: "\(channels), the image channels of the other networks")
    }
  }

  package func tensors(in model: ModelSpecification) -> [TensorRequirement] {
    var list: [TensorRequirement] = []
    for (index, layer) in layers.enumerated() {
      guard case .convolution(let inputs, let outputs) = layer else { continue }
      list.append(
        TensorRequirement(name: "perceptual.\(index).weight", shape: [outputs, inputs, 3, 3], role: .weight))
      list.append(TensorRequirement(name: "perceptual.\(index).bias", shape: [outputs], role: .vector))
    }
    return list
  }
}
