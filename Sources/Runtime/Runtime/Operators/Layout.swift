import SIMDKernels

/// Image tensor [N, C, H, W] → dense [N, C·H·W] in that order.
package struct Flatten: Operator {
  package init() {}
  package var name: String { "flatten" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let input = try blocked(inputs[0])
    return .dense(DenseShape(rows: input.batch, columns: input.channels * input.height * input.width))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try blocked(site.inputs[0]), try dense(site.output), site.kernels)
    return PreparedOperator { memory in
      kernels.flatten(
        dense: memory.output, denseRowStride: output.rowStride, blocked: memory.inputs[0], shape: input)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let shape = try blocked(graph.shape(of: node.inputs[0]))
    return [try graph.append(Unflatten(shape: shape), gradOutput)]
  }
}

/// The inverse of `Flatten`.
private struct Unflatten: Operator {
  let shape: BlockedShape
  var name: String { "unflatten" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { .blocked(shape) }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, input, kernels) = (shape, try dense(site.inputs[0]), site.kernels)
    return PreparedOperator { memory in
      kernels.unflatten(
        blocked: memory.output, dense: memory.inputs[0], denseRowStride: input.rowStride, shape: shape)
    }
  }
}

/// Columns `range` of a dense tensor: the w of one layer out of a code.
package struct Slice: Operator {
  package let range: Range<Int>

  package init(_ range: Range<Int>) { self.range = range }

  package var name: String { "slice" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let input = try dense(inputs[0])
    try require(range.upperBound <= input.columns, "[N, \(range.upperBound) or more]", inputs[0])
    return .dense(DenseShape(rows: input.rows, columns: range.count))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try dense(site.inputs[0]), try dense(site.output), site.kernels)
    let start = range.lowerBound
    return PreparedOperator { memory in
      kernels.sliceColumns(
        output: memory.output, outputShape: output, input: memory.inputs[0], inputShape: input, start: start)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let columns = try dense(graph.shape(of: node.inputs[0])).columns
    return [try graph.append(Embed(start: range.lowerBound, columns: columns), gradOutput)]
  }
}

/// Writes a dense tensor at column `start` of a wider one that is zero elsewhere: the adjoint of `Slice`.
private struct Embed: Operator {
  let start: Int
  let columns: Int
  var name: String { "embed" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    .dense(DenseShape(rows: try dense(inputs[0]).rows, columns: columns))
  }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try dense(site.inputs[0]), try dense(site.output), site.kernels)
    let start = start
    return PreparedOperator { memory in
      kernels.embedColumns(
        output: memory.output, outputShape: output, input: memory.inputs[0], inputShape: input, start: start)
    }
  }
}

/// Dense tensors [N, Cᵢ] side by side: [N, ΣCᵢ].
package struct Concatenate: Operator {
  package init() {}
  package var name: String { "concatenate" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let rows = try dense(inputs[0]).rows
    var columns = 0
    for input in inputs {
      try require(try dense(input).rows == rows, "[\(rows), any]", input)
      columns += try dense(input).columns
    }
    return .dense(DenseShape(rows: rows, columns: columns))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    var inputs: [DenseShape] = []
    for input in site.inputs { inputs.append(try dense(input)) }
    let (output, kernels, shapes) = (try dense(site.output), site.kernels, inputs)
    return PreparedOperator { memory in
      kernels.concatenateColumns(
        output: memory.output, outputShape: output, inputs: memory.inputs, inputShapes: shapes)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    var gradients: [TensorID?] = [], start = 0
    for (index, input) in node.inputs.enumerated() {
      let end = start + (try dense(graph.shape(of: input)).columns)
      gradients.append(wanted[index] ? try graph.append(Slice(start..<end), gradOutput) : nil)
      start = end
    }
    return gradients
  }
}

/// A constant image tensor [N, C, H, W], the same for every image of the batch: StyleGAN's learned 4×4 input.
package struct Constant: Operator {
  private let values: [Float]
  private let shape: BlockedShape

  /// - Parameter values: [C, H, W].
  package init(_ values: [Float], channels: Int, height: Int, width: Int, batch: Int) {
    precondition(values.count == channels * height * width)
    self.values = values
    shape = BlockedShape(batch: batch, channels: channels, height: height, width: width, halo: 1)
  }

  package var name: String { "constant" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { .blocked(shape) }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels) = (shape, site.kernels)
    let planar = (0..<shape.batch).flatMap { _ in values }
    return PreparedOperator { memory in
      planar.withUnsafeBufferPointer {
        kernels.fromPlanar(blocked: memory.output, planar: $0.baseAddress!, shape: shape)
      }
    }
  }
}

/// Repeats each row of a dense tensor `count` times side by side: one w for all layers.
package struct Tile: Operator {
  package let count: Int

  package init(count: Int) { self.count = count }

  package var name: String { "tile" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let input = try dense(inputs[0])
    return .dense(DenseShape(rows: input.rows, columns: input.columns * count))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try dense(site.inputs[0]), try dense(site.output), site.kernels)
    return PreparedOperator { memory in
      kernels.tileColumns(output: memory.output, outputShape: output, input: memory.inputs[0], inputShape: input)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let columns = try dense(graph.shape(of: node.inputs[0])).columns
    var slices: [TensorID] = []
    for copy in 0..<count {
      slices.append(try graph.append(Slice(copy * columns..<(copy + 1) * columns), gradOutput))
    }
    return [try graph.append(Sum(), slices)]
  }
}
