import Quant
import Runtime

/// genforce's `EncoderNet` with frozen weights (`PyramidSpecification`).
struct PyramidEncoder: EncoderNetwork {
  private let stem: WindowedConvolution
  private let stages: [[Block]]
  private let laterals: [ConvolutionWeights]
  private let features: [ConvolutionWeights]
  private let fusions: [ConvolutionWeights]
  private let heads: [DenseLayerWeights]

  private static let relu = Activation.leakyReLU(slope: 0)

  private struct Block: Sendable {
    let isStrided: Bool
    let conv1: ConvolutionWeights
    let conv2: ConvolutionWeights
    let shortcut: ConvolutionWeights?
    let channels: Int
  }

  init(
    _ specification: EncoderSpecification, _ pyramid: PyramidSpecification, from weights: WeightLoader
  ) throws(InversionError) {
    stem = try weights.windowedConvolution("encoder.stem", kernel: 7, stride: 2, padding: 3)
    var stages: [[Block]] = [], inputs = specification.stemChannels
    for (stage, outputs) in specification.blockChannels.enumerated() {
      var blocks: [Block] = []
      for index in 0..<pyramid.blocks[stage] {
        let prefix = "encoder.stage.\(stage).\(index)"
        let isStrided = index == 0 && stage > 0
        let hasShortcut = pyramid.hasShortcut(stage: stage, block: index, inputs: inputs, outputs: outputs)
        blocks.append(
          Block(
            isStrided: isStrided,
            conv1: try weights.convolution("\(prefix).conv1", form: isStrided ? .downsample2x : .same(kernel: 3)),
            conv2: try weights.convolution("\(prefix).conv2", form: .same(kernel: 3)),
            shortcut: hasShortcut ? try weights.convolution("\(prefix).shortcut", form: .same(kernel: 1)) : nil,
            channels: outputs))
        inputs = outputs
      }
      stages.append(blocks)
    }
    self.stages = stages
    var (laterals, features, fusions): ([ConvolutionWeights], [ConvolutionWeights], [ConvolutionWeights]) = ([], [], [])
    var heads: [DenseLayerWeights] = []
    for index in pyramid.headLayers.indices {
      laterals.append(try weights.convolution("encoder.lateral.\(index)", form: .same(kernel: 3)))
      features.append(try weights.convolution("encoder.feature.\(index)", form: .same(kernel: 3)))
      fusions.append(try weights.convolution("encoder.fusion.\(index)", form: .same(kernel: 3)))
      heads.append(try weights.dense("encoder.head.\(index)"))
    }
    (self.laterals, self.features, self.fusions, self.heads) = (laterals, features, fusions, heads)
  }

  func append(to graph: inout Graph, _ image: TensorID, beside: TensorID?) throws(GraphError) -> TensorID {
    var x = try stem.append(to: &graph, image, activation: Self.relu)
    // Padding by one: zeros, as the halo has them, are no larger than what comes of a ReLU.
    x = try graph.append(WindowMaxPool(kernel: 3, step: 2, inset: -1, extent: graph.shape(of: x).extents[2] + 1), x)
    var maps: [TensorID] = []
    for stage in stages {
      for block in stage { x = try append(block, to: &graph, x) }
      maps.append(x)
    }
    maps = try appendPyramid(to: &graph, Array(maps.suffix(heads.count)))
    return try appendHeads(to: &graph, maps)
  }

  private func append(_ block: Block, to graph: inout Graph, _ input: TensorID) throws(GraphError) -> TensorID {
    var residual = try graph.append(Convolution(block.conv1, activation: Self.relu), input)
    residual = try graph.append(Convolution(block.conv2), residual)
    var shortcut = block.isStrided ? try graph.append(Subsample(stride: 2), input) : input
    if let weights = block.shortcut { shortcut = try graph.append(Convolution(weights), shortcut) }
    let sum = try graph.append(Sum(), residual, shortcut)
    return try graph.append(ParametricReLU([Float](repeating: 0, count: block.channels)), sum)
  }

  /// Each map's lateral convolution plus the coarser sum, enlarged; then a convolution of each.
  private func appendPyramid(to graph: inout Graph, _ maps: [TensorID]) throws(GraphError) -> [TensorID] {
    var sums: [TensorID] = []
    for (index, map) in maps.enumerated() { sums.append(try graph.append(Convolution(laterals[index]), map)) }
    for index in sums.indices.dropLast().reversed() {
      let side = graph.shape(of: sums[index]).extents[2]
      // Means of windows of a pixel repeat it.
      let enlarged = try graph.append(
        Resize(height: side, width: side, method: .adaptiveAverage), sums[index + 1])
      sums[index] = try graph.append(Sum(), sums[index], enlarged)
    }
    for index in sums.indices { sums[index] = try graph.append(Convolution(features[index]), sums[index]) }
    return sums
  }

  /// All maps at the coarsest one's size, each plus the coarsest; the finest gives the first rows of the code.
  private func appendHeads(to graph: inout Graph, _ maps: [TensorID]) throws(GraphError) -> TensorID {
    let last = maps.count - 1, side = graph.shape(of: maps[last]).extents[2]
    let coarsest = try graph.append(Convolution(fusions[last]), maps[last])
    var rows: [TensorID] = []
    for index in maps.indices {
      var fused = coarsest
      if index < last {
        let reduced = try graph.append(
          Resize(height: side, width: side, method: .adaptiveAverage), maps[index])
        fused = try graph.append(Sum(), try graph.append(Convolution(fusions[index]), reduced), coarsest)
      }
      rows.append(try graph.append(Dense(heads[index]), try graph.append(Flatten(), fused)))
    }
    return try graph.append(Concatenate(), rows)
  }
}
