/// The operands of one Winograd convolution, bundled for its steps.
struct WinogradRun {
  var pixels: WinogradPixels
  var weights: WinogradWeights
  var blocking: WinogradBlocking
  var rowOffsets: UnsafePointer<Int32>

  /// Channel block `block` of `count` tiles from `first` → rows `row` … of the elements.
  @inline(__always) func transformInput(
    _ transform: WinogradKernels.Transform, block: Int, first: Int, count: Int,
    elements: UnsafeMutablePointer<Float>, row: Int
  ) {
    pixels.transformInput(
      transform, block: block, first: first, count: count,
      to: elements + (block &* blocking.elementRows &+ row) &* 16, elementStride: blocking.elementStride)
  }

  /// Products of `block` of the panel → pixels of output block `target`.
  @inline(__always) func transformOutput(
    _ transform: WinogradKernels.Transform, block: Int, target: Int, first: Int, count: Int,
    products: UnsafeMutablePointer<Float>
  ) {
    pixels.transformOutput(
      transform, target: target, first: first, count: count, from: products + block &* blocking.productRows &* 16,
      productStride: blocking.productStride)
  }

  /// One matrix product: `count` rows of the elements from `row` × the weights of a panel → the products' first rows.
  ///
  /// - Parameter blocks: the input blocks that `matrix` is for, nil for all; others than the first add to the products.
  @inline(__always) func multiply(
    _ table: KernelTable, product: Int, panel: Panel, matrix: UnsafePointer<Float>, next: UnsafePointer<Float>?,
    blocks: Range<Int>? = nil, row: Int, count: Int, elements: UnsafeMutablePointer<Float>,
    products: UnsafeMutablePointer<Float>, ahead: LineRange = LineRange()
  ) {
    let gemm = panel.blocks == 1 ? table.narrowGemm : table.wideGemm
    let tiles = (count &+ gemm.mr &- 1) / gemm.mr
    let blocks = blocks ?? 0..<weights.inputBlocks
    let lines = blocks.count &* 16 &* panel.blocks
    let initial = blocks.lowerBound == 0 ? UnsafePointer(pixels.plan.zeros.base) : nil
    var arguments = TapGemmArguments(
      input: elements
        + (weights.elementOf[product] &* blocking.elementStride
          &+ (blocks.lowerBound &* blocking.elementRows &+ row) &* 16),
      inputBlockStride: blocking.elementRows &* 16,
      blocks: blocks.count, taps: 1, channels: 16, tapOffsets: rowOffsets, inputPixels: rowOffsets,
      outputPixels: rowOffsets, tiles: tiles, panel: matrix,
      output: products + product &* blocking.productStride,
      outputBlockStride: blocking.productRows &* 16, initial: initial, slope: 1,
      prefetch: UnsafeRawPointer(next ?? matrix),
      prefetchLines: next == nil ? 0 : (lines &+ tiles &- 1) / tiles)
    arguments.hasAdjacentRows = true
    if let start = ahead.start {
      arguments.pixelPrefetch = start
      arguments.pixelPrefetchLines = (ahead.count &+ tiles &- 1) / tiles
    }
    gemm.run(&arguments)
  }
}
