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
    return PreparedOperator(bands: shape, reach: .neighbors) { memory, band in
      kernels.blur3x3(
        output: memory.output, input: memory.inputs[0], outputShape: shape, inputShape: shape, band: band)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(Blur(), gradOutput)]
  }
}

/// Depthwise [1, 3, 3, 1] ⊗ [1, 3, 3, 1] / 16 with one pixel of zero padding, as behind each transposed convolution of StyleGAN2 (Karras
/// et al., CVPR 2020). Input [N, C, H + 1, W + 1] → [N, C, H, W].
package struct FilterFIR: Operator {
  package init() {}
  package var name: String { "filter-fir" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    var shape = try blocked(inputs[0])
    try require(shape.height > 1 && shape.width > 1, "[N, C, 2 or more, 2 or more]", inputs[0])
    (shape.height, shape.width) = (shape.height - 1, shape.width - 1)
    return .blocked(shape)
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try blocked(site.inputs[0]), try blocked(site.output), site.kernels)
    return PreparedOperator(bands: output, reach: .neighbors) { memory, band in
      kernels.filterFIR(
        output: memory.output, input: memory.inputs[0], outputShape: output, inputShape: input, padding: 1, band: band
      )
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let input = try blocked(graph.shape(of: node.inputs[0]))
    let backward = PlaneAdjoint(name: "filter-fir-backward", shape: input) { kernels, memory, grad, plane in
      kernels.filterFIR(
        output: memory.output, input: memory.inputs[0], outputShape: input, inputShape: grad, padding: 2,
        band: plane.map(input.wholePlane))
    }
    return [try graph.append(backward, gradOutput)]
  }
}
