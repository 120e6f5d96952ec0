import SIMDKernels

/// Zeros between the pixels, then [1,3,3,1]⊗[1,3,3,1]/16 with zero padding (2, 1): how StyleGAN2 doubles its RGB images (Karras
/// et al., CVPR 2020, fig. 7). Input [N, C, H, W] → [N, C, 2H, 2W].
package struct UpsampleFIR: Operator {
  package init() {}
  package var name: String { "upsample-fir" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    var shape = try blocked(inputs[0])
    (shape.height, shape.width) = (2 * shape.height, 2 * shape.width)
    return .blocked(shape)
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try blocked(site.inputs[0]), try blocked(site.output), site.kernels)
    return PreparedOperator(bands: output, reach: .neighbors) { memory, band in
      kernels.upsampleFIR2x(
        output: memory.output, input: memory.inputs[0], outputShape: output, inputShape: input, band: band)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let input = try blocked(graph.shape(of: node.inputs[0]))
    let backward = PlaneAdjoint(name: "upsample-fir-backward", shape: input) { kernels, memory, grad, plane in
      kernels.upsampleFIR2xBackward(
        gradInput: memory.output, gradOutput: memory.inputs[0], outputShape: grad, inputShape: input, plane: plane)
    }
    return [try graph.append(backward, gradOutput)]
  }
}

/// Four phases of channels [N, 4·C₁₆, H, W], each padded to whole blocks of 16, become pixels: [N, C, 2H, 2W].
/// The adjoint of `PixelUnshuffle`.
package struct PixelShuffle: Operator {
  /// Of the output.
  package let channels: Int

  package init(channels: Int) { self.channels = channels }

  package var name: String { "pixel-shuffle" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let input = try blocked(inputs[0]), phase = (channels + 15) & ~15
    try require(input.channels == 4 * phase, "[N, \(4 * phase), H, W]", inputs[0])
    return .blocked(
      BlockedShape(
        batch: input.batch, channels: channels, height: 2 * input.height, width: 2 * input.width, halo: input.halo))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try blocked(site.inputs[0]), try blocked(site.output), site.kernels)
    return PreparedOperator(planes: output) { memory, plane in
      kernels.pixelShuffle(
        output: memory.output, input: memory.inputs[0], outputShape: output, inputShape: input, plane: plane)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let input = try blocked(graph.shape(of: node.inputs[0]))
    let backward = PlaneAdjoint(name: "pixel-unshuffle", shape: input, goesBy: .gradient) {
      kernels, memory, grad, plane in
      kernels.pixelUnshuffle(
        output: memory.output, input: memory.inputs[0], outputShape: input, inputShape: grad, plane: plane)
    }
    return [try graph.append(backward, gradOutput)]
  }
}

/// Every `stride`-th pixel of every `stride`-th row: [N, C, H, W] → [N, C, ⌈H/s⌉, ⌈W/s⌉]. Behind a convolution it is that
/// convolution's stride.
package struct Subsample: Operator {
  package let stride: Int

  package init(stride: Int) { self.stride = stride }

  package var name: String { "subsample" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    var shape = try blocked(inputs[0])
    (shape.height, shape.width) = ((shape.height + stride - 1) / stride, (shape.width + stride - 1) / stride)
    return .blocked(shape)
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try blocked(site.inputs[0]), try blocked(site.output), site.kernels)
    let stride = stride
    return PreparedOperator(planes: output) { memory, plane in
      kernels.subsample(
        output: memory.output, input: memory.inputs[0], outputShape: output, inputShape: input, stride: stride,
        plane: plane)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let input = try blocked(graph.shape(of: node.inputs[0]))
    let stride = stride
    let backward = PlaneAdjoint(name: "subsample-backward", shape: input) { kernels, memory, grad, plane in
      kernels.subsampleBackward(
        gradInput: memory.output, gradOutput: memory.inputs[0], outputShape: grad, inputShape: input, stride: stride,
        plane: plane)
    }
    return [try graph.append(backward, gradOutput)]
  }
}

/// Another height and width by a linear map along each axis.
package struct Resize: Operator {
  package enum Method: Sendable, Hashable {
    /// Means of windows, as PyTorch's `AdaptiveAvgPool2d`.
    case adaptiveAverage
    /// Linear interpolation with `align_corners=True`.
    case bilinear
  }
  package let height: Int, width: Int
  package let method: Method
  /// Rows and columns of the input that are brought to that size; nil for all.
  package let region: Region?

  package struct Region: Sendable, Hashable {
    package var rows: Range<Int>, columns: Range<Int>

    package init(rows: Range<Int>, columns: Range<Int>) {
      self.rows = rows
      self.columns = columns
    }
  }

  package init(height: Int, width: Int, method: Method, region: Region? = nil) {
    self.height = height
    self.width = width
    self.method = method
    self.region = region
  }

  package var name: String { "resize" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    var shape = try blocked(inputs[0])
    if let region {
      try require(
        shape.height >= region.rows.upperBound && shape.width >= region.columns.upperBound,
        "[N, C, \(region.rows.upperBound) or more, \(region.columns.upperBound) or more]", inputs[0])
    }
    (shape.height, shape.width) = (height, width)
    return .blocked(shape)
  }

  private func rowWeights(_ inputs: Int) -> AxisWeights { weights(region?.rows ?? 0..<inputs, height) }
  private func columnWeights(_ inputs: Int) -> AxisWeights { weights(region?.columns ?? 0..<inputs, width) }

  private func weights(_ inputs: Range<Int>, _ outputs: Int) -> AxisWeights {
    var weights =
      switch method {
      case .adaptiveAverage: AxisWeights.adaptiveAverage(inputs: inputs.count, outputs: outputs)
      case .bilinear: AxisWeights.alignedCorners(inputs: inputs.count, outputs: outputs)
      }
    weights.first = weights.first.map { $0 + inputs.lowerBound }
    return weights
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try blocked(site.inputs[0]), try blocked(site.output), site.kernels)
    let rows = rowWeights(input.height), columns = columnWeights(input.width)
    return PreparedOperator(planes: output) { memory, plane in
      kernels.resample(
        output: memory.output, input: memory.inputs[0], rows: rows, columns: columns, outputShape: output,
        inputShape: input, plane: plane)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let input = try blocked(graph.shape(of: node.inputs[0]))
    let rows = rowWeights(input.height).adjoint(inputs: input.height)
    let columns = columnWeights(input.width).adjoint(inputs: input.width)
    let backward = PlaneAdjoint(name: "resize-backward", shape: input) { kernels, memory, grad, plane in
      kernels.resample(
        output: memory.output, input: memory.inputs[0], rows: rows, columns: columns, outputShape: input,
        inputShape: grad, plane: plane)
    }
    return [try graph.append(backward, gradOutput)]
  }
}
