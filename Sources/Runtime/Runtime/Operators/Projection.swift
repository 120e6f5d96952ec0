import SIMDKernels

/// y = W · (s_c · x) + b: a modulated 1×1 convolution to RGB without demodulation (Karras et al., CVPR 2020, fig. 7), which scales
/// its few weights instead of the image.
///
/// Inputs: x [N, C, H, W]; s, dense [N, C]; and an image that y is added to, if it `adds`. Output: [N, 3 or fewer, H, W].
package struct ScaledProjection: Operator {
  package let weights: ConvolutionWeights
  /// Whether a third input is added: the image so far, of which the sum is written once.
  package let adds: Bool

  package init(_ weights: ConvolutionWeights, adds: Bool = false) {
    self.weights = weights
    self.adds = adds
  }

  package var name: String { "scaled-projection" }
  package var inPlaceInputs: [Int] { adds ? [2] : [] }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    var shape = try blocked(inputs[0])
    try require(
      shape.channels == weights.inputChannels, "[N, \(weights.inputChannels), H, W] (\(weights.name))", inputs[0])
    try requireFactors(inputs[1], of: inputs[0])
    try weights.requireProjection()
    shape.channels = weights.outputChannels
    if adds { try requireEqual(.blocked(shape), inputs[2]) }
    return .blocked(shape)
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, factors) = (try blocked(site.inputs[0]), try blocked(site.output), try dense(site.inputs[1]))
    let (kernels, bias) = (site.kernels, weights.bias ?? ConstantBuffer([]))
    let rows = try weights.paddedRows(3, for: kernels), adds = adds
    func scaled(_ memory: OperatorMemory) -> UnsafeMutablePointer<Float> {
      memory.workspace!.assumingMemoryBound(to: Float.self)
    }
    return PreparedOperator(
      bands: output, reach: .planes, workspaceByteCount: input.batch * rows.count * 4, work: weights.work(on: input),
      constantByteCount: rows.count * 4,
      begin: { memory in
        kernels.scaleProjection(
          scaled: scaled(memory), weights: rows.base, factors: memory.inputs[1], factorRowStride: factors.rowStride,
          inputShape: input)
      },
      run: { memory, band in
        kernels.project(
          output: memory.output, input: memory.inputs[0], weights: scaled(memory),
          weightStride: 3 * input.paddedChannels, bias: bias.base, base: adds ? memory.inputs[2] : nil,
          outputShape: output, inputShape: input, band: band)
      })
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let input = try blocked(graph.shape(of: node.inputs[0]))
    let scaled = try graph.append(ConvolutionBackwardData(weights: weights, inputShape: input), gradOutput)
    let gradients = try ChannelScale().appendBackward(&graph, node: node, gradOutput: scaled, wanted: wanted)
    return adds ? gradients + [wanted[2] ? gradOutput : nil] : gradients
  }
}

/// y = W · x + b: a 1×1 convolution to 3 channels or fewer, as the images of a generator are. Its output has sixteen lanes of which
/// these count: to sum over the channels takes a third of the time of products for all sixteen.
///
/// Input [N, C, H, W] → output [N, 3 or fewer, H, W].
package struct Projection: Operator {
  package let weights: ConvolutionWeights

  package init(_ weights: ConvolutionWeights) { self.weights = weights }

  package var name: String { "projection" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try weights.requireProjection()
    return try Convolution(weights).outputShape(inputs)
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try blocked(site.inputs[0]), try blocked(site.output), site.kernels)
    let rows = try weights.paddedRows(3, for: kernels), bias = weights.bias ?? ConstantBuffer([])
    return PreparedOperator(
      bands: output, reach: .planes, work: weights.work(on: input), constantByteCount: rows.count * 4
    ) { memory, band in
      kernels.project(
        output: memory.output, input: memory.inputs[0], weights: rows.base, weightStride: 0, bias: bias.base,
        outputShape: output, inputShape: input, band: band)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    try Convolution(weights).appendBackward(&graph, node: node, gradOutput: gradOutput, wanted: wanted)
  }
}

extension ConvolutionWeights {
  /// Whether they are those of a `Projection`.
  package var isProjection: Bool { outputChannels <= 3 && form == .same(kernel: 1) }

  fileprivate func requireProjection() throws(GraphError) {
    guard isProjection else {
      throw .badWeights(
        name: name, expected: "a 1×1 convolution to 3 channels or fewer", found: "\(outputChannels)")
    }
  }

  /// Rows of a 1×1 convolution's weights as floats, `[rows][input channels padded to 16]`; zeros while memory is planned.
  fileprivate func paddedRows(_ rows: Int, for kernels: Kernels) throws(GraphError) -> ConstantBuffer {
    let padded = (inputChannels + 15) & ~15, count = outputChannels * inputChannels
    guard !kernels.isPlanning else { return ConstantBuffer([Float](repeating: 0, count: rows * padded)) }
    return try source.withValues(count: count, isPlanning: false) { (weights) throws(GraphError) -> ConstantBuffer in
      guard weights.count == count else {
        throw .badWeights(name: name, expected: "\(count) values", found: "\(weights.count)")
      }
      var values = [Float](repeating: 0, count: rows * padded)
      for o in 0..<outputChannels {
        for c in 0..<inputChannels { values[o * padded + c] = weights[o * inputChannels + c] }
      }
      return ConstantBuffer(values)
    }
  }
}
