/// How transformed weights are made of compact ones, just before use: a chunk of input channels at a time, whose matrices
/// stay in the second-level cache.
///
/// A transform costs a vector of weights about 36 stores, and spares it the way from memory; with 16 tiles the products
/// take eight times as long, with more tiles longer.
struct WinogradExpansion: Sendable {
  private let reading: CompactReading
  private let transform: WinogradKernels.WeightTransform
  private let inputBlocks: Int, matrices: Int
  private let tapFloats: Int
  /// Input blocks of a chunk.
  let blocksPerChunk: Int
  /// Floats between the matrices of a chunk.
  let matrixStride: Int

  init(_ reading: CompactReading, _ weights: WinogradWeights, kernels: Kernels) {
    let nr = kernels.table.wideGemm.nr, rows = weights.form.weightRows.count
    self.reading = reading
    transform = weights.form.weightTransform(kernels.table.winograd)
    inputBlocks = weights.inputBlocks
    matrices = rows * rows
    // The rest of the cache is for tiles and products.
    blocksPerChunk = max(1, min(inputBlocks, kernels.cacheByteCount / 3 / (rows * rows * 16 * nr * 4)))
    // A few vectors more, so that matrices do not fall on the same cache sets.
    matrixStride = blocksPerChunk * 16 * nr + 80
    tapFloats = 9 * 16 * nr
  }

  /// Floats of a worker's scratch memory: the chunk's matrices first.
  var scratchFloats: Int { matrices * matrixStride + tapFloats + reading.scratchFloats(nr: tapFloats / (9 * 16)) }

  /// Chunks of input blocks, in order.
  func chunk(_ index: Int) -> Range<Int>? {
    let first = index &* blocksPerChunk
    return first < inputBlocks ? first..<min(inputBlocks, first &+ blocksPerChunk) : nil
  }

  /// Input blocks `blocks` of a panel → `[weight][channel][nr]`, matrices `matrixStride` floats apart.
  func expand(_ table: KernelTable, panel: Panel, blocks: Range<Int>, _ scratch: UnsafeMutablePointer<Float>) {
    let taps = scratch + matrices &* matrixStride, nr = panel.blocks &* 16
    for block in blocks {
      reading.widen(table, taps, phase: 0, panel: panel, first: block, count: 1, scratch: taps + tapFloats)
      var run = KernelRun(
        taps: taps, tapStride: 16 &* nr, vectors: nr,
        transformed: scratch + (block &- blocks.lowerBound) &* 16 &* nr, elementStride: matrixStride)
      transform(&run)
    }
  }

  /// Part `index` of `parts` of the raw weights of a chunk, where they lie in one piece.
  @inline(__always) func lines(panel: Panel, blocks: Range<Int>?, index: Int, parts: Int) -> LineRange {
    guard let blocks, let start = reading.address(panel, block: blocks.lowerBound) else { return LineRange() }
    let total = blocks.count &* 9 &* 16 &* panel.blocks &* 16 &* reading.bytesPerWeight / 64
    let first = index &* total / parts
    return LineRange(start: start + first &* 64, count: (index &+ 1) &* total / parts &- first)
  }
}
