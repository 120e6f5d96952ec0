import KernelABI

/// The operands of one Winograd convolution in 16 bits, bundled for its steps.
private struct ReducedRun {
  var pixels: WinogradPixels
  var weights: ReducedWinogradWeights
  var blocking: ReducedWinogradBlocking
  var kernels: ReducedKernels
  var transforms: (input: WinogradKernels.Transform, output: WinogradKernels.Transform)

  /// A worker's scratch memory.
  struct Scratch {
    var group: UnsafeMutablePointer<Float>, products: UnsafeMutablePointer<Float>
    /// What a matrix of the other direction becomes.
    var matrix: UnsafeMutablePointer<UInt16>

    init(_ blocking: ReducedWinogradBlocking, _ base: UnsafeMutablePointer<Float>) {
      group = base
      products = base + blocking.groupFloats
      matrix = UnsafeMutableRawPointer(products + blocking.productFloats).assumingMemoryBound(to: UInt16.self)
    }
  }

  /// 16-bit elements and the scales of their rows.
  struct Elements {
    var words: UnsafeMutablePointer<UInt16>
    var scales: UnsafeMutablePointer<Float>

    init(_ blocking: ReducedWinogradBlocking, _ base: UnsafeMutablePointer<Float>) {
      words = UnsafeMutableRawPointer(base).assumingMemoryBound(to: UInt16.self)
      scales = base + blocking.elementFloats
    }
  }

  /// All channels of `count` tiles from `first` → rows `row` … of the elements.
  @inline(__always)
  func narrowTiles(first: Int, count: Int, to elements: Elements, row: Int, _ scratch: Scratch) {
    var done = 0
    while done < count {
      let size = min(blocking.group, count &- done)
      for block in 0..<weights.inputBlocks {
        pixels.transformInput(
          transforms.input, block: block, first: first &+ done, count: size,
          to: scratch.group + block &* blocking.group &* 16, elementStride: blocking.groupStride)
      }
      var run = NarrowingRun(
        source: scratch.group, sourceElementStride: blocking.groupStride, sourceBlockStride: blocking.group &* 16,
        elements: weights.form.elementCount, blocks: weights.inputBlocks, rows: size,
        target: elements.words + (row &+ done) &* 16, targetElementStride: blocking.elementStride,
        targetBlockStride: blocking.elementRows &* 16, rowScales: elements.scales + (row &+ done),
        scaleElementStride: blocking.elementRows, limit: weights.limit)
      if let adjoint = weights.adjoint {
        run.channelScales = UnsafePointer(adjoint.inputScales.base)
        run.channelScaleElementStride = adjoint.inputScaleStride
      }
      kernels.narrow(&run)
      done &+= size
    }
  }

  /// One matrix product: `count` rows of the elements from `row` × the weights of a panel → the products' first rows.
  @inline(__always)
  func multiply(
    product: Int, panel: Panel, matrix: UnsafePointer<UInt16>, next: UnsafePointer<UInt16>?, row: Int, count: Int,
    elements: Elements, products: UnsafeMutablePointer<Float>, ahead: LineRange = LineRange()
  ) {
    let gemm = panel.blocks == 1 ? kernels.narrowGemm : kernels.wideGemm
    let tiles = (count &+ gemm.mr &- 1) / gemm.mr
    let element = weights.elementOf[product], weight = weights.weightOf[product]
    let lines = weights.inputBlocks &* 8 &* panel.blocks
    var arguments = ReducedGemmArguments(
      input: UnsafePointer(elements.words + (element &* blocking.elementStride &+ row &* 16)),
      inputBlockStride: blocking.elementRows &* 16, blocks: weights.inputBlocks, tiles: tiles, panel: matrix,
      rowScales: UnsafePointer(elements.scales + (element &* blocking.elementRows &+ row)),
      columnScales: weights.scales(weight, panel), output: products + product &* blocking.productStride,
      outputBlockStride: blocking.productRows &* 16, prefetch: UnsafeRawPointer(next ?? matrix),
      prefetchLines: next == nil ? 0 : (lines &+ tiles &- 1) / tiles,
      pixelPrefetch: ahead.start ?? UnsafeRawPointer(matrix),
      pixelPrefetchLines: ahead.start == nil ? 0 : (ahead.count &+ tiles &- 1) / tiles)
    gemm.run(&arguments)
  }

  @inline(__always)
  func transformOutput(_ panel: Panel, first: Int, count: Int, _ scratch: Scratch) {
    for block in 0..<panel.blocks {
      pixels.transformOutput(
        transforms.output, target: panel.firstBlock &+ block, first: first, count: count,
        from: scratch.products + block &* blocking.productRows &* 16, productStride: blocking.productStride)
    }
  }
}

extension Kernels {
  /// Winograd's algorithm with operands of 16 bits, fused or staged. A row's scale depends on its own tile only: the same
  /// bits for any blocking, batch and thread count.
  func convolveReducedWinograd(
    _ plan: ConvolutionPlan, _ weights: ReducedWinogradWeights, _ blocking: ReducedWinogradBlocking,
    _ operands: ConvolutionOperands
  ) {
    guard let workspace = operands.workspace?.assumingMemoryBound(to: Float.self), let reduced = table.reduced else {
      preconditionFailure("this convolution needs its workspace and a tier with 16-bit products")
    }
    withPixels(plan, weights.form, blocking.tiles, operands) { pixels in
      let run = ReducedRun(
        pixels: pixels, weights: weights, blocking: blocking, kernels: reduced,
        transforms: weights.form.transforms(table.winograd))
      if blocking.grouping.isStaged { runStaged(run, workspace) } else { runFused(run, workspace) }
    }
  }

  private func runFused(_ run: ReducedRun, _ workspace: UnsafeMutablePointer<Float>) {
    let blocking = run.blocking, plan = run.pixels.plan
    let haloTasks = plan.output.halo > 0 ? plan.output.batch &* plan.output.blocks : 0
    let blocks = blocking.grouping.blockCount
    parallelFor(blocks &+ haloTasks) { task, worker in
      if task < blocks {
        runFusedBlock(run, task, workspace + worker &* blocking.workerFloats)
      } else {
        plan.output.clearFrame(run.pixels.output, plane: task &- blocks)
      }
    }
  }

  private func runFusedBlock(_ run: ReducedRun, _ task: Int, _ base: UnsafeMutablePointer<Float>) {
    let blocking = run.blocking, weights = run.weights
    let elements = ReducedRun.Elements(blocking, base)
    let scratch = ReducedRun.Scratch(blocking, base + (blocking.elementFloats &+ blocking.scaleFloats))
    let perBlock = blocking.grouping.tilesPerBlock, first = task &* perBlock
    let count = min(perBlock, blocking.tiles.count &- first)
    let next = first &+ perBlock
    let following = next &+ perBlock <= blocking.tiles.count ? next : nil
    run.narrowTiles(first: first, count: count, to: elements, row: 0, scratch)
    let steps = weights.elementOf.count, panels = weights.panels.count
    for index in 0..<panels {
      let panel = weights.panels[index]
      for step in 0..<steps {
        let isLast = step &+ 1 == steps, product = weights.order[step]
        let nextPanel = isLast ? weights.panels[(index &+ 1) % panels] : panel
        let weight = weights.weightOf[product], next = weights.weightOf[weights.order[isLast ? 0 : step &+ 1]]
        run.multiply(
          product: product, panel: panel, matrix: weights.matrix(weight, panel),
          next: next == weight && !isLast ? nil : weights.matrix(next, nextPanel), row: 0, count: count,
          elements: elements, products: scratch.products,
          ahead: run.pixels.lines(
            first: following, current: first, count: count, index: index &* steps &+ step, parts: panels &* steps))
      }
      run.transformOutput(panel, first: first, count: count, scratch)
    }
  }

  private func runStaged(_ run: ReducedRun, _ workspace: UnsafeMutablePointer<Float>) {
    for pass in run.blocking.grouping.passes { runStagedPass(run, pass, workspace) }
  }

  private func runStagedPass(_ run: ReducedRun, _ pass: WinogradPass, _ workspace: UnsafeMutablePointer<Float>) {
    let blocking = run.blocking, weights = run.weights, plan = run.pixels.plan
    let elements = ReducedRun.Elements(blocking, workspace)
    let start = pass.tiles.lowerBound, tiles = pass.tiles.count
    let scratchBase = workspace + (blocking.elementFloats &+ blocking.scaleFloats)
    let groups = (tiles &+ blocking.group &- 1) / blocking.group
    parallelFor(groups) { task, worker in
      let row = task &* blocking.group
      run.narrowTiles(
        first: start &+ row, count: min(blocking.group, tiles &- row), to: elements, row: row,
        ReducedRun.Scratch(blocking, scratchBase + worker &* blocking.workerFloats))
    }
    // Neighboring tasks take the same panel: its matrices are read from memory once.
    let panels = weights.panels, steps = weights.elementOf.count, perBlock = blocking.grouping.tilesPerBlock
    let blocks = (tiles &+ perBlock &- 1) / perBlock
    parallelFor(panels.count &* blocks) { task, worker in
      let scratch = ReducedRun.Scratch(blocking, scratchBase + worker &* blocking.workerFloats)
      let panel = panels[task / blocks]
      let row = task % blocks &* perBlock
      let count = min(perBlock, tiles &- row)
      var made = -1
      for step in 0..<steps {
        let product = weights.order[step], weight = weights.weightOf[product]
        var matrix = weights.matrix(weight, panel), next: UnsafePointer<UInt16>?
        if let adjoint = weights.adjoint, let direct = table.reducedDirect {
          if weight != made { weights.transpose(direct, adjoint, step: step, panel: panel, scratch.matrix) }
          made = weight
          matrix = UnsafePointer(scratch.matrix)
        } else if step &+ 1 < steps, weights.weightOf[weights.order[step &+ 1]] != weight {
          next = weights.matrix(weights.weightOf[weights.order[step &+ 1]], panel)
        }
        run.multiply(
          product: product, panel: panel, matrix: matrix, next: next, row: row, count: count, elements: elements,
          products: scratch.products)
      }
      run.transformOutput(panel, first: start &+ row, count: count, scratch)
      if plan.output.halo > 0 && row == 0 {
        for block in panel.firstBlock..<panel.firstBlock &+ panel.blocks {
          for image in pass.images {
            plan.output.clearFrame(run.pixels.output, plane: image &* plan.output.blocks &+ block)
          }
        }
      }
    }
  }
}

extension ReducedWinogradWeights: AlgorithmWeights {
  var readByteCount: Int { (storage.count &+ columnScales.count) &* 4 &+ (edges?.byteCount ?? 0) }

  func bound(to site: ConvolutionSite) -> any ConvolutionBinding {
    precondition(form.tiles(site.input) != nil, "Winograd's algorithm needs whole tiles")
    return ReducedWinogradBinding(
      weights: self,
      blocking: ReducedWinogradBlocking(self, input: site.input, output: site.output, kernels: site.kernels),
      edges: edges == nil || site.kernels.isPlanning
        ? nil : TransposedEdges(input: site.input, output: site.output, kernels: site.kernels),
      execution: form.execution(
        in: .words, input: site.input, inputBlocks: inputBlocks, outputs: site.output.paddedChannels))
  }
}

private struct ReducedWinogradBinding: ConvolutionBinding {
  let weights: ReducedWinogradWeights
  let blocking: ReducedWinogradBlocking
  let edges: TransposedEdges?
  let execution: ConvolutionExecution

  var workspaceByteCount: Int { blocking.workspaceByteCount }

  func convolve(_ plan: ConvolutionPlan, _ operands: ConvolutionOperands, on kernels: Kernels) {
    kernels.convolveReducedWinograd(plan, weights, blocking, operands)
    if let edges, let floats = weights.edges { edges.convolve(plan, floats, operands, on: kernels) }
  }
}
