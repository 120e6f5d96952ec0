/// Arguments of the micro-kernel of Winograd's products with operands of 16 bits.
///
/// For rows r (tiles of an image) and `nr` output channels o:
///
///     output[r][o] = rowScales[r] · columnScales[o] · Σ_c input[r][c] · panel[c][o]
///
/// Row r of channel block b lies at `input + b·inputBlockStride + r·16`, `output + (o / 16)·outputBlockStride + r·16`.
/// With `int16` operands the sum is exact, so that no blocking can change it: whoever fills the operands sees to it that
/// it fits into 32 bits.
///
/// **Edges.** Whole tiles of `mr` rows are read and written.
package struct ReducedGemmArguments {
  package var input: UnsafePointer<UInt16>
  /// Words between channel blocks of the input.
  package var inputBlockStride: Int
  /// Channel blocks, and tiles of `mr` rows.
  package var blocks: Int, tiles: Int
  /// `[blocks][16 / group][nr][group]`, `group` as the operand has it.
  package var panel: UnsafePointer<UInt16>
  package var rowScales: FloatSource, columnScales: FloatSource
  package var output: FloatTarget
  /// Floats between channel blocks of the output (nr = 32 writes two).
  package var outputBlockStride: Int
  /// Memory needed soon: the next panel, and pixels; cache lines per tile.
  package var prefetch: UnsafeRawPointer
  package var prefetchLines: Int
  package var pixelPrefetch: UnsafeRawPointer
  package var pixelPrefetchLines: Int

  package init(
    input: UnsafePointer<UInt16>, inputBlockStride: Int, blocks: Int, tiles: Int, panel: UnsafePointer<UInt16>,
    rowScales: FloatSource, columnScales: FloatSource, output: FloatTarget, outputBlockStride: Int,
    prefetch: UnsafeRawPointer, prefetchLines: Int, pixelPrefetch: UnsafeRawPointer, pixelPrefetchLines: Int
  ) {
    self.input = input
    self.inputBlockStride = inputBlockStride
    self.blocks = blocks
    self.tiles = tiles
    self.panel = panel
    self.rowScales = rowScales
    self.columnScales = columnScales
    self.output = output
    self.outputBlockStride = outputBlockStride
    self.prefetch = prefetch
    self.prefetchLines = prefetchLines
    self.pixelPrefetch = pixelPrefetch
    self.pixelPrefetchLines = pixelPrefetchLines
  }
}

/// A micro-kernel for `ReducedGemmArguments` and its tile.
package struct ReducedGemm: Sendable {
  package var mr: Int, nr: Int
  package var run: @Sendable (UnsafePointer<ReducedGemmArguments>) -> Void

  package init(mr: Int, nr: Int, run: @escaping @Sendable (UnsafePointer<ReducedGemmArguments>) -> Void) {
    self.mr = mr
    self.nr = nr
    self.run = run
  }
}

/// Matrices of floats, one per transformed element, to be scaled row by row into 16-bit operands:
///
///     rowScales[r] = max_c |source[r][c]| / limit       (0 for a row of zeros; not a number for one that is not finite)
///     target[r][c] = source[r][c] / rowScales[r]        rounded to the operand's type; anything where that is no number
///
/// Element ξ, channel block b, row r begins at `source + ξ·sourceElementStride + b·sourceBlockStride + r·16`, and alike
/// in the target; its scale lies at `rowScales + ξ·scaleElementStride + r`.
package struct NarrowingRun {
  package var source: FloatSource
  package var sourceElementStride: Int, sourceBlockStride: Int
  package var elements: Int, blocks: Int, rows: Int
  package var target: UnsafeMutablePointer<UInt16>
  package var targetElementStride: Int, targetBlockStride: Int
  package var rowScales: FloatTarget
  package var scaleElementStride: Int
  package var limit: Float
  /// `[element][block][16]`: what the source is multiplied by first; nil for ones.
  package var channelScales: FloatSource?
  package var channelScaleElementStride = 0

  package init(
    source: FloatSource, sourceElementStride: Int, sourceBlockStride: Int, elements: Int, blocks: Int, rows: Int,
    target: UnsafeMutablePointer<UInt16>, targetElementStride: Int, targetBlockStride: Int, rowScales: FloatTarget,
    scaleElementStride: Int, limit: Float
  ) {
    self.source = source
    self.sourceElementStride = sourceElementStride
    self.sourceBlockStride = sourceBlockStride
    self.elements = elements
    self.blocks = blocks
    self.rows = rows
    self.target = target
    self.targetElementStride = targetElementStride
    self.targetBlockStride = targetBlockStride
    self.rowScales = rowScales
    self.scaleElementStride = scaleElementStride
    self.limit = limit
  }
}

/// The 16-bit type that a tier multiplies at twice the rate of floats.
package enum ReducedOperand: Hashable, Sendable {
  /// Integers, two channels side by side; sums of 32 bits.
  case int16
  /// IEEE halves.
  case float16

  /// Channels side by side in a panel.
  package var group: Int { self == .int16 ? 2 : 1 }
}

/// What a tier with fast 16-bit products adds for Winograd's algorithm.
package struct ReducedKernels: Sendable {
  package var operand: ReducedOperand
  /// For pairs of output blocks, and for a last single one.
  package var wideGemm: ReducedGemm, narrowGemm: ReducedGemm
  package var narrow: @Sendable (UnsafePointer<NarrowingRun>) -> Void

}

extension KernelTable {
  /// Fills `reduced`. Here and not in the tier, where an optional would bring weak code with it.
  @inline(never)
  package mutating func plugReduced(
    _ operand: ReducedOperand, wideGemm: ReducedGemm, narrowGemm: ReducedGemm,
    narrow: @escaping @Sendable (UnsafePointer<NarrowingRun>) -> Void
  ) {
    reduced = ReducedKernels(operand: operand, wideGemm: wideGemm, narrowGemm: narrowGemm, narrow: narrow)
  }
}
