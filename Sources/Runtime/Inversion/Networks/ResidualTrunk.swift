import Runtime

/// A stem and residual blocks, each behind a 2×2 average pooling: what encoder and judge look at images with.
struct ResidualTrunk: Sendable {
  private let stem: ConvolutionWeights
  private let blocks: [Block]

  /// y = act(conv2(act(conv1(x)))) + shortcut(x); the shortcut is the identity where the width does not change.
  private struct Block: Sendable {
    let conv1: ConvolutionWeights
    let conv2: ConvolutionWeights
    let shortcut: ConvolutionWeights?
  }

  /// - Parameters:
  ///   - network: what the tensors' names begin with.
  ///   - stemChannels: behind the stem.
  ///   - blockChannels: behind each block.
  init(
    _ network: String, stemChannels: Int, blockChannels: [Int], from weights: WeightLoader
  ) throws(InversionError) {
    stem = try weights.convolution("\(network).stem", form: .same(kernel: 3))
    var blocks: [Block] = []
    var channels = stemChannels
    for (index, outputChannels) in blockChannels.enumerated() {
      let prefix = "\(network).block.\(index)"
      blocks.append(
        Block(
          conv1: try weights.convolution("\(prefix).conv1", form: .same(kernel: 3)),
          conv2: try weights.convolution("\(prefix).conv2", form: .same(kernel: 3)),
          shortcut: channels == outputChannels
            ? nil : try weights.convolution("\(prefix).shortcut", form: .same(kernel: 1))))
      channels = outputChannels
    }
    self.blocks = blocks
  }

  /// Image [N, 3, R, R] → features [N, C, R/2ᵇ, R/2ᵇ], b the number of blocks.
  func append(to graph: inout Graph, _ image: TensorID) throws(GraphError) -> TensorID {
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
    return features
  }
}
