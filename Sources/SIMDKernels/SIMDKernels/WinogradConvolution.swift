extension Kernels {
  /// Winograd's algorithm, fused or staged. The sums over channels run in channel order, whatever the blocking.
  func convolveWinograd(
    _ plan: ConvolutionPlan, _ weights: WinogradWeights, _ blocking: WinogradBlocking, _ operands: ConvolutionOperands
  ) {
    guard let workspace = operands.workspace?.assumingMemoryBound(to: Float.self) else {
      preconditionFailure("this convolution needs its workspace")
    }
    withPixels(plan, weights.form, blocking.tiles, operands) { pixels in
      blocking.rowOffsets.withUnsafeBufferPointer { rowOffsets in
        let run = WinogradRun(
          pixels: pixels, weights: weights, blocking: blocking, rowOffsets: rowOffsets.baseAddress!)
        if blocking.grouping.isStaged { runStaged(run, workspace) } else { runFused(run, workspace) }
      }
    }
  }

  /// Calls `body` with the operands, while the tiles' offsets stay where they are.
  @inline(__always)
  func withPixels(
    _ plan: ConvolutionPlan, _ form: WinogradForm, _ tiles: WinogradTiles, _ operands: ConvolutionOperands,
    _ body: (WinogradPixels) -> Void
  ) {
    tiles.inputs.withUnsafeBufferPointer { inputs in
      tiles.outputs.withUnsafeBufferPointer { outputs in
        body(
          WinogradPixels(
            plan: plan, form: form, columns: tiles.columns, input: operands.input, output: operands.output,
            bias: operands.bias, slope: operands.slope, inputTiles: inputs.baseAddress!,
            outputTiles: outputs.baseAddress!))
      }
    }
  }

  /// Block by block, all the way.
  private func runFused(_ run: WinogradRun, _ workspace: UnsafeMutablePointer<Float>) {
    let blocking = run.blocking, plan = run.pixels.plan
    let perWorker = blocking.workerFloats
    let haloTasks = plan.output.halo > 0 ? plan.output.batch &* plan.output.blocks : 0
    let blocks = blocking.grouping.blockCount
    parallelFor(blocks &+ haloTasks) { task, worker in
      if task < blocks {
        runFusedBlock(run, task, workspace + worker &* perWorker)
      } else {
        plan.output.clearFrame(run.pixels.output, plane: task &- blocks)
      }
    }
  }

  private func runFusedBlock(_ run: WinogradRun, _ task: Int, _ elements: UnsafeMutablePointer<Float>) {
    let blocking = run.blocking, weights = run.weights
    let transforms = weights.form.transforms(table.winograd)
    let products = elements + blocking.elementFloats
    let perBlock = blocking.grouping.tilesPerBlock, first = task &* perBlock
    let count = min(perBlock, blocking.tiles.count &- first)
    let next = first &+ perBlock
    let following = next &+ perBlock <= blocking.tiles.count ? next : nil
    for block in 0..<weights.inputBlocks {
      run.transformInput(
        transforms.input, block: block, first: first, count: count, elements: elements, row: 0)
    }
    let steps = weights.elementOf.count, panels = weights.panels.count
    for index in 0..<panels {
      let panel = weights.panels[index]
      for step in 0..<steps {
        let isLast = step &+ 1 == steps, product = weights.order[step]
        let nextPanel = isLast ? weights.panels[(index &+ 1) % panels] : panel
        let weight = weights.weightOf[product], next = weights.weightOf[weights.order[isLast ? 0 : step &+ 1]]
        run.multiply(
          table, product: product, panel: panel, matrix: weights.matrix(weight, panel),
          next: next == weight && !isLast ? nil : weights.matrix(next, nextPanel), row: 0,
          count: count, elements: elements, products: products,
          ahead: run.pixels.lines(
            first: following, current: first, count: count, index: index &* steps &+ step,
            parts: panels &* steps))
      }
      for block in 0..<panel.blocks {
        run.transformOutput(
          transforms.output, block: block, target: panel.firstBlock &+ block, first: first, count: count,
          products: products)
      }
    }
  }

  /// Pass by pass: all elements first; then, panel by panel, products and output transform.
  private func runStaged(_ run: WinogradRun, _ workspace: UnsafeMutablePointer<Float>) {
    for pass in run.blocking.grouping.passes { runStagedPass(run, pass, workspace) }
  }

  private func runStagedPass(_ run: WinogradRun, _ pass: WinogradPass, _ workspace: UnsafeMutablePointer<Float>) {
    let blocking = run.blocking, weights = run.weights, plan = run.pixels.plan
    let transforms = weights.form.transforms(table.winograd)
    let elements = workspace
    let perWorker = blocking.workerFloats, start = pass.tiles.lowerBound, tiles = pass.tiles.count
    // Of one channel block up to 150 KB of elements, written at once: long runs, and tasks enough.
    let tilesPerTask = 64, transformTasks = (tiles &+ tilesPerTask &- 1) / tilesPerTask
    parallelFor(weights.inputBlocks &* transformTasks) { task, _ in
      let row = task % transformTasks &* tilesPerTask
      run.transformInput(
        transforms.input, block: task / transformTasks, first: start &+ row, count: min(tilesPerTask, tiles &- row),
        elements: elements, row: row)
    }
    // Neighboring tasks take the same panel: its matrices are read from memory once.
    let panels = weights.panels, perBlock = blocking.grouping.tilesPerBlock
    let groups = (tiles &+ perBlock &- 1) / perBlock
    parallelFor(panels.count &* groups) { task, worker in
      let products = elements + (blocking.elementFloats &+ worker &* perWorker)
      let matrices = products + blocking.productFloats
      let panel = panels[task / groups]
      let row = task % groups &* perBlock
      let count = min(perBlock, tiles &- row)
      if let expansion = blocking.expansion {
        multiplyExpanding(run, expansion, panel, row: row, count: count, elements, products, matrices)
      } else {
        multiplyStored(run, panel, row: row, count: count, elements, products, matrices)
      }
      for block in 0..<panel.blocks {
        let target = panel.firstBlock &+ block
        run.transformOutput(
          transforms.output, block: block, target: target, first: start &+ row, count: count, products: products)
        if plan.output.halo > 0 && row == 0 {
          for image in pass.images {
            plan.output.clearFrame(run.pixels.output, plane: image &* plan.output.blocks &+ target)
          }
        }
      }
    }
  }

  /// All products of a panel with the matrices that the weights have; `transposed` is for those of the adjoint.
  private func multiplyStored(
    _ run: WinogradRun, _ panel: Panel, row: Int, count: Int, _ elements: UnsafeMutablePointer<Float>,
    _ products: UnsafeMutablePointer<Float>, _ transposed: UnsafeMutablePointer<Float>
  ) {
    let weights = run.weights, steps = weights.elementOf.count
    var made = -1
    for step in 0..<steps {
      let product = weights.order[step], weight = weights.weightOf[product]
      var matrix = UnsafePointer(weights.matrix(weight, panel))
      var next: UnsafePointer<Float>?
      if let adjoint = weights.adjoint {
        if weight != made { weights.transpose(table, adjoint, product: product, panel: panel, transposed) }
        made = weight
        matrix = UnsafePointer(transposed)
      } else if step &+ 1 < steps, weights.weightOf[weights.order[step &+ 1]] != weight {
        next = UnsafePointer(weights.matrix(weights.weightOf[weights.order[step &+ 1]], panel))
      }
      run.multiply(
        table, product: product, panel: panel, matrix: matrix, next: next, row: row, count: count,
        elements: elements, products: products)
    }
  }

  /// The same with matrices that are made chunk by chunk, into `matrices`.
  private func multiplyExpanding(
    _ run: WinogradRun, _ expansion: WinogradExpansion, _ panel: Panel, row: Int, count: Int,
    _ elements: UnsafeMutablePointer<Float>, _ products: UnsafeMutablePointer<Float>,
    _ matrices: UnsafeMutablePointer<Float>
  ) {
    let weights = run.weights, steps = weights.elementOf.count
    var index = 0
    while let blocks = expansion.chunk(index) {
      index &+= 1
      let next = expansion.chunk(index)
      expansion.expand(table, panel: panel, blocks: blocks, matrices)
      for step in 0..<steps {
        let product = weights.order[step]
        run.multiply(
          table, product: product, panel: panel,
          matrix: UnsafePointer(matrices + weights.weightOf[product] &* expansion.matrixStride), next: nil,
          blocks: blocks, row: row, count: count, elements: elements, products: products,
          ahead: expansion.lines(panel: panel, blocks: next, index: step, parts: steps))
      }
    }
  }
}

extension WinogradWeights: AlgorithmWeights {
  var byteCount: Int { adjoint == nil && compact == nil ? storage.count &* 4 : 0 }

  func bound(to site: ConvolutionSite) -> any ConvolutionBinding {
    precondition(form.tiles(site.input) != nil, "Winograd's algorithm needs whole tiles")
    return WinogradBinding(
      weights: self,
      blocking: WinogradBlocking(self, input: site.input, output: site.output, kernels: site.kernels),
      edges: form.outputRest == 0 || site.kernels.isPlanning
        ? nil : TransposedEdges(input: site.input, output: site.output, kernels: site.kernels),
      input: site.input, outputs: site.output.paddedChannels)
  }
}

private struct WinogradBinding: ConvolutionBinding {
  let weights: WinogradWeights
  let blocking: WinogradBlocking
  let edges: TransposedEdges?
  let input: BlockedShape
  /// Channels, padded.
  let outputs: Int

  var workspaceByteCount: Int { blocking.workspaceByteCount }

  var execution: ConvolutionExecution {
    var execution = weights.form.execution(input: input, inputBlocks: weights.inputBlocks, outputs: outputs)
    if blocking.expansion != nil {
      // Each block of tiles makes the matrices anew, from nine taps.
      let perPair = (9 + weights.form.weightRows.count * weights.form.weightRows.count) * 4
      execution.transformByteCount += blocking.grouping.blockCount * perPair * weights.inputBlocks * 16 * outputs
    }
    return execution
  }

  func convolve(_ plan: ConvolutionPlan, _ operands: ConvolutionOperands, on kernels: Kernels) {
    kernels.convolveWinograd(plan, weights, blocking, operands)
    edges?.convolve(plan, EdgeWeights(weights), operands, on: kernels)
  }
}

extension WinogradForm {
  /// Of a convolution whose transformed weights are ready.
  func execution(
    in arithmetic: ProductArithmetic = .f32, input: BlockedShape, inputBlocks: Int, outputs: Int
  ) -> ConvolutionExecution {
    let tiles = input.batch * (tiles(input) ?? 0)
    let vectors = inputVectorCount * inputBlocks + outputVectorCount * outputs / 16
    return ConvolutionExecution(
      arithmetic: arithmetic, matrixWork: 2 * tiles * productCount * inputBlocks * 16 * outputs,
      transformByteCount: tiles * vectors * 64)
  }
}
