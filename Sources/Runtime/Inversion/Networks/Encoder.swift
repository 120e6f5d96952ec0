import Quant
import Runtime

/// The domain-guided encoder (Zhu et al., ECCV 2020, eq. 2) with frozen weights: image → w+.
package struct Encoder: Sendable {
  package let specification: EncoderSpecification
  private let trunk: ResidualTrunk
  private let head: DenseLayerWeights

  init(_ specification: EncoderSpecification, from weights: WeightLoader) throws(InversionError) {
    self.specification = specification
    trunk = try ResidualTrunk(
      "encoder", stemChannels: specification.stemChannels, blockChannels: specification.blockChannels, from: weights)
    head = try weights.dense("encoder.head")
  }

  /// Image [N, 3, R, R] → code [N, L·D].
  package func append(to graph: inout Graph, _ image: TensorID) throws(GraphError) -> TensorID {
    let features = try trunk.append(to: &graph, image)
    return try graph.append(Dense(head), try graph.append(Flatten(), features))
  }
}
