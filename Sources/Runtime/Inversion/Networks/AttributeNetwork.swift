import Quant
import Runtime

/// A head on the feature network that reads attributes off an image, with frozen weights.
package struct AttributeNetwork: Network {
  package let specification: AttributeNetworkSpecification
  private let convolution: ConvolutionWeights
  private let dense: DenseLayerWeights

  init(_ specification: AttributeNetworkSpecification, from weights: WeightLoader) throws(InversionError) {
    self.specification = specification
    convolution = try weights.convolution("attributes.conv", form: .same(kernel: 3))
    dense = try weights.dense("attributes.dense")
  }

  /// The feature F(x) [N, C, h, h] → attributes [N, A].
  package func append(to graph: inout Graph, _ feature: TensorID) throws(GraphError) -> TensorID {
    let hidden = try graph.append(Convolution(convolution, activation: .leakyReLU(slope: 0)), feature)
    let pooled = try graph.append(AveragePool(), hidden)
    return try graph.append(Dense(dense), try graph.append(Flatten(), pooled))
  }
}

extension NetworkKind {
  package static let attributes = NetworkKind("attributes")
}

extension AttributeNetwork {
  static let passes: [NetworkKind] = [.attributes]

  /// The feature network with the head.
  func append(_ pass: NetworkKind, to graph: inout Graph, _ site: PassSite) throws(InversionError) -> PassEnds {
    let features = try site.model.features()
    return try graph.appendImages(site.batch, side: specification.resolution) { (graph, image) throws(GraphError) in
      try append(to: &graph, try features.append(to: &graph, image))
    }
  }
}
