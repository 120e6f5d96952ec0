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

  /// Block by block, all the way.
  private func runFused(_ run: WinogradRun, _ workspace: UnsafeMutablePointer<Float>) {
    let blocking = run.blocking, plan = run.plan
    let perWorker = blocking.elementFloats &+ blocking.productFloats &+ WinogradBlocking.transformFloats
    let haloTasks = plan.output.halo > 0 ? plan.output.batch &* plan.output.blocks : 0
    parallelFor(blocking.blockCount &+ haloTasks) { task, worker in
      if task < blocking.blockCount {
        runFusedBlock(run, task, workspace + worker &* perWorker)
      } else {
        plan.output.clearFrame(run.output, plane: task &- blocking.blockCount)
      }
    }
  }

  private func runFusedBlock(_ run: WinogradRun, _ task: Int, _ elements: UnsafeMutablePointer<Float>) {
    let blocking = run.blocking, weights = run.weights
    let transforms = weights.form.transforms(table.winograd)
    let products = elements + blocking.elementFloats, scratch = products + blocking.productFloats
    let first = task &* blocking.tilesPerBlock
    let count = min(blocking.tilesPerBlock, blocking.inputTiles.count &- first)
    // With several workers the block after next is the likelier one to be this worker's next.
    let next = first &+ blocking.tilesPerBlock &* threadCount
    let following = next &+ blocking.tilesPerBlock <= blocking.inputTiles.count ? next : nil
    for block in 0..<weights.inputBlocks {
      run.transformInput(
        transforms.input, block: block, first: first, count: count, elements: elements, row: 0, scratch: scratch)
    }
    let steps = weights.elementOf.count, panels = weights.panels.count
    for index in 0..<panels {
      let panel = weights.panels[index]
      for product in 0..<steps {
        let isLast = product &+ 1 == steps
        let nextPanel = isLast ? weights.panels[(index &+ 1) % panels] : panel
        run.multiply(
          table, product: product, panel: panel, matrix: weights.matrix(weights.weightOf[product], panel),
          next: weights.matrix(weights.weightOf[isLast ? 0 : product &+ 1], nextPanel), row: 0,
          count: count, elements: elements, products: products, block: 0,
          pixels: run.pixels(
            first: following, current: first, count: count, index: index &* steps &+ product,
            parts: panels &* steps))
      }
      for block in 0..<panel.blocks {
        run.transformOutput(
          transforms.output, block: block, target: panel.firstBlock &+ block, first: first, count: count,
          products: products, row: 0, scratch: scratch)
      }
    }
  }

  /// Step by step, all tiles at once.
  private func runStaged(_ run: WinogradRun, _ workspace: UnsafeMutablePointer<Float>) {
    let blocking = run.blocking, weights = run.weights, plan = run.plan
    let transforms = weights.form.transforms(table.winograd)
    let elements = workspace, products = elements + blocking.elementFloats
    let scratch = products + blocking.productFloats
    let tiles = blocking.inputTiles.count
    let tilesPerTask = 64, transformTasks = (tiles &+ tilesPerTask &- 1) / tilesPerTask
    parallelFor(weights.inputBlocks &* transformTasks) { task, worker in
      let first = task % transformTasks &* tilesPerTask
      run.transformInput(
        transforms.input, block: task / transformTasks, first: first, count: min(tilesPerTask, tiles &- first),
        elements: elements, row: first, scratch: scratch + worker &* WinogradBlocking.transformFloats)
    }
    // Rows of one product by panels that follow each other: the rows stay in the second-level cache. A chunk of rows
    // is a multiple of every micro-tile, so that no two tasks write the same row.
    let panels = weights.panels, panelsPerTask = 4, rowsPerTask = weights.adjoint == nil ? 144 : 288
    let transposed = scratch + blocking.workers &* WinogradBlocking.transformFloats
    let groups = (panels.count &+ panelsPerTask &- 1) / panelsPerTask
    let chunks = (tiles &+ rowsPerTask &- 1) / rowsPerTask
    parallelFor(weights.elementOf.count &* chunks &* groups) { task, worker in
      let first = task % groups &* panelsPerTask, product = task / groups / chunks
      let row = task / groups % chunks &* rowsPerTask
      for index in first..<min(panels.count, first &+ panelsPerTask) {
        let panel = panels[index], weight = weights.weightOf[product]
        var matrix = UnsafePointer(weights.matrix(weight, panel))
        var next: UnsafePointer<Float>? = UnsafePointer(
          weights.matrix(weight, panels[min(index &+ 1, panels.count &- 1)]))
        if let adjoint = weights.adjoint {
          let target = transposed + worker &* blocking.transposedFloats
          weights.transpose(table, adjoint, product: product, panel: panel, target)
          (matrix, next) = (UnsafePointer(target), nil)
        }
        run.multiply(
          table, product: product, panel: panel, matrix: matrix, next: next, row: row,
          count: min(rowsPerTask, tiles &- row), elements: elements, products: products, block: panel.firstBlock)
      }
    }
    parallelFor(plan.output.blocks &* transformTasks) { task, worker in
      let first = task % transformTasks &* tilesPerTask, block = task / transformTasks
      run.transformOutput(
        transforms.output, block: block, target: block, first: first, count: min(tilesPerTask, tiles &- first),
        products: products, row: first, scratch: scratch + worker &* WinogradBlocking.transformFloats)
      if plan.output.halo > 0 && first == 0 {
        for image in 0..<plan.output.batch {
          plan.output.clearFrame(run.output, plane: image &* plan.output.blocks &+ block)
        }
      }
    }
  }
}
