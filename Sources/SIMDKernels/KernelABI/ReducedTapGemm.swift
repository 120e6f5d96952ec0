/// Arguments of the micro-kernel of direct convolutions with operands of 16 bits.
///
/// For `mr` output pixels p and `nr` output channels o of one tile:
///
///     sum[p][o]    = Σ input[pixel[p] + b·inputBlockStride + tap[t] + c] · panel[b][t][c / 2][o][c % 2]
///                    over b in blocks, t in taps, c in 0 ..< 2·pairs, in 32-bit integers
///     total[p][o]  = sum                                  (where isFirst)
///     total[p][o]  = output[p][o] + sum                   (else, in floats)
///     output[p][o] = total                                (where columnScales is nil)
///     output[p][o] = activation(total · rowScales[p] · columnScales[o] + bias[o])          (else)
///
/// A sum is exact: whoever fills the operands sees to it that those of one chunk fit into 32 bits. Chunks are added in
/// order, so the bits depend on where chunks end, and on nothing else.
///
/// **Edges, aliasing** as in `TapGemmArguments`.
package struct ReducedTapGemmArguments {
  /// Where block 0, tap offset 0, pixel offset 0 of the chunk lies.
  package var input: UnsafePointer<UInt16>
  /// Words between channel blocks of the input.
  package var inputBlockStride: Int
  /// Channel blocks in this chunk, pairs of channels of a block that are multiplied, 1 or more, and taps.
  package var blocks: Int, pairs: Int, taps: Int
  /// `[taps]`, in words.
  package var tapOffsets: UnsafePointer<Int32>
  /// `[tiles · mr]` offsets of the pixels, in words of the input and floats of the output.
  package var inputPixels: UnsafePointer<Int32>, outputPixels: UnsafePointer<Int32>
  /// Tiles, one after the other with the same panel.
  package var tiles: Int
  /// `[blocks][taps][pairs][nr][2]`.
  package var panel: UnsafePointer<UInt16>
  /// Where the panel's first output channel of pixel offset 0 lies.
  package var output: FloatTarget
  /// Floats between channel blocks of the output (nr = 32 writes two).
  package var outputBlockStride: Int
  /// Whether the output holds nothing yet.
  package var isFirst = true
  /// `[tiles · mr]` and `[nr]`: what a unit of the sum stands for; nil columns leave totals.
  package var rowScales: FloatSource
  package var columnScales: FloatSource?
  /// `[nr]`.
  package var bias: FloatSource
  /// Slope of the activation's negative side; 1 for none.
  package var slope: Float
  /// Memory needed soon, fetched bit by bit: cache lines per tile.
  package var prefetch: UnsafeRawPointer
  package var prefetchLines = 0

  package init(
    input: UnsafePointer<UInt16>, inputBlockStride: Int, blocks: Int, pairs: Int, taps: Int,
    tapOffsets: UnsafePointer<Int32>, inputPixels: UnsafePointer<Int32>, outputPixels: UnsafePointer<Int32>, tiles: Int,
    panel: UnsafePointer<UInt16>, output: FloatTarget, outputBlockStride: Int, rowScales: FloatSource,
    columnScales: FloatSource?, bias: FloatSource, slope: Float
  ) {
    self.input = input
    self.inputBlockStride = inputBlockStride
    self.blocks = blocks
    self.pairs = pairs
    self.taps = taps
    self.tapOffsets = tapOffsets
    self.inputPixels = inputPixels
    self.outputPixels = outputPixels
    self.tiles = tiles
    self.panel = panel
    self.output = output
    self.outputBlockStride = outputBlockStride
    self.rowScales = rowScales
    self.columnScales = columnScales
    self.bias = bias
    self.slope = slope
    prefetch = UnsafeRawPointer(panel)
  }
}

/// A micro-kernel for `ReducedTapGemmArguments` and its tile.
package struct ReducedTapGemm: Sendable {
  package var mr: Int, nr: Int
  package var run: @Sendable (UnsafePointer<ReducedTapGemmArguments>) -> Void

  package init(mr: Int, nr: Int, run: @escaping @Sendable (UnsafePointer<ReducedTapGemmArguments>) -> Void) {
    self.mr = mr
    self.nr = nr
    self.run = run
  }
}

/// What a tier with fast 16-bit products adds for direct convolutions; its operands are integers.
package struct ReducedDirectKernels: Sendable {
  /// max |source[i] · scales[i % 16]| over `vectors` × 16 floats; not a number if any of them is not finite.
  package typealias LargestMagnitude =
    @Sendable (_ source: FloatSource, _ scales: FloatSource, _ vectors: Int) -> Float
  /// target[i] = source[i] · scales[i % 16] · factor, rounded to the nearest integer, ties to even, for `vectors` × 16
  /// elements.
  package typealias Quantize =
    @Sendable (
      _ target: UnsafeMutablePointer<UInt16>, _ source: FloatSource, _ scales: FloatSource, _ factor: Float,
      _ vectors: Int
    ) -> Void
  /// target[c / 2][n][c % 2] = source[c][n] · factors[n], rounded alike, for n in 0 ..< 16 · `vectors` and `pairs` pairs of c.
  package typealias Pair =
    @Sendable (
      _ target: UnsafeMutablePointer<UInt16>, _ source: FloatSource, _ factors: FloatSource, _ vectors: Int,
      _ pairs: Int
    ) -> Void
  /// target[t][o / 2][c][o % 2] = source[t][c / 2][o][c % 2], 16 of each, for t in 0 ..< `taps`. Strides of rows (pairs of
  /// channels) and of taps, in words. Eight lines of `prefetch` are fetched for each tap.
  package typealias Transpose =
    @Sendable (
      _ target: UnsafeMutablePointer<UInt16>, _ targetRowStride: Int, _ targetTapStride: Int,
      _ source: UnsafePointer<UInt16>, _ sourceRowStride: Int, _ sourceTapStride: Int, _ taps: Int,
      _ prefetch: UnsafeRawPointer
    ) -> Void

  /// For pairs of output blocks, and for a last single one.
  package var wideGemm: ReducedTapGemm, narrowGemm: ReducedTapGemm
  package var largestMagnitude: LargestMagnitude
  package var quantize: Quantize
  package var pair: Pair
  package var transpose: Transpose
}

extension KernelTable {
  /// Fills `reducedDirect`. Here and not in the tier, where an optional would bring weak code with it.
  @inline(never)
  package mutating func plugReducedDirect(
    wideGemm: ReducedTapGemm, narrowGemm: ReducedTapGemm,
    largestMagnitude: @escaping ReducedDirectKernels.LargestMagnitude,
    quantize: @escaping ReducedDirectKernels.Quantize,
    pair: @escaping ReducedDirectKernels.Pair, transpose: @escaping ReducedDirectKernels.Transpose
  ) {
    reducedDirect = ReducedDirectKernels(
      wideGemm: wideGemm, narrowGemm: narrowGemm, largestMagnitude: largestMagnitude, quantize: quantize, pair: pair,
      transpose: transpose)
  }
}
