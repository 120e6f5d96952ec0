import Quant
import Runtime

/// A VGG-style network whose last layer is the perceptual feature; published: VGG16 up to the ReLU of conv4_3.
package struct FeatureNetwork: Network {
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
    try append(to: &graph, image, layers: [specification.layers.count - 1])[0]
  }

  /// Image → the outputs of some layers, numbered from 0 as in the specification, in the order asked for.
  ///
  /// - Precondition: the specification has these layers.
  package func append(
    to graph: inout Graph, _ image: TensorID, layers wanted: [Int]
  ) throws(GraphError) -> [TensorID] {
    var outputs: [Int: TensorID] = [:]
    // The shift cannot be folded into the first convolution: its zero padding comes after the shift.
    var features = try graph.append(ChannelShift(specification.inputShift), image)
    for (index, layer) in specification.layers.prefix((wanted.max() ?? 0) + 1).enumerated() {
      switch layer {
      case .convolution(_, let channels):
        let isFused =
          index + 1 < specification.layers.count && specification.layers[index + 1] == .relu && !wanted.contains(index)
        features = try graph.append(
          Convolution(convolutions[index]!, activation: isFused ? .leakyReLU(slope: 0) : .none), features)
        if !isFused, index + 1 < specification.layers.count, specification.layers[index + 1] == .relu {
          outputs[index] = features
          features = try graph.append(ParametricReLU([Float](repeating: 0, count: channels)), features)
        }
      case .relu: break  // done with the convolution before it
      case .maxPool: features = try graph.append(MaxPool(), features)
      }
      if outputs[index] == nil { outputs[index] = features }
    }
    return wanted.map { outputs[$0]! }
  }

  /// The largest side of the images that the objective compares by features, as in StyleGAN2's projection (Karras et al., CVPR
  /// 2020, app. D): VGG was made for 224 pixels, and its first layers alone take gigabytes at 1024.
  static let largestComparedSide = 256

  /// The outputs of some layers for an image that the objective compares: of a smaller one, where it is large.
  func appendCompared(
    to graph: inout Graph, _ image: TensorID, layers: [Int]
  ) throws(GraphError) -> [TensorID] {
    var image = image
    while graph.shape(of: image).extents[2] > Self.largestComparedSide, graph.shape(of: image).extents[2] % 2 == 0 {
      image = try graph.append(AveragePool(), image)
    }
    return try append(to: &graph, image, layers: layers)
  }
}

extension NetworkKind {
  package static let perceptual = NetworkKind("perceptual")
}

extension FeatureNetwork {
  static let passes: [NetworkKind] = [.perceptual]

  func append(_ pass: NetworkKind, to graph: inout Graph, _ site: PassSite) throws(InversionError) -> PassEnds {
    try graph.appendImages(site.batch, side: try site.model.imageResolution()) { (graph, image) throws(GraphError) in
      try append(to: &graph, image)
    }
  }
}

/// The features that the objective compares, of one image.
final class ComparedFeatures {
  private let prepared: PreparedGraph
  private let input: TensorID
  private let outputs: [TensorID]

  /// - Parameter layers: `ObjectiveWeights.layers(of:)`.
  init(_ network: FeatureNetwork, layers: [Int], image: Shape, model: Model, kernels: Kernels) throws(InversionError) {
    var graph = Graph()
    input = graph.input(image)
    do throws(GraphError) {
      outputs = try network.appendCompared(to: &graph, input, layers: layers)
      for output in outputs { graph.markOutput(output) }
      prepared = try PreparedGraph(graph, kernels: kernels, arena: model.arena, keepsEnds: false)
    } catch {
      throw .graph(error)
    }
  }

  func callAsFunction(_ image: [Float]) -> [[Float]] {
    prepared.run([(input, image)], reading: outputs)
  }
}
