import Quant
import Runtime

/// ArcFace's network with frozen weights: a face as a vector whose direction tells who it is (`IdentitySpecification`).
package struct IdentityNetwork: Network {
  package let specification: IdentitySpecification
  private let stem: ConvolutionWeights
  private let stemActivation: ParametricReLU
  private let units: ImprovedResidualUnits
  private let head: DenseLayerWeights

  init(_ specification: IdentitySpecification, from weights: WeightLoader) throws(InversionError) {
    self.specification = specification
    stem = try weights.convolution("identity.stem", form: .same(kernel: 3))
    stemActivation = ParametricReLU(try weights.values("identity.stem.slope"))
    units = try ImprovedResidualUnits(
      "identity", stem: specification.stemChannels, channels: specification.blockChannels, units: specification.units,
      from: weights)
    head = try weights.dense("identity.head")
  }

  /// Image of an aligned face [N, 3, R, R] → vector [N, F] of any length.
  package func append(to graph: inout Graph, _ image: TensorID) throws(GraphError) -> TensorID {
    typealias Face = IdentitySpecification
    var face = image
    let extents = graph.shape(of: image).extents
    if extents[2] != Face.imageSide || extents[3] != Face.imageSide {
      face = try graph.append(
        Resize(height: Face.imageSide, width: Face.imageSide, method: .adaptiveAverage), face)
    }
    face = try graph.append(
      Resize(
        height: Face.side, width: Face.side, method: .adaptiveAverage,
        region: Resize.Region(rows: Face.cropRows, columns: Face.cropColumns)), face)
    let features = try graph.append(stemActivation, try graph.append(Convolution(stem), face))
    let maps = try units.append(to: &graph, features)
    return try graph.append(Dense(head), try graph.append(Flatten(), maps[maps.count - 1]))
  }
}

extension IdentityNetwork {
  /// It measures pairs of pictures, or directions: nothing that is run on its own (`LearnedMetrics`).
  static let passes: [NetworkKind] = []

  func append(_ pass: NetworkKind, to graph: inout Graph, _ site: PassSite) throws(InversionError) -> PassEnds {
    throw .missingNetwork(pass.rawValue, model: site.model.path)
  }
}
