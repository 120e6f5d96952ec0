/// Arguments of the micro-kernel that does all matrix products of convolutions.
///
/// For `mr` output pixels p and `nr` output channels o of one tile:
///
///     acc[p][o]  = initial[o]                    (or output[p][o] where initial is nil)
///     acc[p][o] += input[pixel[p] + b·inputBlockStride + tap[t] + c] · panel[b][t][c][o]
///                  for b in blocks, t in taps, c in channels, in this order, one rounding each
///     output[p][o] = acc > 0 ? acc : slope · acc
///
///              nr ▸                            panel of one K chunk
///           ┌─────────┐                   b0 ┬ t0 ┬ c0: nr floats
///      mr   │  acc    │  one pixel a row       │    ├ c1: nr floats
///      ▾    └─────────┘                        │    …
///                                              └ t1 ┬ c0 …
///
/// A 3×3 convolution has 9 taps; a 1×1 convolution or the product in the middle of Winograd's algorithm has one. The
/// order of additions depends on neither tile nor chunk: all blockings give the same bits.
///
/// **Edges.** A tile with fewer than `mr` pixels repeats its last pixel: within a tile all loads precede all stores.
/// **Aliasing.** Output overlaps nothing else. **Alignment.** Floats; 64 bytes is fastest.
package struct TapGemmArguments {
  /// Where block 0, tap offset 0, pixel offset 0 of the chunk lies.
  package var input: UnsafePointer<Float>
  /// Floats between channel blocks of the input.
  package var inputBlockStride: Int
  /// Channel blocks in this chunk, taps, and channels per tap (a multiple of 4, at most 16).
  package var blocks: Int, taps: Int, channels: Int
  /// `[taps]`, in floats.
  package var tapOffsets: UnsafePointer<Int32>
  /// `[tiles · mr]` offsets of the pixels, in floats.
  package var inputPixels: UnsafePointer<Int32>, outputPixels: UnsafePointer<Int32>
  /// Tiles, one after the other with the same panel.
  package var tiles: Int
  /// `[blocks][taps][channels][nr]`.
  package var panel: UnsafePointer<Float>
  /// Where the panel's first output channel of pixel offset 0 lies.
  package var output: UnsafeMutablePointer<Float>
  /// Floats between channel blocks of the output (nr = 32 writes two).
  package var outputBlockStride: Int
  /// `[nr]`, or nil to accumulate onto the output.
  package var initial: UnsafePointer<Float>?
  /// Slope of the activation's negative side; 1 for none.
  package var slope: Float
  /// Memory needed soon, fetched bit by bit: the next panel, and cache lines per tile …
  package var prefetch: UnsafeRawPointer
  package var prefetchLines: Int
  /// … and pixels that will be read or written, and cache lines per tile.
  package var pixelPrefetch: UnsafeRawPointer
  package var pixelPrefetchLines = 0
  /// Whether pixels follow each other, 16 floats apart in input and output, with one tap of 16 channels and no activation: the
  /// products in the middle of Winograd's algorithm. Kernels may then do without the tables.
  package var hasAdjacentRows = false

  package init(
    input: UnsafePointer<Float>, inputBlockStride: Int, blocks: Int, taps: Int, channels: Int,
    tapOffsets: UnsafePointer<Int32>, inputPixels: UnsafePointer<Int32>, outputPixels: UnsafePointer<Int32>,
    tiles: Int, panel: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, outputBlockStride: Int,
    initial: UnsafePointer<Float>?, slope: Float, prefetch: UnsafeRawPointer, prefetchLines: Int
  ) {
    self.input = input
    self.inputBlockStride = inputBlockStride
    self.blocks = blocks
    self.taps = taps
    self.channels = channels
    self.tapOffsets = tapOffsets
    self.inputPixels = inputPixels
    self.outputPixels = outputPixels
    self.tiles = tiles
    self.panel = panel
    self.output = output
    self.outputBlockStride = outputBlockStride
    self.initial = initial
    self.slope = slope
    self.prefetch = prefetch
    self.prefetchLines = prefetchLines
    pixelPrefetch = prefetch
  }
}

/// A tap-GEMM micro-kernel and its tile.
package struct TapGemm: Sendable {
  /// Output pixels and output channels (16 or 32) of a tile.
  package var mr: Int, nr: Int
  package var run: @Sendable (UnsafePointer<TapGemmArguments>) -> Void

  package init(mr: Int, nr: Int, run: @escaping @Sendable (UnsafePointer<TapGemmArguments>) -> Void) {
    self.mr = mr
    self.nr = nr
    self.run = run
  }
}
