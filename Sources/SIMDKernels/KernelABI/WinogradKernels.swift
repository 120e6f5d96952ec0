/// A run of tiles of one channel block, for a Winograd transform.
///
/// Pixels (p) and transformed tiles (t) are 16 floats each. Transformed element ξ of tile i lies at
/// `transformed + ξ·elementStride + i·16`. Strides are in floats.
package struct TileRun {
  /// Top left pixel of the tile with offset 0: what an input transform reads or an output transform writes.
  package var pixels: FloatTarget
  package var rowStride: Int
  package var tileOffsets: UnsafePointer<Int>
  package var tiles: Int
  package var transformed: FloatTarget
  package var elementStride: Int
  /// 16 floats added to every output pixel; unused by input transforms.
  package var bias: FloatSource
  /// Slope of the activation's negative side; 1 for none.
  package var slope: Float

  package init(
    pixels: FloatTarget, rowStride: Int, tileOffsets: UnsafePointer<Int>, tiles: Int, transformed: FloatTarget,
    elementStride: Int, bias: FloatSource, slope: Float
  ) {
    self.pixels = pixels
    self.rowStride = rowStride
    self.tileOffsets = tileOffsets
    self.tiles = tiles
    self.transformed = transformed
    self.elementStride = elementStride
    self.bias = bias
    self.slope = slope
  }
}

/// A run of 3×3 kernels, for a transform of weights: vectors of 16 output channels, one after the other.
///
/// Tap (y, x) of vector i lies at `taps + (3y + x)·tapStride + i·16`, transformed weight ξ at
/// `transformed + ξ·elementStride + i·16`. Strides are in floats.
package struct KernelRun {
  package var taps: FloatSource
  package var tapStride: Int
  package var vectors: Int
  package var transformed: FloatTarget
  package var elementStride: Int

  package init(taps: FloatSource, tapStride: Int, vectors: Int, transformed: FloatTarget, elementStride: Int) {
    self.taps = taps
    self.tapStride = tapStride
    self.vectors = vectors
    self.transformed = transformed
    self.elementStride = elementStride
  }
}

/// Transforms of minimal filtering (Winograd 1980; Lavin and Gray 2016), one pair per convolution.
package struct WinogradKernels: Sendable {
  package typealias Transform = @Sendable (UnsafePointer<TileRun>) -> Void

  /// F(4×4, 3×3), points 0, ±√½, ±√2, ∞: 6×6 pixels → 36 elements.
  package var sameInput: Transform = { _ in unplugged() }
  /// 36 elements → 4×4 pixels.
  package var sameOutput: Transform = { _ in unplugged() }
  /// F(2×2, 3×3), points 0, ±1, ∞: 16 elements → 2×2 pixels. Its input transform is `upsampleInput`, whose third element
  /// has the other sign: the weights have it too.
  package var smallOutput: Transform = { _ in unplugged() }
  /// Upsampling by 2 and 3×3, and F(2×2, 3×3): 4×4 low-resolution pixels → 16 elements.
  package var upsampleInput: Transform = { _ in unplugged() }
  /// 25 elements → 4×4 high-resolution pixels.
  package var upsampleOutput: Transform = { _ in unplugged() }
  /// Its adjoint: 6×6 high-resolution gradients → 25 elements.
  package var upsampleAdjointInput: Transform = { _ in unplugged() }
  /// 25 elements → 2×2 low-resolution gradients.
  package var upsampleAdjointOutput: Transform = { _ in unplugged() }

  /// Transposed 3×3 of stride 2, points 0, −1, ½, 2, ∞ for even outputs: 5×5 pixels → 81 elements.
  package var transposedInput: Transform = { _ in unplugged() }
  /// 81 elements → 8×8 pixels.
  package var transposedOutput: Transform = { _ in unplugged() }
  /// Its adjoint: 9×9 gradients → 81 elements.
  package var transposedAdjointInput: Transform = { _ in unplugged() }
  /// 81 elements → 4×4 gradients.
  package var transposedAdjointOutput: Transform = { _ in unplugged() }

  package typealias WeightTransform = @Sendable (UnsafePointer<KernelRun>) -> Void

  /// G w Gᵀ: a 3×3 kernel → 36 weights of F(4×4, 3×3); 16 of F(2×2, 3×3); 25 of upsampling; 16 of its adjoint;
  /// 36 of the transposed convolution, its adjoint takes the kernel backwards.
  package var sameWeights: WeightTransform = { _ in unplugged() }
  package var smallWeights: WeightTransform = { _ in unplugged() }
  package var upsampleWeights: WeightTransform = { _ in unplugged() }
  package var upsampleAdjointWeights: WeightTransform = { _ in unplugged() }
  package var transposedWeights: WeightTransform = { _ in unplugged() }

  package init() {}
}
