/// Blur and 2×2 pooling, one row of output at a time of one channel block. Strides are in floats; no overlap.
package struct ResamplingKernels: Sendable {
  /// [1,2,1]⊗[1,2,1]/16. `input` is the pixel up and left of the row's first; its zero halo is read.
  package var blur: @Sendable (_ output: FloatTarget, _ input: FloatSource, _ rowStride: Int, _ pixels: Int) -> Void =
    { _, _, _, _ in unplugged() }
  /// `pixels` output pixels, each the mean of 2×2 inputs.
  package var averagePool:
    @Sendable (_ output: FloatTarget, _ input: FloatSource, _ inputRowStride: Int, _ pixels: Int) -> Void =
      { _, _, _, _ in unplugged() }
  /// `pixels` gradients g, each written as g/4 to 2×2 pixels of two rows.
  package var averagePoolBackward:
    @Sendable (_ gradInput: FloatTarget, _ gradInputRowStride: Int, _ gradOutput: FloatSource, _ pixels: Int) -> Void =
      { _, _, _, _ in unplugged() }
  /// `pixels` output pixels, each the maximum of 2×2 inputs. What is not a number among them may come out or be passed over.
  package var maxPool:
    @Sendable (_ output: FloatTarget, _ input: FloatSource, _ inputRowStride: Int, _ pixels: Int) -> Void =
      { _, _, _, _ in unplugged() }
  /// `pixels` gradients, each written to the first maximum, in row-major order, of its 2×2 inputs; zero to the others, and
  /// to all where the maximum is not a number.
  package var maxPoolBackward:
    @Sendable (
      _ gradInput: FloatTarget, _ gradInputRowStride: Int, _ gradOutput: FloatSource, _ input: FloatSource,
      _ inputRowStride: Int, _ pixels: Int
    ) -> Void = { _, _, _, _, _, _ in unplugged() }
  /// A row of 2·`pixels` outputs of up-sampling with [1,3,3,1]: v = ¾·near + ¼·far, then ¾v[i] + ¼v[i − 1] and
  /// ¾v[i] + ¼v[i + 1]. `near` and `far` are pixels 0 of two input rows, of which one pixel more on each side is read.
  package var upsample:
    @Sendable (_ output: FloatTarget, _ near: FloatSource, _ far: FloatSource, _ pixels: Int) -> Void =
      { _, _, _, _ in unplugged() }
  /// `pixels` gradients of inputs, each the sum of 4×4 gradients with weights [¼,¾,¾,¼]⊗[¼,¾,¾,¼]. `gradOutput` is the
  /// pixel up and left of the first two by two; its zero halo is read.
  package var upsampleBackward:
    @Sendable (_ gradInput: FloatTarget, _ gradOutput: FloatSource, _ gradOutputRowStride: Int, _ pixels: Int) -> Void =
      { _, _, _, _ in unplugged() }
  /// A row of [¼,¾,¾,¼]⊗[¼,¾,¾,¼] on `width` pixels of four rows: `width` + 2·`padding` − 3 outputs, with `padding` (1 or 2) zero
  /// pixels on each side of the rows, which are not read.
  package var filter:
    @Sendable (
      _ output: FloatTarget, _ first: FloatSource, _ second: FloatSource, _ third: FloatSource, _ fourth: FloatSource,
      _ width: Int, _ padding: Int
    ) -> Void = { _, _, _, _, _, _, _ in unplugged() }
  /// `pixels` output pixels, each the maximum of `rows` × `columns` inputs, `step` pixels from one to the next. What is not a
  /// number among them may come out or be passed over.
  package var windowMax:
    @Sendable (
      _ output: FloatTarget, _ input: FloatSource, _ inputRowStride: Int, _ rows: Int, _ columns: Int, _ step: Int,
      _ pixels: Int
    ) -> Void = { _, _, _, _, _, _, _ in unplugged() }

  package init() {}
}
