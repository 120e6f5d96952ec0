import Quant
import Runtime

/// The domain-guided encoder of stylegan2-encoder-pytorch with frozen weights (`EncoderArchitecture.filtered`).
struct FilteredEncoder: EncoderNetwork {
  private let stem: ConvolutionWeights
  private let blocks: [Block]
  private let head: DenseLayerWeights

  private static let activation = Activation.leakyReLU(slope: Generator.slope)

  private struct Block: Sendable {
    let conv1: ConvolutionWeights
    /// Of the filtered image's four phases.
    let conv2: ConvolutionWeights
    let shortcut: ConvolutionWeights
  }

  init(_ specification: EncoderSpecification, from weights: WeightLoader) throws(InversionError) {
    stem = try weights.convolution("encoder.stem", form: .same(kernel: 1))
    var blocks: [Block] = []
    for index in specification.blockChannels.indices {
      let prefix = "encoder.block.\(index)"
      blocks.append(
        Block(
          conv1: try weights.convolution("\(prefix).conv1", form: .same(kernel: 3)),
          conv2: try weights.downsamplingConvolution("\(prefix).conv2"),
          shortcut: try weights.convolution("\(prefix).shortcut", form: .same(kernel: 1), hasBias: false)))
    }
    self.blocks = blocks
    head = try weights.dense("encoder.head")
  }

  func append(to graph: inout Graph, _ image: TensorID, beside: TensorID?) throws(GraphError) -> TensorID {
    var features = try graph.append(Convolution(stem, activation: Self.activation), image)
    for block in blocks {
      let inner = try graph.append(Convolution(block.conv1, activation: Self.activation), features)
      let phases = try graph.append(PixelUnshuffle(), inner)
      let residual = try graph.append(Convolution(block.conv2, activation: Self.activation), phases)
      let reduced = try graph.append(DownsampleFIR(), features)
      features = try graph.append(Sum(), residual, try graph.append(Convolution(block.shortcut), reduced))
    }
    return try graph.append(Dense(head), try graph.append(Flatten(), features))
  }
}
