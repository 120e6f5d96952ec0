/// How the tiles of a Winograd convolution are grouped, and its scratch memory.
///
/// *Fused*: a worker takes a block of tiles through input transform, products and output transform; the block's
/// transformed tiles stay in the second-level cache, and all weights pass by once per block. *Staged*: all tiles of
/// the batch are one block, the three steps run one after the other, and weights are read once.
struct WinogradBlocking: Sendable {
  /// Offsets of tiles in input and output, in floats, batch included.
  let inputTiles: [Int32], outputTiles: [Int32]
  let tilesPerBlock: Int, blockCount: Int
  let isStaged: Bool
  /// 0, 16, 32 …: rows of a block's matrices, and the single tap.
  let rowOffsets: [Int32]
  /// Floats between transformed elements, and between products.
  let elementStride: Int, productStride: Int
  /// Floats of a worker's (fused) or the operator's (staged) scratch memory, and of one transform's.
  let elementFloats: Int, productFloats: Int
  let workers: Int
  static let transformFloats = 64 * 16

  init(_ weights: WinogradWeights, input: BlockedShape, output: BlockedShape, kernels: Kernels) {
    let form = weights.form
    let columns = input.width / form.inputStep, perImage = form.tiles(input)!
    let tiles = input.batch * perImage
    let places = (0..<tiles).map { ($0 / perImage, $0 % perImage / columns, $0 % perImage % columns) }
    inputTiles = places.map { image, y, x in
      Int32(image * input.imageStride + (y * input.rowStride + x * 16) * form.inputStep)
    }
    outputTiles = places.map { image, y, x in
      Int32(
        image * output.imageStride + output.originOffset + (y * output.rowStride + x * 16) * form.outputStep)
    }
    let mr = max(kernels.table.wideGemm.mr, kernels.table.narrowGemm.mr)
    let tileBytes =
      (form.elementCount * weights.inputBlocks * 16 + form.productCount * kernels.table.wideGemm.nr) * 4
    let fitting = WinogradBlocking.secondLevelBytes / tileBytes / mr * mr
    isStaged = fitting < WinogradBlocking.fewestTiles || weights.storage.count * 4 > WinogradBlocking.lastLevelBytes
    let block = isStaged ? tiles : min(tiles, max(mr, min(fitting, WinogradBlocking.mostTiles)))
    // Rows are computed in tiles of the micro-kernels; what is past the last one is rubbish that nobody reads.
    let rows = (block + mr - 1) / mr * mr + mr
    tilesPerBlock = block
    blockCount = (tiles + block - 1) / block
    rowOffsets = (0..<rows).map { Int32($0 * 16) }
    // A few vectors more than needed, so that elements do not fall on the same cache sets.
    elementStride = weights.inputBlocks * rows * 16 + 80
    let blocks = isStaged ? output.blocks : kernels.table.wideGemm.nr / 16
    productStride = blocks * rows * 16 + 80
    elementFloats = form.elementCount * elementStride
    productFloats = form.productCount * productStride
    workers = kernels.threadCount
  }

  /// Second-level cache that a block's matrices may take.
  private static let secondLevelBytes = 704 << 10
  /// Weights beyond this do not stay in the last-level cache from block to block.
  private static let lastLevelBytes = 16 << 20
  private static let fewestTiles = 12, mostTiles = 48

  var workspaceByteCount: Int {
    let matrices = elementFloats + productFloats
    return 4
      * (isStaged
        ? matrices + workers * WinogradBlocking.transformFloats
        : workers * (matrices + WinogradBlocking.transformFloats))
  }
}

/// The operands of a Winograd convolution, bundled for its steps.
private struct WinogradRun {
  var plan: ConvolutionPlan
  var weights: WinogradWeights
  var blocking: WinogradBlocking
  var input: UnsafePointer<Float>
  var output: UnsafeMutablePointer<Float>
  var bias: UnsafePointer<Float>
  var slope: Float
  var inputTiles: UnsafePointer<Int32>, outputTiles: UnsafePointer<Int32>, rowOffsets: UnsafePointer<Int32>

  /// Channel block `block` of tiles `first` … → elements.
  @inline(__always) func transformInput(
    _ transform: WinogradKernels.Transform, block: Int, first: Int, count: Int,
    elements: UnsafeMutablePointer<Float>, row: Int, scratch: UnsafeMutablePointer<Float>
  ) {
    let rows = blocking.rowOffsets.count
    var run = TileRun(
      pixels: UnsafeMutablePointer(mutating: input + block &* plan.input.blockStride),
      rowStride: plan.input.rowStride, tileOffsets: inputTiles + first, tiles: count,
      transformed: elements + (block &* rows &+ row) &* 16, elementStride: blocking.elementStride, bias: bias,
      slope: 1, scratch: scratch)
    transform(&run)
  }

  /// Products of `block` (counted from the panel or, staged, from the start) → pixels of output block `target`.
  @inline(__always) func transformOutput(
    _ transform: WinogradKernels.Transform, block: Int, target: Int, first: Int, count: Int,
    products: UnsafeMutablePointer<Float>, row: Int, scratch: UnsafeMutablePointer<Float>
  ) {
    let rows = blocking.rowOffsets.count
    var run = TileRun(
      pixels: output + target &* plan.output.blockStride, rowStride: plan.output.rowStride,
      tileOffsets: outputTiles + first, tiles: count, transformed: products + (block &* rows &+ row) &* 16,
      elementStride: blocking.productStride, bias: bias + target &* 16, slope: slope, scratch: scratch)
    transform(&run)
  }

  /// One matrix product: elements × weights of a panel.
  @inline(__always) func multiply(
    _ table: KernelTable, product: Int, element: Int, weight: Int, panel: Panel, next: UnsafePointer<Float>,
    count: Int, elements: UnsafeMutablePointer<Float>, products: UnsafeMutablePointer<Float>, block: Int
  ) {
    let gemm = panel.blocks == 1 ? table.narrowGemm : table.wideGemm
    let rows = blocking.rowOffsets.count
    let tiles = (count &+ gemm.mr &- 1) / gemm.mr
    let lines = weights.inputBlocks &* 16 &* panel.blocks
    var arguments = TapGemmArguments(
      input: elements + element &* blocking.elementStride, inputBlockStride: rows &* 16,
      blocks: weights.inputBlocks, taps: 1, channels: 16, tapOffsets: rowOffsets, inputPixels: rowOffsets,
      outputPixels: rowOffsets, tiles: tiles, panel: weights.matrix(weight, panel),
      output: products + (product &* blocking.productStride &+ block &* rows &* 16), outputBlockStride: rows &* 16,
      initial: plan.zeros.base, slope: 1, prefetch: UnsafeRawPointer(next),
      prefetchLines: (lines &+ tiles &- 1) / tiles)
    gemm.run(&arguments)
  }
}

extension Kernels {
  /// Winograd's algorithm, fused or staged. The sums over channels run in channel order, whatever the blocking.
  func convolveWinograd(
    _ plan: ConvolutionPlan, _ weights: WinogradWeights, _ blocking: WinogradBlocking,
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>,
    _ slope: Float, _ workspace: UnsafeMutableRawPointer?
  ) {
    guard let workspace = workspace?.assumingMemoryBound(to: Float.self) else {
      preconditionFailure("this convolution needs its workspace")
    }
    blocking.inputTiles.withUnsafeBufferPointer { inputTiles in
      blocking.outputTiles.withUnsafeBufferPointer { outputTiles in
        blocking.rowOffsets.withUnsafeBufferPointer { rowOffsets in
          let run = WinogradRun(
            plan: plan, weights: weights, blocking: blocking, input: input, output: output, bias: bias,
            slope: slope, inputTiles: inputTiles.baseAddress!, outputTiles: outputTiles.baseAddress!,
            rowOffsets: rowOffsets.baseAddress!)
          if blocking.isStaged { runStaged(run, workspace) } else { runFused(run, workspace) }
        }
      }
    }
  }

  private func runFused(_ run: WinogradRun, _ workspace: UnsafeMutablePointer<Float>) {
    let blocking = run.blocking, weights = run.weights, plan = run.plan, form = weights.form
    let transforms = form.transforms(table.winograd), elementOf = form.elementOf, weightOf = form.weightOf
    let perWorker = blocking.elementFloats &+ blocking.productFloats &+ WinogradBlocking.transformFloats
    let haloTasks = plan.output.halo > 0 ? plan.output.batch &* plan.output.blocks : 0
    let tiles = blocking.inputTiles.count
    parallelFor(blocking.blockCount &+ haloTasks) { task, worker in
      if task >= blocking.blockCount {
        plan.output.clearFrame(run.output, plane: task &- blocking.blockCount)
        return
      }
      let elements = workspace + worker &* perWorker, products = elements + blocking.elementFloats
      let scratch = products + blocking.productFloats
      let first = task &* blocking.tilesPerBlock, count = min(blocking.tilesPerBlock, tiles &- first)
      for block in 0..<weights.inputBlocks {
        run.transformInput(
          transforms.input, block: block, first: first, count: count, elements: elements, row: 0, scratch: scratch)
      }
      for (index, panel) in weights.panels.enumerated() {
        for product in 0..<elementOf.count {
          let isLast = product &+ 1 == elementOf.count
          let following = isLast ? weights.panels[(index &+ 1) % weights.panels.count] : panel
          run.multiply(
            table, product: product, element: elementOf[product], weight: weightOf[product], panel: panel,
            next: weights.matrix(weightOf[isLast ? 0 : product &+ 1], following), count: count,
            elements: elements, products: products, block: 0)
        }
        for block in 0..<panel.blocks {
          run.transformOutput(
            transforms.output, block: block, target: panel.firstBlock &+ block, first: first, count: count,
            products: products, row: 0, scratch: scratch)
        }
      }
    }
  }

  private func runStaged(_ run: WinogradRun, _ workspace: UnsafeMutablePointer<Float>) {
    let blocking = run.blocking, weights = run.weights, plan = run.plan, form = weights.form
    let transforms = form.transforms(table.winograd), elementOf = form.elementOf, weightOf = form.weightOf
    let elements = workspace, products = elements + blocking.elementFloats
    let scratch = products + blocking.productFloats
    let tiles = blocking.inputTiles.count
    parallelFor(weights.inputBlocks) { block, worker in
      run.transformInput(
        transforms.input, block: block, first: 0, count: tiles, elements: elements, row: 0,
        scratch: scratch + worker &* WinogradBlocking.transformFloats)
    }
    // Panels of one product follow each other: its elements stay in the cache.
    let panels = weights.panels, panelsPerTask = 4
    let groups = (panels.count &+ panelsPerTask &- 1) / panelsPerTask
    parallelFor(elementOf.count &* groups) { task, _ in
      let product = task / groups, first = task % groups &* panelsPerTask
      for index in first..<min(panels.count, first &+ panelsPerTask) {
        let panel = panels[index]
        run.multiply(
          table, product: product, element: elementOf[product], weight: weightOf[product], panel: panel,
          next: weights.matrix(weightOf[product], panels[min(index &+ 1, panels.count &- 1)]), count: tiles,
          elements: elements, products: products, block: panel.firstBlock)
      }
    }
    parallelFor(plan.output.blocks) { block, worker in
      run.transformOutput(
        transforms.output, block: block, target: block, first: 0, count: tiles, products: products, row: 0,
        scratch: scratch + worker &* WinogradBlocking.transformFloats)
      if plan.output.halo > 0 {
        for image in 0..<plan.output.batch {
          plan.output.clearFrame(run.output, plane: image &* plan.output.blocks &+ block)
        }
      }
    }
  }
}
