/// Products of a row-major matrix with vectors, for one element type of the matrix. Bound by reading the matrix.
package struct DenseKernels: Sendable {
  /// Up to four rows: output[r] = Σ W[r][i] · x[i], i < columns.
  ///
  /// Lane l of a row's accumulator adds the products with i ≡ l (mod 16) in order; lanes are then added in a fixed
  /// tree. Rows may start at any address; nothing past the last element is read. int8 is converted, not scaled.
  package typealias Dot =
    @Sendable (
      _ output: FloatTarget, _ weights: UnsafeRawPointer, _ rowByteStride: Int, _ rows: Int, _ x: FloatSource,
      _ columns: Int
    ) -> Void
  /// output[i] += Σ_r g[r] · W[r][i], r ascending, i < columns; `g` is dense. One rounding per product.
  package typealias Accumulate =
    @Sendable (
      _ output: FloatTarget, _ weights: UnsafeRawPointer, _ rowByteStride: Int, _ rows: Int, _ g: FloatSource,
      _ columns: Int
    ) -> Void

  package var dotF32: Dot = { _, _, _, _, _, _ in unplugged() }
  package var dotF16: Dot = { _, _, _, _, _, _ in unplugged() }
  package var dotI8: Dot = { _, _, _, _, _, _ in unplugged() }
  package var accumulateF32: Accumulate = { _, _, _, _, _, _ in unplugged() }
  package var accumulateF16: Accumulate = { _, _, _, _, _, _ in unplugged() }
  package var accumulateI8: Accumulate = { _, _, _, _, _, _ in unplugged() }

  package init() {}
}
