import SIMDKernels

/// Σᵢ xᵢ over any number of tensors of one shape: residual connections, and the fan-in of gradients.
package struct Sum: Operator {
  package init() {}
  package var name: String { "sum" }
  package var inPlaceInputs: [Int] { [0] }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    for input in inputs.dropFirst() { try requireEqual(inputs[0], input) }
    return inputs[0]
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let kernels = site.kernels
    return .elementwise(site.output) { memory, shape, span in
      kernels.sum(output: memory.output, inputs: memory.inputs, shape: shape, span: span)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    wanted.map { $0 ? gradOutput : nil }
  }
}

/// y = x · m, elementwise: the mask of the diffusion objective. No gradient flows to the mask.
package struct Mask: Operator {
  package init() {}
  package var name: String { "mask" }
  package var inPlaceInputs: [Int] { [0] }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try requireEqual(inputs[0], inputs[1])
    return inputs[0]
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let kernels = site.kernels
    return .elementwise(site.output) { memory, shape, span in
      kernels.multiply(output: memory.output, a: memory.inputs[0], b: memory.inputs[1], shape: shape, span: span)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(Mask(), gradOutput, node.inputs[1]), nil]
  }
}

/// y = x + shift_c on the real pixels; the zero padding around them stays zero.
package struct ChannelShift: Operator {
  private let shift: ConstantBuffer
  private let channels: Int

  /// - Parameter shift: [C].
  package init(_ shift: [Float]) {
    self.shift = ConstantBuffer(shift)
    channels = shift.count
  }

  package var name: String { "channel-shift" }
  package var inPlaceInputs: [Int] { [0] }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let input = try blocked(inputs[0])
    try require(input.channels == channels, "[N, \(channels), H, W]", inputs[0])
    return inputs[0]
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels, shift) = (try blocked(site.output), site.kernels, shift)
    return PreparedOperator(bands: shape) { memory, band in
      kernels.addChannelShift(
        output: memory.output, input: memory.inputs[0], shift: shift.base, shape: shape, band: band)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] { [gradOutput] }
}

/// y = tanh(x).
package struct Tanh: Operator {
  package init() {}
  package var name: String { "tanh" }
  package var inPlaceInputs: [Int] { [0] }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { inputs[0] }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let kernels = site.kernels
    return .elementwise(site.output) { memory, shape, span in
      kernels.tanh(output: memory.output, input: memory.inputs[0], shape: shape, span: span)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(TanhBackward(), gradOutput, node.output)]
  }
}

/// ∂L/∂x = ∂L/∂y · (1 − y²). Inputs: ∂L/∂y and y.
private struct TanhBackward: Operator {
  var name: String { "tanh-backward" }
  var inPlaceInputs: [Int] { [0] }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { inputs[0] }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let kernels = site.kernels
    return .elementwise(site.output) { memory, shape, span in
      kernels.tanhBackward(
        gradInput: memory.output, gradOutput: memory.inputs[0], output: memory.inputs[1], shape: shape, span: span)
    }
  }
}

/// y = 1 / (1 + e⁻ˣ) of a dense tensor: gates.
package struct Sigmoid: Operator {
  package init() {}
  package var name: String { "sigmoid" }
  package var inPlaceInputs: [Int] { [0] }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { .dense(try dense(inputs[0])) }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels) = (try dense(site.output), site.kernels)
    return PreparedOperator { kernels.sigmoid(output: $0.output, input: $0.inputs[0], shape: shape) }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(SigmoidBackward(), gradOutput, node.output)]
  }
}

/// ∂L/∂x = ∂L/∂y · y · (1 − y). Inputs: ∂L/∂y and y.
private struct SigmoidBackward: Operator {
  var name: String { "sigmoid-backward" }
  var inPlaceInputs: [Int] { [0] }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { inputs[0] }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels) = (try dense(site.output), site.kernels)
    return PreparedOperator {
      kernels.sigmoidBackward(gradInput: $0.output, gradOutput: $0.inputs[0], output: $0.inputs[1], shape: shape)
    }
  }
}

extension PreparedOperator {
  /// An elementwise operator on a tensor of either layout, of which `run` gets all floats, padding included: it is zero,
  /// and stays zero under these operators. A row is a plane of an image. Of a band there is its span.
  static func elementwise(
    _ shape: Shape, run: @escaping (OperatorMemory, DenseShape, _ span: Range<Int>?) -> Void
  ) -> PreparedOperator {
    switch shape {
    case .blocked(let shape):
      let rows = DenseShape(rows: shape.planeCount, columns: shape.planeStride)
      return PreparedOperator(bands: shape) { run($0, rows, $1.map(shape.span)) }
    case .dense(let shape):
      return PreparedOperator { run($0, shape, nil) }
    }
  }
}
