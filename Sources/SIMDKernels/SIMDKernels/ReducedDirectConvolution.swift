/// Scratch memory of a direct convolution with operands of 16 bits: the input's words, in the input's layout, what each image is
/// scaled by, and what workers make of compact weights.
struct ReducedDirectWorkspace: Sendable {
  let scaling: ImageScaling
  /// Rows of a block of pixels, filled up to whole tiles, and tables of their scales: one for each image, or for each block
  /// where blocks span images.
  let tableRows: Int, tableCount: Int
  let wordBytes: Int
  /// Floats of a worker that makes words: what it takes, and the words of a sum.
  let scratchFloats: Int, workerFloats: Int
  private let workers: Int

  init(_ weights: ReducedDirectWeights, _ blocking: DirectBlocking, input: BlockedShape, kernels: Kernels) {
    guard let gemm = kernels.table.reducedDirect?.wideGemm else { preconditionFailure("no products of 16 bits") }
    scaling = ImageScaling(input)
    tableRows = blocking.tileCount(mr: gemm.mr) * gemm.mr
    tableCount = blocking.rowsPerBlock > blocking.gridHeight ? blocking.blockCount : input.batch
    wordBytes = input.batch * input.imageStride * 2
    scratchFloats = weights.scratchFloats(nr: gemm.nr)
    workerFloats = weights.makesWords ? scratchFloats + weights.mostRows * 8 * gemm.nr : 0
    workers = kernels.threadCount
  }

  /// Whole cache lines.
  var scaleFloats: Int { (tableRows * tableCount + scaling.maximumFloats + 15) & ~15 }
  var byteCount: Int { ((wordBytes + 63) & ~63) + (scaleFloats + workers * workerFloats) * 4 }
}

extension Kernels {
  /// The direct algorithm on words: the input is scaled image by image, with its zero border; then for each block of pixels and
  /// panel of output channels, one pass over the pixels per exact sum, totals kept in the output's memory.
  func convolveReducedDirect(
    _ plan: ConvolutionPlan, _ weights: ReducedDirectWeights, _ blocking: DirectBlocking,
    _ memory: ReducedDirectWorkspace, _ operands: ConvolutionOperands
  ) {
    guard let workspace = operands.workspace, let direct = table.reducedDirect else {
      preconditionFailure("this convolution needs its workspace and its tier")
    }
    let scales = workspace.assumingMemoryBound(to: Float.self)
    let maxima = scales + memory.tableRows &* memory.tableCount
    let scratch = scales + memory.scaleFloats
    let words = UnsafeMutableRawPointer(scratch + threadCount &* memory.workerFloats).assumingMemoryBound(
      to: UInt16.self)
    let source = operands.input, inputScales = UnsafePointer(weights.inputScales.base)
    scaleImages(
      memory.scaling, limit: weights.limit, maxima: maxima,
      largest: { direct.largestMagnitude(source + $0.start, inputScales + $0.block &* 16, $0.vectors) },
      unit: { image, unit in fillTables(memory, blocking, image: image, unit: unit, scales) },
      encode: { piece, factor in
        direct.quantize(
          words + piece.start, source + piece.start, inputScales + piece.block &* 16, factor, piece.vectors)
      })
    let run = ReducedDirectRun(
      plan: plan, weights: weights, blocking: blocking, memory: memory, operands: operands, direct: direct,
      words: words, scales: scales)
    forEachBlock(plan, blocking, panels: weights.panels.count, operands.output) { block, panel, worker in
      convolveBlock(run, scratch + worker &* memory.workerFloats, block: block, panel: panel)
    }
  }

  /// The scales of an image's pixels; pixels past a block's last repeat it.
  private func fillTables(
    _ memory: ReducedDirectWorkspace, _ blocking: DirectBlocking, image: Int, unit: Float,
    _ scales: UnsafeMutablePointer<Float>
  ) {
    let imagesPerBlock = max(1, blocking.rowsPerBlock / blocking.gridHeight)
    let pixels = min(blocking.pixelsPerBlock, blocking.gridHeight &* blocking.gridWidth)
    let first = image % imagesPerBlock &* pixels
    let isLast = (image &+ 1) % imagesPerBlock == 0
    let table = scales + image / imagesPerBlock &* memory.tableRows
    for row in first..<(isLast ? memory.tableRows : first &+ pixels) { table[row] = unit }
  }

  /// All phases of one block of pixels and one panel.
  private func convolveBlock(
    _ run: ReducedDirectRun, _ scratch: UnsafeMutablePointer<Float>, block: Int, panel index: Int
  ) {
    let weights = run.weights, blocking = run.blocking, plan = run.plan, memory = run.memory
    let panel = weights.panels[index], nr = panel.blocks &* 16
    let gemm = panel.blocks == 1 ? run.direct.narrowGemm : run.direct.wideGemm
    let corner = blocking.start(block, panel, plan)
    let source = UnsafePointer(run.words) + corner.input
    let scaleTable = memory.tableCount == plan.input.batch ? corner.image : block
    blocking.forEachPhase(block, mr: gemm.mr) { phase, taps, inputPixels, outputPixels, tiles in
      let place = weights.place(phase, panel)
      let tapCount = weights.taps[phase], perSum = weights.blocksPerSum[phase]
      let blockWords: Int = tapCount &* 2 &* weights.pairs &* nr
      let start = weights.words(phase, index)
      let made = UnsafeMutableRawPointer(scratch + memory.scratchFloats).assumingMemoryBound(to: UInt16.self)
      var arguments = ReducedTapGemmArguments(
        input: source, inputBlockStride: plan.input.blockStride, blocks: 0, pairs: weights.pairs, taps: tapCount,
        tapOffsets: taps, inputPixels: inputPixels, outputPixels: outputPixels, tiles: tiles,
        panel: start ?? UnsafePointer(made),
        output: run.operands.output + corner.output + blocking.phaseOffsets[phase],
        outputBlockStride: plan.output.blockStride, rowScales: run.scales + scaleTable &* memory.tableRows,
        columnScales: nil, bias: run.operands.bias + panel.firstBlock &* 16, slope: run.operands.slope)
      var first = 0
      while first < weights.inputBlocks {
        let count = min(perSum, weights.inputBlocks &- first)
        arguments.input = source + first &* plan.input.blockStride
        arguments.blocks = count
        var next: (base: UnsafeRawPointer, bytesPerWeight: Int)?
        if let start {
          arguments.panel = start + first &* blockWords
          next = (UnsafeRawPointer(start + (first &+ count) &* blockWords), 2)
        } else {
          weights.make(
            table, run.direct, made, phase: phase, panel: panel, first: first, count: count, scratch: scratch)
          next = weights.address(panel, block: first &+ count)
        }
        first &+= count
        if first == weights.inputBlocks { arguments.columnScales = UnsafePointer(weights.units.base) + place }
        if blocking.isWeightBound, let next {
          // The next sum has about as many lines as this one; past the last panel the fetch is harmless.
          arguments.prefetch = next.base
          arguments.prefetchLines = (count &* blockWords &* next.bytesPerWeight / 64 &+ tiles &- 1) / tiles
        }
        gemm.run(&arguments)
        arguments.isFirst = false
      }
    }
  }
}

/// What all blocks of a direct convolution of words have in common.
private struct ReducedDirectRun {
  let plan: ConvolutionPlan
  let weights: ReducedDirectWeights
  let blocking: DirectBlocking
  let memory: ReducedDirectWorkspace
  let operands: ConvolutionOperands
  let direct: ReducedDirectKernels
  let words: UnsafeMutablePointer<UInt16>
  let scales: UnsafeMutablePointer<Float>
}

extension ReducedDirectWeights: AlgorithmWeights {
  var byteCount: Int {
    guard case .packed(let storage, _) = source else { return 0 }
    return (storage.count &+ units.count) &* 4
  }

  var readByteCount: Int {
    switch source {
    case .packed(let storage, _): storage.count &* 4
    case .compact(let storage): storage.byteCount
    case .arranged(let words): words.storage.byteCount
    case .made(let compact, _): compact.weights.readByteCount
    }
  }

  func bound(to site: ConvolutionSite) -> any ConvolutionBinding {
    let blocking = DirectBlocking(
      self, geometry: site.geometry, input: site.input, output: site.output, kernels: site.kernels)
    return ReducedDirectBinding(
      weights: self, blocking: blocking,
      memory: ReducedDirectWorkspace(self, blocking, input: site.input, kernels: site.kernels),
      // Scaling reads twice and writes half.
      execution: ConvolutionExecution(
        directly: taps, channels: inputBlocks * 2 * pairs, site.output, arithmetic: .words,
        transformByteCount: site.input.byteCount / 2 * 5))
  }
}

private struct ReducedDirectBinding: ConvolutionBinding {
  let weights: ReducedDirectWeights
  let blocking: DirectBlocking
  let memory: ReducedDirectWorkspace
  let execution: ConvolutionExecution

  var workspaceByteCount: Int { memory.byteCount }

  func convolve(_ plan: ConvolutionPlan, _ operands: ConvolutionOperands, on kernels: Kernels) {
    kernels.convolveReducedDirect(plan, weights, blocking, memory, operands)
  }
}
