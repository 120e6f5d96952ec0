/// How the pixels of a direct convolution are cut into blocks, and the tables that say where they lie.
///
/// A block is `rowsPerBlock` rows of the largest phase's grid, counted through the batch: a divisor of the grid's height or a
/// multiple that divides the batch, so that all blocks have the same relative offsets. Phases of a smaller grid lack its last
/// column, and in the last block of an image its last row.
struct DirectBlocking: Sendable {
  let gridHeight: Int, gridWidth: Int
  let rowsPerBlock: Int, blockCount: Int
  /// Pixels of a block of the largest phase.
  let pixelsPerBlock: Int
  /// Per phase, of a block like most, and of an image's last.
  private let pixels: [(most: BlockPixels, last: BlockPixels)]
  /// Per phase, relative to pixel (0, 0) without halo.
  let tapOffsets: [[Int32]]
  let phaseOffsets: [Int]
  let inputStep: Int, outputStep: Int
  /// Channel blocks of one pass over the pixels, so that the panel's part stays in the first-level cache.
  let blocksPerChunk: Int
  /// Whether weights come from beyond the second-level cache: then tasks go panel by panel and panels are prefetched.
  let isWeightBound: Bool
  /// Floats of a chunk that a worker widens, and all that it needs for that; 0 where weights are packed floats.
  let chunkFloats: Int, workerFloats: Int

  init(
    _ weights: DirectWeights, geometry: ConvolutionGeometry, input: BlockedShape, output: BlockedShape,
    kernels: Kernels
  ) {
    let (wide, narrow) = (kernels.table.wideGemm, kernels.table.narrowGemm)
    self.init(
      geometry: geometry, input: input, output: output, panels: weights.panels.count,
      blockBytes: geometry.mostTaps * weights.channelsPerTap * wide.nr * 4, readByteCount: weights.readByteCount,
      tile: max(wide.mr, narrow.mr), joinsImages: true, scratchFloats: weights.compact?.scratchFloats(nr: wide.nr),
      kernels: kernels)
  }

  /// Each image by itself: they have scales of their own.
  init(
    _ weights: Int8Weights, geometry: ConvolutionGeometry, input: BlockedShape, output: BlockedShape, kernels: Kernels
  ) {
    let int8 = kernels.table.int8
    self.init(
      geometry: geometry, input: input, output: output, panels: weights.panels.count,
      blockBytes: geometry.mostTaps * 16 * int8.wideGemm.nr, readByteCount: weights.byteCount,
      tile: max(int8.wideGemm.mr, int8.narrowGemm.mr), joinsImages: false, scratchFloats: nil, kernels: kernels)
  }

  /// Passes over the pixels, one for each exact sum, and widening are the algorithm's own matter.
  init(
    _ weights: ReducedDirectWeights, geometry: ConvolutionGeometry, input: BlockedShape, output: BlockedShape,
    kernels: Kernels
  ) {
    guard let gemm = kernels.table.reducedDirect?.wideGemm else { preconditionFailure("no products of 16 bits") }
    self.init(
      geometry: geometry, input: input, output: output, panels: weights.panels.count,
      blockBytes: geometry.mostTaps * 32 * gemm.nr, readByteCount: weights.readByteCount, tile: gemm.mr,
      joinsImages: true, scratchFloats: nil, kernels: kernels)
  }

  /// - Parameters:
  ///   - blockBytes: what a panel has for one block of input channels.
  ///   - tile: pixels of the largest one.
  ///   - joinsImages: whether a block of pixels may span images.
  ///   - scratchFloats: what a worker needs besides a chunk to widen it; nil where weights are packed.
  private init(
    geometry: ConvolutionGeometry, input: BlockedShape, output: BlockedShape, panels: Int, blockBytes: Int,
    readByteCount: Int, tile: Int, joinsImages: Bool, scratchFloats: Int?,
    kernels: Kernels
  ) {
    let height = geometry.gridExtent(input.height), width = geometry.gridExtent(input.width)
    // With grids of different heights, what a block's n-th pixel is depends on the phase: a table of scales does not know it.
    let rows = DirectBlocking.rows(
      height: height, width: width, batch: input.batch, joinsImages: joinsImages && geometry.isUniform, panels: panels,
      threads: kernels.threadCount)
    pixels = geometry.phases.map { phase in
      let width = geometry.gridExtent(input.width, first: phase.column)
      let missing = height - geometry.gridExtent(input.height, first: phase.row)
      func pixels(_ rows: Int) -> BlockPixels {
        BlockPixels(rows: rows, height: height, width: width, tile: tile, geometry, input: input, output: output)
      }
      let most = pixels(rows)
      return (most, missing == 0 ? most : pixels(rows - missing))
    }
    tapOffsets = geometry.phases.map { $0.taps.map { Int32($0.dy * input.rowStride + $0.dx * 16) } }
    phaseOffsets = geometry.phases.map { $0.row * output.rowStride + $0.column * 16 }
    gridHeight = height
    gridWidth = width
    rowsPerBlock = rows
    blockCount = input.batch * height / rows
    pixelsPerBlock = rows * width
    inputStep = geometry.inputStep
    outputStep = geometry.outputStep
    blocksPerChunk = max(1, DirectBlocking.panelChunkBytes / blockBytes)
    chunkFloats = scratchFloats == nil ? 0 : blocksPerChunk * blockBytes / 4
    workerFloats = chunkFloats + (scratchFloats ?? 0)
    isWeightBound = readByteCount > DirectBlocking.secondLevelBytes
  }

  /// Part of the first-level data cache given to the panel.
  private static let panelChunkBytes = 20 << 10
  /// Weights smaller than this are taken to stay in the second-level cache.
  private static let secondLevelBytes = 512 << 10
  /// Pixels of a block: its sums and the lines it reads stay in the second-level cache.
  private static let pixelTarget = 512

  /// The most rows with at most `pixelTarget` pixels that leave every thread several tasks.
  private static func rows(
    height: Int, width: Int, batch: Int, joinsImages: Bool, panels: Int, threads: Int
  ) -> Int {
    let candidates =
      (1...height).filter { height % $0 == 0 }
      + (1...(joinsImages ? batch : 1)).filter { batch % $0 == 0 }.map { $0 * height }
    let fitting = candidates.filter { $0 * width <= pixelTarget }
    let busy = fitting.filter { batch * height / $0 * panels >= (threads == 1 ? 1 : 4 * threads) }
    return busy.max() ?? fitting.first { $0 * width >= 32 } ?? fitting.max() ?? 1
  }

  // MARK: Blocks and panels

  /// The image of a block of pixels, and where its first pixel lies: elements of the input, and of the panel's output.
  @inline(__always)
  func start(_ block: Int, _ panel: Panel, _ plan: ConvolutionPlan) -> (image: Int, input: Int, output: Int) {
    let row = block &* rowsPerBlock
    let image = row / gridHeight, y = row % gridHeight
    let from = plan.input, to = plan.output
    return (
      image, image &* from.imageStride &+ from.originOffset &+ y &* inputStep &* from.rowStride,
      image &* to.imageStride &+ panel.firstBlock &* to.blockStride &+ to.originOffset &+ y &* outputStep
        &* to.rowStride
    )
  }

  /// Tiles of `mr` pixels in a block of the largest phase.
  @inline(__always) func tileCount(mr: Int) -> Int { (pixelsPerBlock &+ mr &- 1) / mr }

  /// All phases that have pixels in a block, with the offsets of their taps and pixels.
  @inline(__always)
  func forEachPhase(
    _ block: Int, mr: Int,
    _ body: (
      _ phase: Int, _ taps: UnsafePointer<Int32>, _ inputPixels: UnsafePointer<Int32>,
      _ outputPixels: UnsafePointer<Int32>, _ tiles: Int
    ) -> Void
  ) {
    let isLast = (block &+ 1) &* rowsPerBlock % gridHeight == 0
    for phase in tapOffsets.indices {
      let pixels = isLast ? pixels[phase].last : pixels[phase].most
      guard pixels.count > 0 else { continue }
      tapOffsets[phase].withUnsafeBufferPointer { taps in
        pixels.inputs.withUnsafeBufferPointer { inputs in
          pixels.outputs.withUnsafeBufferPointer { outputs in
            body(
              phase, taps.baseAddress!, inputs.baseAddress!, outputs.baseAddress!, (pixels.count &+ mr &- 1) / mr)
          }
        }
      }
    }
  }
}

/// Offsets of the pixels of a phase in a block.
private struct BlockPixels: Sendable {
  let count: Int
  /// The last is repeated to fill a tile, for the wide and the narrow kernel alike.
  let inputs: [Int32], outputs: [Int32]

  init(
    rows: Int, height: Int, width: Int, tile: Int, _ geometry: ConvolutionGeometry, input: BlockedShape,
    output: BlockedShape
  ) {
    let count = rows * width
    let table = (0..<(count == 0 ? 0 : count + tile)).map { i -> (Int, Int, Int) in
      let pixel = min(i, count - 1), row = pixel / width
      return (row / height, row % height, pixel % width)
    }
    inputs = table.map { image, y, x in
      Int32(image * input.imageStride + (y * input.rowStride + x * 16) * geometry.inputStep)
    }
    outputs = table.map { image, y, x in
      Int32(image * output.imageStride + (y * output.rowStride + x * 16) * geometry.outputStep)
    }
    self.count = count
  }
}

extension Kernels {
  /// All blocks of pixels with all panels of output channels, in parallel; zeros for the output's halo.
  func forEachBlock(
    _ plan: ConvolutionPlan, _ blocking: DirectBlocking, panels: Int, _ output: UnsafeMutablePointer<Float>,
    _ body: (_ block: Int, _ panel: Int, _ worker: Int) -> Void
  ) {
    let work = panels &* blocking.blockCount
    let haloTasks = plan.output.halo > 0 ? plan.output.batch &* plan.output.blocks : 0
    parallelFor(work &+ haloTasks) { task, worker in
      if task >= work {
        plan.output.clearFrame(output, plane: task &- work)
      } else if blocking.isWeightBound {
        body(task % blocking.blockCount, task / blocking.blockCount, worker)
      } else {
        body(task / panels, task % panels, worker)
      }
    }
  }

  /// The direct algorithm: for each block of pixels and panel of output channels, one pass over the pixels per chunk of
  /// input channels, sums kept in the output.
  func convolveDirect(
    _ plan: ConvolutionPlan, _ weights: DirectWeights, _ blocking: DirectBlocking, _ operands: ConvolutionOperands
  ) {
    let scratch = operands.workspace?.assumingMemoryBound(to: Float.self)
    forEachBlock(plan, blocking, panels: weights.panels.count, operands.output) { block, panel, worker in
      convolveBlock(
        plan, weights, blocking, operands, scratch.map { $0 + worker &* blocking.workerFloats }, block: block,
        panel: panel)
    }
  }

  /// All phases of one block of pixels and one panel.
  private func convolveBlock(
    _ plan: ConvolutionPlan, _ weights: DirectWeights, _ blocking: DirectBlocking, _ operands: ConvolutionOperands,
    _ chunk: UnsafeMutablePointer<Float>?, block: Int, panel index: Int
  ) {
    let panel = weights.panels[index]
    let gemm = panel.blocks == 1 ? table.narrowGemm : table.wideGemm
    let nr = panel.blocks &* 16
    let place = blocking.start(block, panel, plan)
    let source = operands.input + place.input
    blocking.forEachPhase(block, mr: gemm.mr) { phase, taps, inputPixels, outputPixels, tiles in
      let start = weights.compact == nil ? weights.offsets[phase &* weights.panels.count &+ index] : 0
      let panelStart = weights.storage.base + start
      let tapCount = weights.taps[phase], blockFloats = tapCount &* weights.channelsPerTap &* nr
      var arguments = TapGemmArguments(
        input: source, inputBlockStride: plan.input.blockStride, blocks: 0, taps: tapCount,
        channels: weights.channelsPerTap, tapOffsets: taps, inputPixels: inputPixels, outputPixels: outputPixels,
        tiles: tiles, panel: panelStart, output: operands.output + place.output + blocking.phaseOffsets[phase],
        outputBlockStride: plan.output.blockStride, initial: operands.bias + panel.firstBlock &* 16, slope: 1,
        prefetch: panelStart, prefetchLines: 0)
      var first = 0
      while first < weights.inputBlocks {
        let count = min(blocking.blocksPerChunk, weights.inputBlocks &- first)
        arguments.input = source + first &* plan.input.blockStride
        arguments.blocks = count
        let start = first
        first &+= count
        var next: UnsafeRawPointer?
        if let compact = weights.compact, let chunk {
          compact.widen(
            table, chunk, phase: phase, panel: panel, first: start, count: count,
            scratch: chunk + blocking.chunkFloats)
          arguments.panel = UnsafePointer(chunk)
          next = compact.address(panel, block: first)
        } else {
          arguments.panel = UnsafePointer(panelStart + start &* blockFloats)
          next = UnsafeRawPointer(panelStart + first &* blockFloats)
        }
        if first == weights.inputBlocks { arguments.slope = operands.slope }
        if blocking.isWeightBound, let next {
          // The next chunk has about as many lines as this one; past the last panel the fetch is harmless.
          arguments.prefetch = next
          let bytes = count &* blockFloats &* (weights.compact?.bytesPerWeight ?? 4)
          arguments.prefetchLines = (bytes / 64 &+ tiles &- 1) / tiles
        }
        gemm.run(&arguments)
        arguments.initial = nil
      }
    }
  }
}

extension DirectWeights: AlgorithmWeights {
  var byteCount: Int { compact == nil ? storage.count &* 4 : 0 }

  func bound(to site: ConvolutionSite) -> any ConvolutionBinding {
    DirectBinding(
      weights: self,
      blocking: DirectBlocking(
        self, geometry: site.geometry, input: site.input, output: site.output, kernels: site.kernels),
      output: site.output, workers: site.kernels.threadCount)
  }
}

private struct DirectBinding: ConvolutionBinding {
  let weights: DirectWeights
  let blocking: DirectBlocking
  let output: BlockedShape
  let workers: Int

  var workspaceByteCount: Int { workers &* blocking.workerFloats &* 4 }

  var execution: ConvolutionExecution {
    ConvolutionExecution(
      directly: weights.taps, channels: weights.inputBlocks * weights.channelsPerTap, output, transformByteCount: 0)
  }

  func convolve(_ plan: ConvolutionPlan, _ operands: ConvolutionOperands, on kernels: Kernels) {
    kernels.convolveDirect(plan, weights, blocking, operands)
  }
}
