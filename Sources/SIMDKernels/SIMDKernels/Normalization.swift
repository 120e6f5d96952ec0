extension Kernels {
  /// statistics[batch][2][paddedChannels]: mean, then 1/√(biased variance + ε), per image and channel.
  public func channelStatistics(
    statistics: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, shape: BlockedShape, epsilon: Float
  ) { preconditionFailure("not yet") }

  /// y = (x − mean)·rstd·(1 + s) + t; style row: [2C], scales first, then shifts. Output may have another halo.
  public func normalizeModulate(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, statistics: UnsafePointer<Float>, style: UnsafePointer<Float>, styleRowStride: Int, shape: BlockedShape, outputShape: BlockedShape
  ) { preconditionFailure("not yet") }

  /// gradStyle row = [Σ g·x̂, Σ g]; sums[batch][2][paddedChannels] = Σ g, Σ g·x̂.
  public func normalizeModulateBackwardStyle(
    gradStyle: UnsafeMutablePointer<Float>, gradStyleRowStride: Int, sums: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, gradOutputShape: BlockedShape, input: UnsafePointer<Float>, statistics: UnsafePointer<Float>, shape: BlockedShape
  ) { preconditionFailure("not yet") }

  /// gx = (1 + s)·rstd·(g − Σg/N − x̂·Σ(g·x̂)/N).
  public func normalizeModulateBackwardData(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, gradOutputShape: BlockedShape, input: UnsafePointer<Float>, statistics: UnsafePointer<Float>, style: UnsafePointer<Float>, styleRowStride: Int, sums: UnsafePointer<Float>, shape: BlockedShape
  ) { preconditionFailure("not yet") }
}
