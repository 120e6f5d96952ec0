import Quant
import Runtime

/// Reads attributes off an image, with frozen weights and nothing in common with the networks that it judges.
package struct Judge: Network {
  package let specification: JudgeSpecification
  private let trunk: ResidualTrunk
  private let dense: DenseLayerWeights

  init(_ specification: JudgeSpecification, from weights: WeightLoader) throws(InversionError) {
    self.specification = specification
    trunk = try ResidualTrunk(
      "judge", stemChannels: specification.stemChannels, blockChannels: specification.blockChannels, from: weights)
    dense = try weights.dense("judge.dense")
  }

  /// Image [N, 3, R, R] → feature [N, C, side, side], attributes [N, A].
  package func append(
    to graph: inout Graph, _ image: TensorID
  ) throws(GraphError) -> (feature: TensorID, attributes: TensorID) {
    let feature = try trunk.append(to: &graph, image)
    return (feature, try graph.append(Dense(dense), try graph.append(Flatten(), feature)))
  }
}

extension Judge {
  static let passes: [NetworkKind] = [.attributes]

  func append(_ pass: NetworkKind, to graph: inout Graph, _ site: PassSite) throws(InversionError) -> PassEnds {
    try graph.appendImages(site.batch, side: specification.resolution) { (graph, image) throws(GraphError) in
      try append(to: &graph, image).attributes
    }
  }
}

/// Whatever of a model file reads attributes off an image: its judge or, without one, the head on its feature network.
package enum AttributeReader: Sendable {
  case judge(Judge)
  case head(FeatureNetwork, AttributeNetwork)

  package var names: [String] {
    switch self {
    case .judge(let judge): judge.specification.names
    case .head(_, let head): head.specification.names
    }
  }

  /// Side of the images that it was made for.
  package var resolution: Int {
    switch self {
    case .judge(let judge): judge.specification.resolution
    case .head(_, let head): head.specification.resolution
    }
  }

  /// Image [N, 3, R, R] → feature [N, C, h, h], attributes [N, A].
  package func append(
    to graph: inout Graph, _ image: TensorID
  ) throws(GraphError) -> (feature: TensorID, attributes: TensorID) {
    switch self {
    case .judge(let judge): return try judge.append(to: &graph, image)
    case .head(let features, let head):
      let feature = try features.append(to: &graph, image)
      return (feature, try head.append(to: &graph, feature))
    }
  }
}
