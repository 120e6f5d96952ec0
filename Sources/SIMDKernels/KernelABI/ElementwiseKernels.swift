/// Kernels on flat runs of `vectors` × 16 floats. All may run in place: element i of the output depends on elements i
/// of the inputs only, and each vector is loaded before it is stored.
package struct ElementwiseKernels: Sendable {
  /// output = a + b.
  package var add: @Sendable (_ output: FloatTarget, _ a: FloatSource, _ b: FloatSource, _ vectors: Int) -> Void =
    { _, _, _, _ in unplugged() }
  /// output = a · b.
  package var multiply: @Sendable (_ output: FloatTarget, _ a: FloatSource, _ b: FloatSource, _ vectors: Int) -> Void =
    { _, _, _, _ in unplugged() }
  /// output = factor · input.
  package var scale: @Sendable (_ output: FloatTarget, _ input: FloatSource, _ factor: Float, _ vectors: Int) -> Void =
    { _, _, _, _ in unplugged() }
  /// gx = gy · (y > 0 ? 1 : slope).
  package var activationBackward:
    @Sendable (
      _ gradInput: FloatTarget, _ gradOutput: FloatSource, _ output: FloatSource, _ slope: Float, _ vectors: Int
    ) -> Void = { _, _, _, _, _ in unplugged() }
  /// output = tanh(input), a rational approximation within 3 ulp; exact 0 at 0; of what is not finite not a number.
  package var tanh: @Sendable (_ output: FloatTarget, _ input: FloatSource, _ vectors: Int) -> Void =
    { _, _, _ in unplugged() }
  /// gx = gy · (1 − y²).
  package var tanhBackward:
    @Sendable (_ gradInput: FloatTarget, _ gradOutput: FloatSource, _ output: FloatSource, _ vectors: Int) -> Void =
      { _, _, _, _ in unplugged() }
  /// Σ (a − b)² in float, lane by lane and then across lanes in a fixed order: for short runs.
  package var squaredDifference: @Sendable (_ a: FloatSource, _ b: FloatSource, _ vectors: Int) -> Float =
    { _, _, _ in unplugged() }
  /// output = factor · (a − b).
  package var scaledDifference:
    @Sendable (_ output: FloatTarget, _ a: FloatSource, _ b: FloatSource, _ factor: Float, _ vectors: Int) -> Void =
      { _, _, _, _, _ in unplugged() }
  /// One row of pixels of one channel block: y = activation(x + strength · noise[pixel] + bias).
  /// `strength` and `bias` hold 16 floats; `noise` is nil or holds one float per pixel.
  package var noiseBiasActivate:
    @Sendable (
      _ output: FloatTarget, _ input: FloatSource, _ noise: FloatSource?, _ strength: FloatSource,
      _ bias: FloatSource, _ slope: Float, _ pixels: Int
    ) -> Void = { _, _, _, _, _, _, _ in unplugged() }
  /// output = x > 0 ? x : slopes · x, on pixels of one channel block; `slopes` holds 16 floats.
  package var parametricReLU:
    @Sendable (_ output: FloatTarget, _ input: FloatSource, _ slopes: FloatSource, _ pixels: Int) -> Void =
      { _, _, _, _ in unplugged() }
  /// gx = gy · (x > 0 ? 1 : slopes), with x the forward *input*: slopes may have either sign. May run in place.
  package var parametricReLUBackward:
    @Sendable (
      _ gradInput: FloatTarget, _ gradOutput: FloatSource, _ input: FloatSource, _ slopes: FloatSource, _ pixels: Int
    ) -> Void = { _, _, _, _, _ in unplugged() }

  package init() {}
}
