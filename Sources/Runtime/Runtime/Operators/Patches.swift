import SIMDKernels

/// Windows of an image as channels: [N, C, H, W] → [N, C·k², H′, W′]. A 1×1 convolution of it with weights [O, C·k²] is one of k×k,
/// whatever its stride: for the few layers that are wider than 3×3, or strided, at the start of a network.
package struct Patches: Operator {
  package let windows: PatchWindows

  /// - Parameters:
  ///   - kernel: side of a window.
  ///   - padding: zeros on each side of the image.
  package init(kernel: Int, stride: Int = 1, padding: Int) {
    windows = PatchWindows(kernel: kernel, stride: stride, padding: padding)
  }

  package var name: String { "patches" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    var shape = try blocked(inputs[0])
    let (height, width) = (windows.count(shape.height), windows.count(shape.width))
    try require(height > 0 && width > 0, "[N, C, H, W] of at least \(windows.kernel) pixels with padding", inputs[0])
    (shape.channels, shape.height, shape.width) = (shape.channels * windows.area, height, width)
    return .blocked(shape)
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try blocked(site.inputs[0]), try blocked(site.output), site.kernels)
    let windows = windows
    return PreparedOperator { memory in
      kernels.gatherPatches(
        windows, output: memory.output, input: memory.inputs[0], outputShape: output, inputShape: input)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let input = try blocked(graph.shape(of: node.inputs[0]))
    return [try graph.append(PatchesBackward(windows: windows, inputShape: input), gradOutput)]
  }
}

private struct PatchesBackward: Operator {
  let windows: PatchWindows
  let inputShape: BlockedShape
  var name: String { "patches-backward" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { .blocked(inputShape) }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (windows, input, output, kernels) = (windows, inputShape, try blocked(site.inputs[0]), site.kernels)
    return PreparedOperator { memory in
      kernels.gatherPatchesBackward(
        windows, gradInput: memory.output, gradOutput: memory.inputs[0], outputShape: output, inputShape: input)
    }
  }
}
