import SIMDKernels

/// y_c = scale_c · x_c + shift_c, column by column of a dense tensor: truncation towards the mean code,
/// w̄ + ψ·(w − w̄) (Karras et al., CVPR 2019, app. B), with shift = (1 − ψ)·w̄.
package struct ColumnAffine: Operator {
  private let scale: ConstantBuffer
  private let shift: ConstantBuffer?
  private let columns: Int

  package init(scale: [Float], shift: [Float]?) {
    self.scale = ConstantBuffer(scale)
    self.shift = shift.map(ConstantBuffer.init)
    columns = scale.count
  }

  private init(scale: ConstantBuffer, columns: Int) {
    self.scale = scale
    self.shift = nil
    self.columns = columns
  }

  package var name: String { "column-affine" }
  package var inPlaceInputs: [Int] { [0] }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try require(try dense(inputs[0]).columns == columns, "[N, \(columns)]", inputs[0])
    return inputs[0]
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels) = (try dense(site.output), site.kernels)
    let (scale, shift) = (scale, shift)
    return PreparedOperator { memory in
      kernels.columnAffine(
        output: memory.output, input: memory.inputs[0], scale: scale.base, shift: shift?.base, shape: shape)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(ColumnAffine(scale: scale, columns: columns), gradOutput)]
  }
}
