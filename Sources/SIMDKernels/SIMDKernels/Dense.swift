/// Borrowed weights of a dense layer, row-major `[O][I]`, rows back to back without padding or alignment.
public struct DenseWeights: @unchecked Sendable {
  /// How an element is stored.
  public enum Element: @unchecked Sendable {
    case f32
    /// IEEE half, as bits.
    case f16
    /// Value times the row's scale; `scales` holds O floats.
    case int8(scales: UnsafePointer<Float>)
  }
  public var base: UnsafeRawPointer
  public var element: Element
  public var outputs: Int, inputs: Int

  /// Points into memory that outlives every use (a mapped file).
  public init(base: UnsafeRawPointer, element: Element, outputs: Int, inputs: Int) {
    self.base = base
    self.element = element
    self.outputs = outputs
    self.inputs = inputs
  }
}

extension Kernels {
  /// output[r][o] = activation(Σ W[o][i]·input[r][i] + bias[o]). No overlap.
  public func dense(
    output: UnsafeMutablePointer<Float>, outputRowStride: Int, input: UnsafePointer<Float>, inputRowStride: Int, rows: Int, weights: DenseWeights, bias: UnsafePointer<Float>?, activation: Activation
  ) { preconditionFailure("not yet") }

  /// gradInput[r][i] = Σ W[o][i]·gradOutput[r][o]. No overlap.
  public func denseBackwardData(
    gradInput: UnsafeMutablePointer<Float>, gradInputRowStride: Int, gradOutput: UnsafePointer<Float>, gradOutputRowStride: Int, rows: Int, weights: DenseWeights
  ) { preconditionFailure("not yet") }

  /// y = x / √(mean(x²) + ε), row by row. May run in place.
  public func pixelNorm(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, shape: DenseShape, epsilon: Float
  ) { preconditionFailure("not yet") }
}
