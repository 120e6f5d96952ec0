import SIMDKernels

/// ∂L/∂s = ∂L/∂y · (y > 0 ? 1 : slope), for y = leakyReLU(s). Inputs: ∂L/∂y and y.
struct ActivationBackward: Operator {
  let slope: Float

  var name: String { "activation-backward" }
  var inPlaceInputs: [Int] { [0] }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try requireEqual(inputs[0], inputs[1])
    return inputs[0]
  }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (kernels, slope) = (site.kernels, slope)
    return .elementwise(site.output) { memory, shape, span in
      kernels.activationBackward(
        gradInput: memory.output, gradOutput: memory.inputs[0], output: memory.inputs[1], shape: shape, slope: slope,
        span: span)
    }
  }
}

extension Operator {
  /// The gradient before an activation that is fused into a node: the node's output tells which side it was on.
  func appendActivationBackward(
    _ graph: inout Graph, _ activation: Activation, node: Node, gradOutput: TensorID
  ) throws(GraphError) -> TensorID {
    switch activation {
    case .none: gradOutput
    case .leakyReLU(let slope): try graph.append(ActivationBackward(slope: slope), gradOutput, node.output)
    }
  }
}
