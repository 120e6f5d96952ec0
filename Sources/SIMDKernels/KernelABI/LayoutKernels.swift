/// Rows of pixels between planar memory (one plane per channel) and channel blocks.
package struct LayoutKernels: Sendable {
  /// Gathers `channels` (1 … 16) planes, `planeStride` floats apart, into blocks; missing channels become zero.
  package var blockRow:
    @Sendable (_ blocked: FloatTarget, _ planar: FloatSource, _ planeStride: Int, _ channels: Int, _ pixels: Int)
      -> Void = { _, _, _, _, _ in unplugged() }
  /// The inverse; channels beyond `channels` are dropped.
  package var planarRow:
    @Sendable (_ planar: FloatTarget, _ blocked: FloatSource, _ planeStride: Int, _ channels: Int, _ pixels: Int)
      -> Void = { _, _, _, _, _ in unplugged() }
  /// `count` halves, a multiple of 16, to single precision, exactly.
  package var widen: @Sendable (_ floats: FloatTarget, _ halves: UnsafeRawPointer, _ count: Int) -> Void = {
    _, _, _ in unplugged()
  }
  /// target[j][i] = factor · source[i][j], i < rows, j < columns, both multiples of 16. Strides in floats. Fetches as much
  /// from `ahead` as it reads.
  package var transpose:
    @Sendable (
      _ target: FloatTarget, _ targetStride: Int, _ source: FloatSource, _ sourceStride: Int, _ rows: Int,
      _ columns: Int, _ factor: Float, _ ahead: UnsafeRawPointer
    ) -> Void = { _, _, _, _, _, _, _, _ in unplugged() }

  package init() {}
}
