import SIMDKernels

/// y = s_c · x, channel by channel: the style of a modulated convolution (Karras et al., CVPR 2020, eq. 1), a gate.
///
/// Inputs: x [N, C, H, W]; s, dense [N, C].
package struct ChannelScale: Operator {
  package init() {}
  package var name: String { "channel-scale" }
  package var inPlaceInputs: [Int] { [0] }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try requireFactors(inputs[1], of: inputs[0])
    return inputs[0]
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, factors) = (try blocked(site.output), try dense(site.inputs[1]))
    let kernels = site.kernels
    return PreparedOperator(bands: shape) { memory, band in
      kernels.scaleChannels(
        output: memory.output, input: memory.inputs[0], factors: memory.inputs[1], factorRowStride: factors.rowStride,
        shape: shape, band: band)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    // The sums first: then the other may write over the gradient.
    let factors = wanted[1] ? try graph.append(ChannelProducts(), gradOutput, node.inputs[0]) : nil
    return [wanted[0] ? try graph.append(ChannelScale(), gradOutput, node.inputs[1]) : nil, factors]
  }
}

/// Σ a·b over the pixels of each channel. Output: dense [N, C].
private struct ChannelProducts: Operator {
  var name: String { "channel-products" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try requireEqual(inputs[0], inputs[1])
    let shape = try blocked(inputs[0])
    return .dense(DenseShape(rows: shape.batch, columns: shape.channels))
  }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, output, kernels) = (try blocked(site.inputs[0]), try dense(site.output), site.kernels)
    return PreparedOperator(planes: shape) { memory, plane in
      kernels.channelProducts(
        sums: memory.output, sumsRowStride: output.rowStride, a: memory.inputs[0], b: memory.inputs[1], shape: shape,
        plane: plane)
    }
  }
}

/// y = scale_c · x + shift_c on the real pixels, with frozen factors: batch normalization whose output is padded with zeros,
/// and so cannot be folded into the convolution that follows.
package struct ChannelAffine: Operator {
  private let scale: ConstantBuffer
  private let shift: ConstantBuffer
  private let channels: Int

  /// - Parameters:
  ///   - scale, shift: [C].
  package init(scale: [Float], shift: [Float]) {
    precondition(scale.count == shift.count)
    self.scale = ConstantBuffer(scale)
    self.shift = ConstantBuffer(shift)
    channels = scale.count
  }

  private init(scaleOf other: ChannelAffine) {
    scale = other.scale
    shift = ConstantBuffer([Float](repeating: 0, count: other.channels))
    channels = other.channels
  }

  package var name: String { "channel-affine" }
  package var inPlaceInputs: [Int] { [0] }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try require(try blocked(inputs[0]).channels == channels, "[N, \(channels), H, W]", inputs[0])
    return inputs[0]
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels, scale, shift) = (try blocked(site.output), site.kernels, scale, shift)
    return PreparedOperator(bands: shape) { memory, band in
      kernels.affineChannels(
        output: memory.output, input: memory.inputs[0], scale: scale.base, shift: shift.base, shape: shape,
        band: band)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(ChannelAffine(scaleOf: self), gradOutput)]
  }
}

/// The mean over the pixels of each channel. Input [N, C, H, W] → dense [N, C].
package struct ChannelMean: Operator {
  package init() {}
  package var name: String { "channel-mean" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let shape = try blocked(inputs[0])
    return .dense(DenseShape(rows: shape.batch, columns: shape.channels))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, output, kernels) = (try blocked(site.inputs[0]), try dense(site.output), site.kernels)
    return PreparedOperator(planes: shape) { memory, plane in
      kernels.channelMeans(
        means: memory.output, meansRowStride: output.rowStride, input: memory.inputs[0], shape: shape, plane: plane)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let shape = try blocked(graph.shape(of: node.inputs[0]))
    return [try graph.append(ChannelMeanBackward(shape: shape), gradOutput)]
  }
}

private struct ChannelMeanBackward: Operator {
  let shape: BlockedShape
  var name: String { "channel-mean-backward" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { .blocked(shape) }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, input, kernels) = (shape, try dense(site.inputs[0]), site.kernels)
    return PreparedOperator(planes: shape) { memory, plane in
      kernels.channelMeansBackward(
        gradInput: memory.output, gradMeans: memory.inputs[0], gradRowStride: input.rowStride, shape: shape,
        plane: plane)
    }
  }
}

extension Operator {
  /// One factor per image and channel.
  func requireFactors(_ factors: Shape, of image: Shape) throws(GraphError) {
    let (shape, rows) = (try blocked(image), try dense(factors))
    try require(
      rows.rows == shape.batch && rows.columns == shape.channels, "[\(shape.batch), \(shape.channels)]", factors)
  }
}
