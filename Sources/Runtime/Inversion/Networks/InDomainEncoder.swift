import Quant
import Runtime

/// The domain-guided encoder (Zhu et al., ECCV 2020, eq. 2) with frozen weights.
struct InDomainEncoder: EncoderNetwork {
  private let stem: ConvolutionWeights
  private let blocks: [Block]
  private let head: DenseLayerWeights

  /// y = act(conv2(act(conv1(x)))) + shortcut(x); the shortcut is the identity where the width does not change.
  private struct Block: Sendable {
    let conv1: ConvolutionWeights
    let conv2: ConvolutionWeights
    let shortcut: ConvolutionWeights?
  }

  init(_ specification: EncoderSpecification, from weights: WeightLoader) throws(InversionError) {
    stem = try weights.convolution("encoder.stem", form: .same(kernel: 3))
    var blocks: [Block] = []
    var channels = specification.stemChannels
    for (index, outputChannels) in specification.blockChannels.enumerated() {
      let prefix = "encoder.block.\(index)"
      blocks.append(
        Block(
          conv1: try weights.convolution("\(prefix).conv1", form: .same(kernel: 3)),
          conv2: try weights.convolution("\(prefix).conv2", form: .same(kernel: 3)),
          shortcut: channels == outputChannels
            ? nil : try weights.convolution("\(prefix).shortcut", form: .same(kernel: 1))))
      channels = outputChannels
    }
    self.blocks = blocks
    head = try weights.dense("encoder.head")
  }

  func append(to graph: inout Graph, _ image: TensorID, beside: TensorID?) throws(GraphError) -> TensorID {
    let activation = Activation.leakyReLU(slope: Generator.slope)
    var features = try graph.append(Convolution(stem, activation: activation), image)
    for block in blocks {
      let pooled = try graph.append(AveragePool(), features)
      let hidden = try graph.append(Convolution(block.conv1, activation: activation), pooled)
      let residual = try graph.append(Convolution(block.conv2, activation: activation), hidden)
      let shortcut =
        try block.shortcut.map { (weights) throws(GraphError) in
          try graph.append(Convolution(weights, activation: activation), pooled)
        } ?? pooled
      features = try graph.append(Sum(), residual, shortcut)
    }
    return try graph.append(Dense(head), try graph.append(Flatten(), features))
  }
}
