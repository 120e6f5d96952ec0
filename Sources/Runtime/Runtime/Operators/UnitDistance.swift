import SIMDKernels

/// L_n = mean over the pixels of Σ_c w_c·(f̂_c − ĝ_c)², where f̂ = f / (‖f‖ + 1e-10) over the channels: a layer of LPIPS (Zhang et
/// al., CVPR 2018, eq. 1). Inputs f and g [N, C, H, W]; output dense [1, N].
package struct UnitDistance: Operator {
  private let weights: ConstantBuffer
  private let channels: Int

  /// - Parameter weights: w, [C].
  package init(weights: [Float]) {
    self.weights = ConstantBuffer(weights)
    channels = weights.count
  }

  package var name: String { "unit-distance" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try requireEqual(inputs[0], inputs[1])
    let shape = try blocked(inputs[0])
    try require(shape.channels == channels, "[N, \(channels), H, W]", inputs[0])
    return .dense(DenseShape(rows: 1, columns: shape.batch))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels, weights) = (try blocked(site.inputs[0]), site.kernels, weights)
    return PreparedOperator(workspaceByteCount: kernels.unitDistancePartialCount(shape) * 8) { memory in
      kernels.unitDistance(
        losses: memory.output, f: memory.inputs[0], g: memory.inputs[1], weights: weights.base, shape: shape,
        partials: memory.workspace!.assumingMemoryBound(to: Double.self))
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let (f, g) = (node.inputs[0], node.inputs[1])
    let backward = UnitDistanceBackward(weights: weights)
    return [
      wanted[0] ? try graph.append(backward, f, g, gradOutput) : nil,
      wanted[1] ? try graph.append(backward, g, f, gradOutput) : nil,
    ]
  }
}

/// Inputs: f, g, ∂L/∂L_n [1, N].
private struct UnitDistanceBackward: Operator {
  let weights: ConstantBuffer
  var name: String { "unit-distance-backward" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { inputs[0] }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels, weights) = (try blocked(site.output), site.kernels, weights)
    return PreparedOperator { memory in
      kernels.unitDistanceBackward(
        gradF: memory.output, f: memory.inputs[0], g: memory.inputs[1], weights: weights.base,
        upstream: memory.inputs[2], shape: shape)
    }
  }
}
