import Quant
import Runtime

/// LPIPS (Zhang et al., CVPR 2018) with frozen weights: how unlike two images are.
package struct LPIPSNetwork: Network {
  package let specification: LPIPSSpecification
  private let convolutions: [WindowedConvolution]
  private let distances: [UnitDistance]

  init(_ specification: LPIPSSpecification, from weights: WeightLoader) throws(InversionError) {
    self.specification = specification
    var convolutions: [WindowedConvolution] = []
    for (index, layer) in specification.layers.enumerated() {
      convolutions.append(
        try weights.windowedConvolution(
          "lpips.conv.\(index)", kernel: layer.kernel, stride: layer.stride, padding: layer.padding))
    }
    self.convolutions = convolutions
    var distances: [UnitDistance] = []
    for depth in specification.comparedChannels.indices {
      distances.append(UnitDistance(weights: try weights.values("lpips.linear.\(depth)")))
    }
    self.distances = distances
  }

  /// Image [N, 3, R, R] → the features that are compared.
  package func appendFeatures(to graph: inout Graph, _ image: TensorID) throws(GraphError) -> [TensorID] {
    // Its zero padding comes after the shift, so that the first convolution cannot have it.
    var features = try graph.append(ChannelShift(specification.inputShift), image)
    var compared: [TensorID] = []
    for (layer, convolution) in zip(specification.layers, convolutions) {
      if layer.isPooled {
        features =
          specification.network == .alex
          ? try graph.append(WindowMaxPool(kernel: 3, step: 2), features) : try graph.append(MaxPool(), features)
      }
      features = try convolution.append(to: &graph, features, activation: .leakyReLU(slope: 0))
      if layer.isCompared { compared.append(features) }
    }
    return compared
  }

  /// Images [N, 3, R, R] → the distance of each depth, dense [1, N].
  package func appendDistances(
    to graph: inout Graph, _ a: TensorID, _ b: TensorID
  ) throws(GraphError) -> [TensorID] {
    let (first, second) = (try appendFeatures(to: &graph, a), try appendFeatures(to: &graph, b))
    var result: [TensorID] = []
    for (index, distance) in distances.enumerated() {
      result.append(try graph.append(distance, first[index], second[index]))
    }
    return result
  }
}

extension LPIPSNetwork {
  /// It measures pairs of pictures, or directions: nothing that is run on its own (`LearnedMetrics`).
  static let passes: [NetworkKind] = []

  func append(_ pass: NetworkKind, to graph: inout Graph, _ site: PassSite) throws(InversionError) -> PassEnds {
    throw .missingNetwork(pass.rawValue, model: site.model.path)
  }
}
