import SIMDKernels

/// Depthwise [1, 2, 1] ⊗ [1, 2, 1] / 16 with zero padding, as after each up-sampling convolution of StyleGAN.
///
/// The filter is symmetric and so is its padding: the operator is its own adjoint.
package struct Blur: Operator {
  package init() {}
  package var name: String { "blur" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    .blocked(try blocked(inputs[0]))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels) = (try blocked(site.output), site.kernels)
    return PreparedOperator(planes: shape) { memory, plane in
      kernels.blur3x3(
        output: memory.output, input: memory.inputs[0], outputShape: shape, inputShape: shape, plane: plane)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(Blur(), gradOutput)]
  }
}
