import SIMDKernels

/// Maximum pooling of a region, with windows clipped at its end (PyTorch's `ceil_mode`).
///
/// Input [N, C, H, W], whose region begins `inset` pixels inside (−1 is the halo, which is zero: padding for what comes of a
/// ReLU); optionally a second input [1, 2] with the numbers of rows and columns at which the region ends, where that is only known
/// at run time. Windows beyond it give 0.
package struct WindowMaxPool: Operator {
  private let kernel: Int
  private let step: Int
  private let inset: Int
  /// Rows and columns of the region; nil for all but the inset.
  private let extent: Int?

  package init(kernel: Int, step: Int, inset: Int = 0, extent: Int? = nil) {
    self.kernel = kernel
    self.step = step
    self.inset = inset
    self.extent = extent
  }

  package var name: String { "window-max-pool" }

  private func end(_ side: Int) -> Int { extent.map { inset + $0 } ?? side - inset }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let input = try blocked(inputs[0])
    func count(_ side: Int) -> Int { (end(side) - inset - kernel + step - 1) / step + 1 }
    try require(
      end(input.height) - inset >= kernel && end(input.width) - inset >= kernel && end(input.height) <= input.height
        && end(input.width) <= input.width, "[N, C, H, W] with a window at least", inputs[0])
    if inputs.count > 1 {
      let limits = try dense(inputs[1])
      try require(limits.rows == 1 && limits.columns == 2, "[1, 2]", inputs[1])
    }
    return .blocked(
      BlockedShape(
        batch: input.batch, channels: input.channels, height: count(input.height), width: count(input.width),
        halo: input.halo))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try blocked(site.inputs[0]), try blocked(site.output), site.kernels)
    let windows = windows(in: input)
    let hasLimits = site.inputs.count > 1
    return PreparedOperator { memory in
      var windows = windows
      if hasLimits {
        windows.rowEnd = min(windows.rowEnd, Int(memory.inputs[1][0]))
        windows.columnEnd = min(windows.columnEnd, Int(memory.inputs[1][1]))
      }
      kernels.maxPool(
        windows, output: memory.output, input: memory.inputs[0], outputShape: output, inputShape: input)
    }
  }

  /// Of windows in a fixed region only.
  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    try require(node.inputs.count == 1, "one input", graph.shape(of: node.inputs[0]))
    let input = try blocked(graph.shape(of: node.inputs[0]))
    return [try graph.append(WindowMaxPoolBackward(windows: windows(in: input)), gradOutput, node.inputs[0])]
  }

  private func windows(in input: BlockedShape) -> PoolingWindows {
    PoolingWindows(
      kernel: kernel, step: step, row: inset, column: inset, rowEnd: end(input.height), columnEnd: end(input.width))
  }
}

/// The first of the largest pixels of a window, in row-major order, gets its gradient. Inputs: ∂L/∂y and x.
private struct WindowMaxPoolBackward: Operator {
  let windows: PoolingWindows
  var name: String { "window-max-pool-backward" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { inputs[1] }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (windows, kernels) = (windows, site.kernels)
    let (input, output) = (try blocked(site.output), try blocked(site.inputs[0]))
    return PreparedOperator { memory in
      kernels.maxPoolBackward(
        windows, gradInput: memory.output, gradOutput: memory.inputs[0], input: memory.inputs[1], outputShape: output,
        inputShape: input)
    }
  }
}
