import SIMDKernels

/// L_n = mean over all elements of image (or row) n of (a − b)². Output: dense [1, N].
///
/// All three terms of the published objective have this form (Zhu et al., ECCV 2020, eq. 4).
package struct MeanSquaredError: Operator {
  package init() {}
  package var name: String { "mean-squared-error" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try requireEqual(inputs[0], inputs[1])
    return .dense(DenseShape(rows: 1, columns: sampleCount(inputs[0])))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let kernels = site.kernels
    switch site.inputs[0] {
    case .blocked(let shape):
      func partials(_ memory: OperatorMemory) -> UnsafeMutablePointer<Double> {
        memory.workspace!.assumingMemoryBound(to: Double.self)
      }
      return PreparedOperator(
        planes: shape, workspaceByteCount: kernels.meanSquaredErrorPartialCount(shape) * 8,
        run: { memory, plane in
          kernels.squaredErrors(
            partials: partials(memory), a: memory.inputs[0], b: memory.inputs[1], shape: shape, plane: plane)
        },
        finish: { kernels.meanSquaredError(losses: $0.output, partials: partials($0), shape: shape) })
    case .dense(let shape):
      return PreparedOperator(workspaceByteCount: kernels.meanSquaredErrorPartialCount(shape) * 8) { memory in
        kernels.meanSquaredError(
          losses: memory.output, a: memory.inputs[0], b: memory.inputs[1], shape: shape,
          partials: memory.workspace!.assumingMemoryBound(to: Double.self))
      }
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let (a, b) = (node.inputs[0], node.inputs[1])
    return [
      wanted[0] ? try graph.append(MeanSquaredErrorBackward(), a, b, gradOutput) : nil,
      wanted[1] ? try graph.append(MeanSquaredErrorBackward(), b, a, gradOutput) : nil,
    ]
  }
}

/// ∂L/∂a = 2(a − b)/count · ∂L/∂L_n. Inputs: a, b, ∂L/∂L_n [1, N].
private struct MeanSquaredErrorBackward: Operator {
  var name: String { "mean-squared-error-backward" }
  var inPlaceInputs: [Int] { [0, 1] }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { inputs[0] }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let kernels = site.kernels
    switch site.output {
    case .blocked(let shape):
      return PreparedOperator(planes: shape) { memory, plane in
        kernels.meanSquaredErrorBackward(
          gradA: memory.output, a: memory.inputs[0], b: memory.inputs[1], weight: memory.inputs[2],
          shape: shape, plane: plane)
      }
    case .dense(let shape):
      return PreparedOperator { memory in
        kernels.meanSquaredErrorBackward(
          gradA: memory.output, a: memory.inputs[0], b: memory.inputs[1], weight: memory.inputs[2],
          shape: shape)
      }
    }
  }
}

private func sampleCount(_ shape: Shape) -> Int {
  switch shape {
  case .blocked(let shape): shape.batch
  case .dense(let shape): shape.rows
  }
}
