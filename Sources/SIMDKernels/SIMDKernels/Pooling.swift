extension Kernels {
  /// Depthwise [1,2,1]⊗[1,2,1]/16 with zero padding; its own adjoint. Input halo 1.
  public func blur3x3(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, outputShape: BlockedShape, inputShape: BlockedShape
  ) { preconditionFailure("not yet") }

  /// 2×2 mean, stride 2.
  public func averagePool2x2(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, outputShape: BlockedShape, inputShape: BlockedShape
  ) { preconditionFailure("not yet") }

  /// gx = gy/4.
  public func averagePool2x2Backward(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, outputShape: BlockedShape, inputShape: BlockedShape
  ) { preconditionFailure("not yet") }

  /// 2×2 maximum, stride 2.
  public func maxPool2x2(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, outputShape: BlockedShape, inputShape: BlockedShape
  ) { preconditionFailure("not yet") }

  /// The first maximum in row-major order gets the gradient.
  public func maxPool2x2Backward(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, input: UnsafePointer<Float>, outputShape: BlockedShape, inputShape: BlockedShape
  ) { preconditionFailure("not yet") }
}
