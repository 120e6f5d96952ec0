/// What a layer with a modulated convolution does around its matrix products (Karras et al., CVPR 2020, fig. 2).
///
/// Rows of one channel block; `scale`, `strength`, `bias` and sums hold 16 floats, `noise` one per pixel. Strides
/// are in floats.
package struct ModulationKernels: Sendable {
  /// y = clamp(leakyReLU(scale · x + strength · noise + bias), ±limit). May run in place. What is not finite becomes not a
  /// number, so that a clamp does not hide it.
  package var activate:
    @Sendable (
      _ output: FloatTarget, _ input: FloatSource, _ noise: FloatSource, _ scale: FloatSource, _ strength: FloatSource,
      _ bias: FloatSource, _ slope: Float, _ limit: Float, _ pixels: Int
    ) -> Void = { _, _, _, _, _, _, _, _, _ in unplugged() }
  /// gx = scale · gy · (y > 0 ? 1 : slope), 0 where |y| ≥ limit, with y the forward output. gradInput may be gradOutput.
  package var activateBackward:
    @Sendable (
      _ gradInput: FloatTarget, _ gradOutput: FloatSource, _ output: FloatSource, _ scale: FloatSource, _ slope: Float,
      _ limit: Float, _ pixels: Int
    ) -> Void = { _, _, _, _, _, _, _ in unplugged() }
  /// Σ over the plane's pixels of scale · x · ∂L/∂(scale · x), from y alone: what was added to scale · x is taken off again.
  /// `noise` is `[rows][pixels]`.
  package var activateSums:
    @Sendable (
      _ sum: FloatTarget, _ gradOutput: FloatSource, _ output: FloatSource, _ rowStride: Int, _ noise: FloatSource,
      _ strength: FloatSource, _ bias: FloatSource, _ slope: Float, _ limit: Float, _ rows: Int, _ pixels: Int
    ) -> Void = { _, _, _, _, _, _, _, _, _, _, _ in unplugged() }
  /// y[o] = bias[o] + Σ_c weights[o][c] · x[c] for o < 3, in lanes of one block; the other lanes are those of `bias`. `weights` is
  /// `[3][blocks · 16]`, and channel blocks of x lie `blockStride` apart. All lanes are added to `base` where there is one, which may
  /// be the output.
  package var project:
    @Sendable (
      _ output: FloatTarget, _ input: FloatSource, _ blockStride: Int, _ blocks: Int, _ weights: FloatSource,
      _ bias: FloatSource, _ base: FloatSource?, _ pixels: Int
    ) -> Void = { _, _, _, _, _, _, _, _ in unplugged() }

  package init() {}
}
