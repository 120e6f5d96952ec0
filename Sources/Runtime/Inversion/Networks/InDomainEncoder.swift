import Quant
import Runtime

/// The domain-guided encoder (Zhu et al., ECCV 2020, eq. 2) with frozen weights.
struct InDomainEncoder: EncoderNetwork {
  private let trunk: ResidualTrunk
  private let head: DenseLayerWeights

  init(_ specification: EncoderSpecification, from weights: WeightLoader) throws(InversionError) {
    trunk = try ResidualTrunk(
      "encoder", stemChannels: specification.stemChannels, blockChannels: specification.blockChannels, from: weights)
    head = try weights.dense("encoder.head")
  }

  func append(to graph: inout Graph, _ image: TensorID, beside: TensorID?) throws(GraphError) -> TensorID {
    let features = try trunk.append(to: &graph, image)
    return try graph.append(Dense(head), try graph.append(Flatten(), features))
  }
}
