import Quant
import Runtime

/// The domain-guided encoder as idinvert's TensorFlow version has it (`EncoderArchitecture.tensorFlow`), with frozen weights.
struct TensorFlowEncoder: EncoderNetwork {
  private let stem: Layer
  private let blocks: [Block]
  private let head: DenseLayerWeights

  /// y = scale · φ(conv(x)) + shift, φ the leaky ReLU.
  private struct Layer: Sendable {
    let convolution: WindowedConvolution
    let normalization: ChannelAffine

    init(_ convolution: WindowedConvolution, _ prefix: String, _ weights: WeightLoader) throws(InversionError) {
      self.convolution = convolution
      normalization = ChannelAffine(
        scale: try weights.values("\(prefix).scale"), shift: try weights.values("\(prefix).shift"))
    }

    func append(to graph: inout Graph, _ input: TensorID) throws(GraphError) -> TensorID {
      let activated = try convolution.append(to: &graph, input, activation: .leakyReLU(slope: Generator.slope))
      return try graph.append(normalization, activated)
    }
  }

  private struct Block: Sendable {
    let conv1: Layer
    let conv2: Layer
    let shortcut: ConvolutionWeights?
  }

  init(_ specification: EncoderSpecification, from weights: WeightLoader) throws(InversionError) {
    func layer(_ name: String, kernel: Int = 3) throws(InversionError) -> Layer {
      let prefix = "encoder.\(name)"
      return try Layer(
        try weights.windowedConvolution(prefix, kernel: kernel, padding: kernel / 2), prefix, weights)
    }
    stem = try layer("stem", kernel: 5)
    var blocks: [Block] = [], channels = specification.stemChannels
    for (index, outputs) in specification.blockChannels.enumerated() {
      let shortcut =
        channels == outputs
        ? nil : try weights.convolution("encoder.block.\(index).shortcut", form: .same(kernel: 1))
      blocks.append(
        Block(
          conv1: try layer("block.\(index).conv1"), conv2: try layer("block.\(index).conv2"), shortcut: shortcut))
      channels = outputs
    }
    self.blocks = blocks
    head = try weights.dense("encoder.head")
  }

  func append(to graph: inout Graph, _ image: TensorID, beside: TensorID?) throws(GraphError) -> TensorID {
    var features = try stem.append(to: &graph, image)
    for block in blocks {
      let pooled = try graph.append(AveragePool(), features)
      let residual = try block.conv2.append(to: &graph, try block.conv1.append(to: &graph, pooled))
      var shortcut = pooled
      if let weights = block.shortcut { shortcut = try graph.append(Convolution(weights), pooled) }
      features = try graph.append(Sum(), residual, shortcut)
    }
    return try graph.append(Dense(head), try graph.append(Flatten(), features))
  }
}
