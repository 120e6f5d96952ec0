import SIMDKernels

/// y = x / √(mean(x²) + ε) per row: the normalization of z before the mapping network (ε = 1e-8).
package struct PixelNorm: Operator {
  package let epsilon: Float

  package init(epsilon: Float = 1e-8) { self.epsilon = epsilon }

  package var name: String { "pixel-norm" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { .dense(try dense(inputs[0])) }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels, epsilon) = (try dense(site.output), site.kernels, epsilon)
    return PreparedOperator { memory in
      kernels.pixelNorm(output: memory.output, input: memory.inputs[0], shape: shape, epsilon: epsilon)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(PixelNormBackward(epsilon: epsilon), gradOutput, node.inputs[0])]
  }
}

/// ∂L/∂x = r·(g − x·r²·mean(g·x)), r = 1/√(mean(x²) + ε). Inputs: g and x.
private struct PixelNormBackward: Operator {
  let epsilon: Float
  var name: String { "pixel-norm-backward" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { inputs[0] }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels, epsilon) = (try dense(site.output), site.kernels, epsilon)
    return PreparedOperator { memory in
      kernels.pixelNormBackward(
        gradInput: memory.output, gradOutput: memory.inputs[0], input: memory.inputs[1], shape: shape,
        epsilon: epsilon)
    }
  }
}
