/// Arguments of the micro-kernel of convolutions with operands of 8 bits.
///
/// For `mr` output pixels p and `nr` output channels o of one tile, in 32-bit integers:
///
///     sum[p][o]  = initial[o]                    (or what the last chunk left in output[p][o], where initial is nil)
///     sum[p][o] += input[pixel[p] + b·inputBlockStride + tap[t] + c] · panel[b][t][c / depth][o][c % depth]
///                  for b in blocks, t in taps, c in 0 ..< 16
///     output[p][o] = sum, its bits in place of a float's                           (where scales is nil)
///     output[p][o] = activation(sum · scales[o] + bias[o])                         (else)
///
/// `Int8Kernels.depth` channels lie side by side: four, as one 32-bit lane of a dot product has them, or the eight of a row
/// of a matrix product. Sums are exact, so that all tiers and blockings give the same bits; the last line rounds product and
/// sum by themselves on every tier.
///
/// **Range.** Sums wrap around: only the last must fit into 32 bits, and does for up to 2¹⁷ products of codes from −127 to
/// 127, whatever the input's offset adds in between. **Edges, aliasing** as in `TapGemmArguments`.
package struct Int8GemmArguments {
  /// Where block 0, tap offset 0, pixel offset 0 of the chunk lies; the type that `Int8Kernels.inputOffset` says.
  package var input: UnsafePointer<UInt8>
  /// Bytes between channel blocks of the input.
  package var inputBlockStride: Int
  /// Channel blocks in this chunk, and taps.
  package var blocks: Int, taps: Int
  /// `[taps]`, in bytes.
  package var tapOffsets: UnsafePointer<Int32>
  /// `[tiles · mr]` offsets of the pixels, in bytes of the input and floats of the output.
  package var inputPixels: UnsafePointer<Int32>, outputPixels: UnsafePointer<Int32>
  /// Tiles, one after the other with the same panel.
  package var tiles: Int
  /// `[blocks][taps][16 / depth][nr][depth]`.
  package var panel: UnsafePointer<Int8>
  /// Where the panel's first output channel of pixel offset 0 lies.
  package var output: FloatTarget
  /// Floats between channel blocks of the output (nr = 32 writes two).
  package var outputBlockStride: Int
  /// `[nr]`; nil to add to the sums that are there.
  package var initial: UnsafePointer<Int32>?
  /// `[nr]`: what a unit of the sum stands for; nil leaves sums.
  package var scales: FloatSource?
  /// `[nr]`.
  package var bias: FloatSource
  /// Slope of the activation's negative side; 1 for none.
  package var slope: Float
  /// Memory needed soon, fetched bit by bit: cache lines per tile.
  package var prefetch: UnsafeRawPointer
  package var prefetchLines = 0

  package init(
    input: UnsafePointer<UInt8>, inputBlockStride: Int, blocks: Int, taps: Int, tapOffsets: UnsafePointer<Int32>,
    inputPixels: UnsafePointer<Int32>, outputPixels: UnsafePointer<Int32>, tiles: Int, panel: UnsafePointer<Int8>,
    output: FloatTarget, outputBlockStride: Int, initial: UnsafePointer<Int32>?, scales: FloatSource?,
    bias: FloatSource, slope: Float
  ) {
    self.input = input
    self.inputBlockStride = inputBlockStride
    self.blocks = blocks
    self.taps = taps
    self.tapOffsets = tapOffsets
    self.inputPixels = inputPixels
    self.outputPixels = outputPixels
    self.tiles = tiles
    self.panel = panel
    self.output = output
    self.outputBlockStride = outputBlockStride
    self.initial = initial
    self.scales = scales
    self.bias = bias
    self.slope = slope
    prefetch = UnsafeRawPointer(panel)
  }
}

/// A micro-kernel for `Int8GemmArguments` and its tile.
package struct Int8Gemm: Sendable {
  package var mr: Int, nr: Int
  package var run: @Sendable (UnsafePointer<Int8GemmArguments>) -> Void

  package init(mr: Int, nr: Int, run: @escaping @Sendable (UnsafePointer<Int8GemmArguments>) -> Void) {
    self.mr = mr
    self.nr = nr
    self.run = run
  }
}

/// Convolutions with operands of 8 bits. Every tier has them; `isFast` says where they are faster than floats.
package struct Int8Kernels: Sendable {
  /// Whether the tier has an instruction for sums of four products of bytes.
  package var isFast: Bool
  /// What a code of the input is stored plus: 128 where the instruction takes unsigned bytes, else 0.
  package var inputOffset: UInt8
  /// Input channels side by side in a panel: 4 or 8.
  package var depth: Int
  /// For pairs of output blocks (or single ones), and for a last single one.
  package var wideGemm: Int8Gemm, narrowGemm: Int8Gemm
  /// max |source[i]| over `vectors` × 16 floats; not a number if any of them is not finite.
  package var largestMagnitude: @Sendable (_ source: FloatSource, _ vectors: Int) -> Float
  /// target[i] = offset + source[i] · factor, rounded to the nearest integer, ties to even, from −127 to 127.
  package var quantize:
    @Sendable (
      _ target: UnsafeMutablePointer<UInt8>, _ source: FloatSource, _ factor: Float, _ offset: UInt8, _ vectors: Int
    ) -> Void

  package init(
    isFast: Bool, inputOffset: UInt8, wideGemm: Int8Gemm, narrowGemm: Int8Gemm,
    largestMagnitude: @escaping @Sendable (FloatSource, Int) -> Float,
    quantize: @escaping @Sendable (UnsafeMutablePointer<UInt8>, FloatSource, Float, UInt8, Int) -> Void
  ) {
    self.isFast = isFast
    self.inputOffset = inputOffset
    depth = 4
    self.wideGemm = wideGemm
    self.narrowGemm = narrowGemm
    self.largestMagnitude = largestMagnitude
    self.quantize = quantize
  }

  /// Kernels that trap.
  init() {
    let gemm = Int8Gemm(mr: 1, nr: 16) { _ in unplugged() }
    self.init(
      isFast: false, inputOffset: 0, wideGemm: gemm, narrowGemm: gemm, largestMagnitude: { _, _ in unplugged() },
      quantize: { _, _, _, _, _ in unplugged() })
  }
}

extension KernelTable {
  /// Plugs in a tier's 8-bit kernels; made here, because a group assigned as a whole would be copied by a weak function that tiers
  /// share.
  @inline(never)
  package mutating func plugInt8(
    isFast: Bool, inputOffset: UInt8, wideGemm: Int8Gemm, narrowGemm: Int8Gemm,
    largestMagnitude: @escaping @Sendable (FloatSource, Int) -> Float,
    quantize: @escaping @Sendable (UnsafeMutablePointer<UInt8>, FloatSource, Float, UInt8, Int) -> Void
  ) {
    int8 = Int8Kernels(
      isFast: isFast, inputOffset: inputOffset, wideGemm: wideGemm, narrowGemm: narrowGemm,
      largestMagnitude: largestMagnitude, quantize: quantize)
  }

  /// Plugs in other products between the same codes.
  @inline(never)
  package mutating func plugInt8Products(depth: Int, wideGemm: Int8Gemm, narrowGemm: Int8Gemm) {
    int8.depth = depth
    int8.wideGemm = wideGemm
    int8.narrowGemm = narrowGemm
  }
}
