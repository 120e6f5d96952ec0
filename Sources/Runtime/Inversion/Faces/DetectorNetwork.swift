import Quant
import Runtime

/// One stage of MTCNN, with frozen weights.
struct DetectorStage: Sendable {
  private let convolutions: [ConvolutionWeights]
  private let slopes: [[Float]]
  private let head: ConvolutionWeights
  let headCount: Int

  init(_ stage: DetectorSpecification.Stage, from weights: WeightLoader) throws(InversionError) {
    let prefix = "detector.\(stage.name)."
    var convolutions: [ConvolutionWeights] = []
    var slopes: [[Float]] = []
    for index in stage.layers.indices {
      convolutions.append(try weights.convolution("\(prefix)\(index)", form: .same(kernel: 3)))
      slopes.append(try weights.values("\(prefix)\(index).slopes"))
    }
    self.convolutions = convolutions
    self.slopes = slopes
    head = try weights.convolution(prefix + "head", form: .same(kernel: 1))
    headCount = stage.headCount
  }

  /// φ(conv(x)) of layer `index`, padded with zeros: of the published convolution's output there is one pixel less on each side.
  private func layer(_ index: Int, _ graph: inout Graph, _ input: TensorID) throws(GraphError) -> TensorID {
    try graph.append(ParametricReLU(slopes[index]), try graph.append(Convolution(convolutions[index]), input))
  }

  /// The first stage on a tile [1, 3, S, S] of which `limits` [1, 2] says where its rows and columns end, counted in outputs of
  /// the first convolution with its padding → [1, 6, (S − 2) / 2, (S − 2) / 2]; result (i, j) is that of place (i − 2, j − 2).
  func appendProposal(to graph: inout Graph, _ tile: TensorID, limits: TensorID) throws(GraphError) -> TensorID {
    var x = try layer(0, &graph, tile)
    x = try graph.append(WindowMaxPool(kernel: 2, step: 2, inset: 1), x, limits)
    x = try layer(1, &graph, x)
    x = try layer(2, &graph, x)
    return try graph.append(Convolution(head), x)
  }

  /// The second stage on [N, 3, 24, 24], the third on [N, 3, 48, 48] → [N, headCount, 1, 1].
  func appendJudgment(to graph: inout Graph, _ faces: TensorID) throws(GraphError) -> TensorID {
    var x = try layer(0, &graph, faces)
    x = try graph.append(WindowMaxPool(kernel: 3, step: 2, inset: 1), x)
    x = try layer(1, &graph, x)
    x = try graph.append(WindowMaxPool(kernel: 3, step: 2, inset: 1), x)
    x = try layer(2, &graph, x)
    if convolutions.count == 5 {
      x = try graph.append(WindowMaxPool(kernel: 2, step: 2, inset: 1), x)
      x = try layer(3, &graph, x)
    }
    // The 2×2 convolution leaves 3×3 pixels, all of which the dense layer reads: a 3×3 convolution's middle output.
    x = try graph.append(WindowMaxPool(kernel: 1, step: 1, extent: 3), x)
    x = try layer(convolutions.count - 1, &graph, x)
    x = try graph.append(WindowMaxPool(kernel: 1, step: 1, inset: 1, extent: 1), x)
    return try graph.append(Convolution(head), x)
  }
}

/// The three stages of a file's detector.
struct DetectorNetwork: Sendable {
  let proposal: DetectorStage
  let refinement: DetectorStage
  let output: DetectorStage

  init(_ specification: DetectorSpecification, from weights: WeightLoader) throws(InversionError) {
    let stages = specification.stages
    proposal = try DetectorStage(stages[0], from: weights)
    refinement = try DetectorStage(stages[1], from: weights)
    output = try DetectorStage(stages[2], from: weights)
  }
}
