/// Instance normalization with style modulation. A *plane* is one channel block of one image: `rows` rows of `pixels`
/// pixels of 16 channels. `mean`, `rstd`, `scale`, `shift` and sums hold 16 floats. Strides are in floats.
package struct NormalizationKernels: Sendable {
  /// Mean and 1/√(biased variance + ε) of a plane. Rows are reduced one by one, each around its own mean, and merged
  /// by Chan's formula (Chan, Golub and LeVeque 1983): one pass over memory, no cancellation.
  package var statistics:
    @Sendable (
      _ mean: FloatTarget, _ rstd: FloatTarget, _ input: FloatSource, _ rowStride: Int, _ rows: Int, _ pixels: Int,
      _ epsilon: Float
    ) -> Void = { _, _, _, _, _, _, _ in unplugged() }
  /// One row: y = (x − mean) · scale + shift. May run in place.
  package var modulate:
    @Sendable (
      _ output: FloatTarget, _ input: FloatSource, _ mean: FloatSource, _ scale: FloatSource, _ shift: FloatSource,
      _ pixels: Int
    ) -> Void = { _, _, _, _, _, _ in unplugged() }
  /// Σ g and Σ g · x̂ of a plane, x̂ = (x − mean) · rstd; row by row, rows added in order.
  package var modulateSums:
    @Sendable (
      _ sum: FloatTarget, _ sumNormalized: FloatTarget, _ gradOutput: FloatSource, _ gradRowStride: Int,
      _ input: FloatSource, _ rowStride: Int, _ mean: FloatSource, _ rstd: FloatSource, _ rows: Int, _ pixels: Int
    ) -> Void = { _, _, _, _, _, _, _, _, _, _ in unplugged() }
  /// One row: gx = scale · (g − a − x̂ · b), x̂ = (x − mean) · rstd. gradInput may be gradOutput or input.
  package var modulateBackward:
    @Sendable (
      _ gradInput: FloatTarget, _ gradOutput: FloatSource, _ input: FloatSource, _ mean: FloatSource,
      _ rstd: FloatSource, _ scale: FloatSource, _ a: FloatSource, _ b: FloatSource, _ pixels: Int
    ) -> Void = { _, _, _, _, _, _, _, _, _ in unplugged() }

  package init() {}
}
