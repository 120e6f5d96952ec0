import Quant
import Runtime

/// A VGG-style network whose last layer is the perceptual feature; published: VGG16 up to the ReLU of conv4_3.
package struct FeatureNetwork: Sendable {
  package let specification: FeatureNetworkSpecification
  private let convolutions: [Int: ConvolutionWeights]

  init(_ specification: FeatureNetworkSpecification, from weights: WeightLoader) throws(InversionError) {
    self.specification = specification
    var convolutions: [Int: ConvolutionWeights] = [:]
    for (index, layer) in specification.layers.enumerated() {
      if case .convolution = layer {
        convolutions[index] = try weights.convolution("perceptual.\(index)", form: .same(kernel: 3))
      }
    }
    self.convolutions = convolutions
  }

  /// Image [N, 3, H, W] → feature [N, C, H/2ᵖ, W/2ᵖ], p the number of poolings.
  package func append(to graph: inout Graph, _ image: TensorID) throws(GraphError) -> TensorID {
    // The shift cannot be folded into the first convolution: its zero padding comes after the shift.
    var features = try graph.append(ChannelShift(specification.inputShift), image)
    for (index, layer) in specification.layers.enumerated() {
      switch layer {
      case .convolution:
        let followedByReLU =
          index + 1 < specification.layers.count && specification.layers[index + 1] == .relu
        features = try graph.append(
          Convolution(convolutions[index]!, activation: followedByReLU ? .leakyReLU(slope: 0) : .none), features)
      case .relu: break  // fused into the convolution before it
      case .maxPool: features = try graph.append(MaxPool(), features)
      }
    }
    return features
  }
}
