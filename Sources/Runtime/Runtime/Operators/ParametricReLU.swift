import SIMDKernels

/// y = x > 0 ? x : slope_c · x, with frozen slopes of either sign (He et al., ICCV 2015).
package struct ParametricReLU: Operator {
  private let slopes: ConstantBuffer
  private let channels: Int

  /// - Parameter slopes: [C].
  package init(_ slopes: [Float]) {
    self.slopes = ConstantBuffer(slopes)
    channels = slopes.count
  }

  package var name: String { "parametric-relu" }
  package var inPlaceInputs: [Int] { [0] }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try require(try blocked(inputs[0]).channels == channels, "[N, \(channels), H, W]", inputs[0])
    return inputs[0]
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels, slopes) = (try blocked(site.output), site.kernels, slopes)
    return PreparedOperator(bands: shape) { memory, band in
      kernels.parametricReLU(
        output: memory.output, input: memory.inputs[0], slopes: slopes.base, shape: shape, band: band)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(ParametricReLUBackward(slopes: slopes), gradOutput, node.inputs[0])]
  }
}

/// Inputs: ∂L/∂y and x.
private struct ParametricReLUBackward: Operator {
  let slopes: ConstantBuffer
  var name: String { "parametric-relu-backward" }
  var inPlaceInputs: [Int] { [0, 1] }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try requireEqual(inputs[0], inputs[1])
    return inputs[0]
  }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels, slopes) = (try blocked(site.output), site.kernels, slopes)
    return PreparedOperator(bands: shape) { memory, band in
      kernels.parametricReLUBackward(
        gradInput: memory.output, gradOutput: memory.inputs[0], input: memory.inputs[1], slopes: slopes.base,
        shape: shape, band: band)
    }
  }
}
