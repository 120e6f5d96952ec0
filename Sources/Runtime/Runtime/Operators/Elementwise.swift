import SIMDKernels

/// Σᵢ xᵢ over any number of tensors of one shape: residual connections, and the fan-in of gradients.
public struct Sum: Operator {
  public init() {}
  public var name: String { "sum" }
  public var inPlaceInputs: [Int] { [0] }

  public func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    for input in inputs.dropFirst() { try requireEqual(inputs[0], input) }
    return inputs[0]
  }

  public func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels) = (site.output.run, site.kernels)
    return PreparedOperator { memory in
      memory.inputs.withUnsafeBufferPointer { kernels.sum(output: memory.output, inputs: $0, shape: shape) }
    }
  }

  public func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    wanted.map { $0 ? gradOutput : nil }
  }
}

/// y = x · m, elementwise: the mask of the diffusion objective. No gradient flows to the mask.
public struct Mask: Operator {
  public init() {}
  public var name: String { "mask" }
  public var inPlaceInputs: [Int] { [0] }

  public func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try requireEqual(inputs[0], inputs[1])
    return inputs[0]
  }

  public func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels) = (site.output.run, site.kernels)
    return PreparedOperator { memory in
      kernels.multiply(output: memory.output, a: memory.inputs[0], b: memory.inputs[1], shape: shape)
    }
  }

  public func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(Mask(), gradOutput, node.inputs[1]), nil]
  }
}

/// y = x + shift_c on the real pixels; the zero padding around them stays zero.
public struct ChannelShift: Operator {
  private let shift: ConstantBuffer
  private let channels: Int

  /// - Parameter shift: [C].
  public init(_ shift: [Float]) {
    self.shift = ConstantBuffer(shift)
    channels = shift.count
  }

  public var name: String { "channel-shift" }
  public var inPlaceInputs: [Int] { [0] }

  public func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let input = try blocked(inputs[0])
    try require(input.channels == channels, "[N, \(channels), H, W]", inputs[0])
    return inputs[0]
  }

  public func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels, shift) = (try blocked(site.output), site.kernels, shift)
    return PreparedOperator { memory in
      kernels.addChannelShift(
        output: memory.output, input: memory.inputs[0], shift: shift.base, shape: shape)
    }
  }

  public func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] { [gradOutput] }
}

/// y = tanh(x).
public struct Tanh: Operator {
  public init() {}
  public var name: String { "tanh" }
  public var inPlaceInputs: [Int] { [0] }

  public func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { inputs[0] }

  public func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels) = (site.output.run, site.kernels)
    return PreparedOperator { memory in kernels.tanh(output: memory.output, input: memory.inputs[0], shape: shape) }
  }

  public func appendBackward(
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
    let (shape, kernels) = (site.output.run, site.kernels)
    return PreparedOperator { memory in
      kernels.tanhBackward(
        gradInput: memory.output, gradOutput: memory.inputs[0], output: memory.inputs[1], shape: shape)
    }
  }
}

extension Shape {
  /// All floats of a tensor as one row, padding included: it is zero, and stays zero under these operators.
  fileprivate var run: DenseShape {
    DenseShape(rows: 1, columns: byteCount / MemoryLayout<Float>.stride)
  }
}
