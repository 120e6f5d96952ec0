import SIMDKernels

/// The backward rule of a linear operator that maps plane to plane: ∂L/∂y → ∂L/∂x, plane by plane.
struct PlaneAdjoint: Operator {
  /// Whose planes are gone through.
  enum Planes { case gradient, result }

  typealias Body = @Sendable (Kernels, OperatorMemory, _ gradient: BlockedShape, _ plane: Int?) -> Void

  let name: String
  /// Of x.
  let shape: BlockedShape
  var goesBy = Planes.result
  let body: Body

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { .blocked(shape) }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (gradient, kernels, body) = (try blocked(site.inputs[0]), site.kernels, body)
    return PreparedOperator(planes: goesBy == .gradient ? gradient : shape) { memory, plane in
      body(kernels, memory, gradient, plane)
    }
  }
}
