/// The operands of one Winograd convolution, bundled for its steps.
struct WinogradRun {
  var plan: ConvolutionPlan
  var weights: WinogradWeights
  var blocking: WinogradBlocking
  var input: UnsafePointer<Float>
  var output: UnsafeMutablePointer<Float>
  var bias: UnsafePointer<Float>
  var slope: Float
  var inputTiles: UnsafePointer<Int32>, outputTiles: UnsafePointer<Int32>, rowOffsets: UnsafePointer<Int32>

  /// Channel block `block` of `count` tiles from `first` → rows `row` … of the elements.
  @inline(__always) func transformInput(
    _ transform: WinogradKernels.Transform, block: Int, first: Int, count: Int,
    elements: UnsafeMutablePointer<Float>, row: Int, scratch: UnsafeMutablePointer<Float>
  ) {
    let rows = blocking.elementRows
    var run = TileRun(
      pixels: UnsafeMutablePointer(mutating: input + block &* plan.input.blockStride),
      rowStride: plan.input.rowStride, tileOffsets: inputTiles + first, tiles: count,
      transformed: elements + (block &* rows &+ row) &* 16, elementStride: blocking.elementStride, bias: bias,
      slope: 1, scratch: scratch)
    transform(&run)
  }

  /// Products of `block` of the panel → pixels of output block `target`.
  @inline(__always) func transformOutput(
    _ transform: WinogradKernels.Transform, block: Int, target: Int, first: Int, count: Int,
    products: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    var run = TileRun(
      pixels: output + target &* plan.output.blockStride, rowStride: plan.output.rowStride,
      tileOffsets: outputTiles + first, tiles: count, transformed: products + block &* blocking.productRows &* 16,
      elementStride: blocking.productStride, bias: bias + target &* 16, slope: slope, scratch: scratch)
    transform(&run)
  }

  /// One matrix product: `count` rows of the elements from `row` × the weights of a panel → the products' first rows.
  @inline(__always) func multiply(
    _ table: KernelTable, product: Int, panel: Panel, matrix: UnsafePointer<Float>, next: UnsafePointer<Float>?,
    row: Int, count: Int, elements: UnsafeMutablePointer<Float>, products: UnsafeMutablePointer<Float>,
    pixels: LineRange = LineRange()
  ) {
    let gemm = panel.blocks == 1 ? table.narrowGemm : table.wideGemm
    let tiles = (count &+ gemm.mr &- 1) / gemm.mr
    let lines = weights.inputBlocks &* 16 &* panel.blocks
    var arguments = TapGemmArguments(
      input: elements + (weights.elementOf[product] &* blocking.elementStride &+ row &* 16),
      inputBlockStride: blocking.elementRows &* 16,
      blocks: weights.inputBlocks, taps: 1, channels: 16, tapOffsets: rowOffsets, inputPixels: rowOffsets,
      outputPixels: rowOffsets, tiles: tiles, panel: matrix,
      output: products + product &* blocking.productStride,
      outputBlockStride: blocking.productRows &* 16, initial: plan.zeros.base, slope: 1,
      prefetch: UnsafeRawPointer(next ?? matrix),
      prefetchLines: next == nil ? 0 : (lines &+ tiles &- 1) / tiles)
    if let start = pixels.start {
      arguments.pixelPrefetch = start
      arguments.pixelPrefetchLines = (pixels.count &+ tiles &- 1) / tiles
    }
    gemm.run(&arguments)
  }

  /// Part `index` of `parts` of the pixels that the block from tile `first` will read and the current one, from tile
  /// `current`, will write: rows of pixels, each a run of cache lines.
  @inline(__always) func pixels(first: Int?, current: Int, count: Int, index: Int, parts: Int) -> LineRange {
    let form = weights.form, columns = min(count, blocking.columns)
    let inputLines = columns &* form.inputStep, outputLines = columns &* form.outputStep
    let inputRows = first == nil ? 0 : plan.input.blocks &* form.inputStep
    let total = inputRows &* inputLines &+ plan.output.blocks &* form.outputStep &* outputLines
    let start = index &* total / parts
    let length = (index &+ 1) &* total / parts &- start
    let inputTotal = inputRows &* inputLines
    if start < inputTotal, let first {
      // The window's first rows belong to the tiles above as well; the last ones are new.
      let line = start / inputLines
      let block = line / form.inputStep, y = line % form.inputStep &+ 2
      let offset =
        Int(inputTiles[first]) &+ block &* plan.input.blockStride &+ y &* plan.input.rowStride
        &+ (start % inputLines) &* 16
      return LineRange(start: UnsafeRawPointer(input + offset), count: length)
    }
    let line = (start &- inputTotal) / outputLines
    let block = line / form.outputStep, y = line % form.outputStep
    let offset =
      Int(outputTiles[current]) &+ block &* plan.output.blockStride &+ y &* plan.output.rowStride
      &+ ((start &- inputTotal) % outputLines) &* 16
    return LineRange(start: UnsafeRawPointer(output + offset), count: length)
  }
}

/// Consecutive cache lines.
struct LineRange {
  var start: UnsafeRawPointer?
  var count = 0
}
