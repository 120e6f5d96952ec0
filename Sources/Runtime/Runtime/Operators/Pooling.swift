import SIMDKernels

/// 2×2 average pooling with stride 2. Input [N, C, H, W], H and W even → [N, C, H/2, W/2].
package struct AveragePool: Operator {
  package init() {}
  package var name: String { "average-pool" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    .blocked(try halved(inputs[0]))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try blocked(site.inputs[0]), try blocked(site.output), site.kernels)
    return PreparedOperator(planes: output) { memory, plane in
      kernels.averagePool2x2(
        output: memory.output, input: memory.inputs[0], outputShape: output, inputShape: input, plane: plane)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let input = try blocked(graph.shape(of: node.inputs[0]))
    // Each of the four pixels gets a quarter of the gradient.
    let backward = PlaneAdjoint(name: "average-pool-backward", shape: input, goesBy: .gradient) {
      kernels, memory, grad, plane in
      kernels.averagePool2x2Backward(
        gradInput: memory.output, gradOutput: memory.inputs[0], outputShape: grad, inputShape: input, plane: plane)
    }
    return [try graph.append(backward, gradOutput)]
  }
}

/// 2×2 maximum pooling with stride 2. Input [N, C, H, W], H and W even → [N, C, H/2, W/2].
package struct MaxPool: Operator {
  package init() {}
  package var name: String { "max-pool" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    .blocked(try halved(inputs[0]))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try blocked(site.inputs[0]), try blocked(site.output), site.kernels)
    return PreparedOperator(planes: output) { memory, plane in
      kernels.maxPool2x2(
        output: memory.output, input: memory.inputs[0], outputShape: output, inputShape: input, plane: plane)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(MaxPoolBackward(), gradOutput, node.inputs[0])]
  }
}

/// The first of the largest pixels, in row-major order, gets the gradient. Inputs: ∂L/∂y and x.
private struct MaxPoolBackward: Operator {
  var name: String { "max-pool-backward" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { inputs[1] }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try blocked(site.output), try blocked(site.inputs[0]), site.kernels)
    return PreparedOperator(planes: output) { memory, plane in
      kernels.maxPool2x2Backward(
        gradInput: memory.output, gradOutput: memory.inputs[0], input: memory.inputs[1], outputShape: output,
        inputShape: input, plane: plane)
    }
  }
}

extension Operator {
  /// The shape of an image tensor with half the height and width.
  func halved(_ input: Shape) throws(GraphError) -> BlockedShape {
    var shape = try blocked(input)
    try require(shape.height % 2 == 0 && shape.width % 2 == 0, "[N, C, H, W] with even H and W", input)
    (shape.height, shape.width) = (shape.height / 2, shape.width / 2)
    return shape
  }
}
