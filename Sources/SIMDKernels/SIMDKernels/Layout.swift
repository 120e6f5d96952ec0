extension Kernels {
  /// Planar NCHW → blocked.
  public func fromPlanar(
    blocked: UnsafeMutablePointer<Float>, planar: UnsafePointer<Float>, shape: BlockedShape
  ) { preconditionFailure("not yet") }

  /// Blocked → planar NCHW.
  public func toPlanar(
    planar: UnsafeMutablePointer<Float>, blocked: UnsafePointer<Float>, shape: BlockedShape
  ) { preconditionFailure("not yet") }

  /// Blocked → dense rows in [C, H, W] order.
  public func flatten(
    dense: UnsafeMutablePointer<Float>, denseRowStride: Int, blocked: UnsafePointer<Float>, shape: BlockedShape
  ) { preconditionFailure("not yet") }

  /// Dense rows in [C, H, W] order → blocked.
  public func unflatten(
    blocked: UnsafeMutablePointer<Float>, dense: UnsafePointer<Float>, denseRowStride: Int, shape: BlockedShape
  ) { preconditionFailure("not yet") }

  /// output = columns [start, start + outputShape.columns) of input.
  public func sliceColumns(
    output: UnsafeMutablePointer<Float>, outputShape: DenseShape, input: UnsafePointer<Float>, inputShape: DenseShape, start: Int
  ) { preconditionFailure("not yet") }

  /// output = zeros, with input as columns [start, start + inputShape.columns).
  public func embedColumns(
    output: UnsafeMutablePointer<Float>, outputShape: DenseShape, input: UnsafePointer<Float>, inputShape: DenseShape, start: Int
  ) { preconditionFailure("not yet") }
}
