extension Kernels {
  /// Doubles that `meanSquaredError` needs in `partials`.
  public func meanSquaredErrorPartialCount(_ shape: BlockedShape) -> Int { 0 }

  /// losses[n] = mean over the real elements of image (row) n of (a − b)².
  public func meanSquaredError(
    losses: UnsafeMutablePointer<Float>, a: UnsafePointer<Float>, b: UnsafePointer<Float>, shape: BlockedShape, partials: UnsafeMutablePointer<Double>
  ) { preconditionFailure("not yet") }

  /// gradA = 2(a − b)/N · weight[n], gradB = −gradA; each optional.
  public func meanSquaredErrorBackward(
    gradA: UnsafeMutablePointer<Float>?, gradB: UnsafeMutablePointer<Float>?, a: UnsafePointer<Float>, b: UnsafePointer<Float>, weight: UnsafePointer<Float>, shape: BlockedShape
  ) { preconditionFailure("not yet") }

  /// Doubles that `meanSquaredError` needs in `partials`.
  public func meanSquaredErrorPartialCount(_ shape: DenseShape) -> Int { 0 }

  /// losses[n] = mean over the real elements of image (row) n of (a − b)².
  public func meanSquaredError(
    losses: UnsafeMutablePointer<Float>, a: UnsafePointer<Float>, b: UnsafePointer<Float>, shape: DenseShape, partials: UnsafeMutablePointer<Double>
  ) { preconditionFailure("not yet") }

  /// gradA = 2(a − b)/N · weight[n], gradB = −gradA; each optional.
  public func meanSquaredErrorBackward(
    gradA: UnsafeMutablePointer<Float>?, gradB: UnsafeMutablePointer<Float>?, a: UnsafePointer<Float>, b: UnsafePointer<Float>, weight: UnsafePointer<Float>, shape: DenseShape
  ) { preconditionFailure("not yet") }
}
