import SIMDKernels

/// A graph that is ready to run: kernels chosen, weights packed, every tensor at its place in one arena.
///
/// A run allocates nothing and gives the same bits for any number of threads. Not thread-safe: one run at a time.
public final class PreparedGraph {
  public let graph: Graph
  public let kernels: Kernels
  public let memoryPlan: MemoryPlan
  private let arena: Arena
  private let steps: [(run: (OperatorMemory) -> Void, memory: OperatorMemory)]
  private let tensorOffsets: [Int]
  /// Floating-point operations of each node, by its definition.
  public let work: [Int]
  /// What the algorithms at hand execute of it, and the bytes that their transforms load and store.
  public let matrixWork: [Int], transformByteCounts: [Int]
  /// Bytes that each node must move at least: inputs, output and constants, each once.
  public let traffic: [Int]

  public init(_ graph: Graph, kernels: Kernels) throws(GraphError) {
    self.graph = graph
    self.kernels = kernels

    var operators: [PreparedOperator] = []
    for node in graph.nodes {
      operators.append(
        try node.operation.prepare(
          PreparationSite(
            kernels: kernels, inputs: node.inputs.map(graph.shape(of:)), output: graph.shape(of: node.output))))
    }

    let assignment = BufferAssignment(graph, workspaces: operators.map(\.workspaceByteCount))
    let plan = MemoryPlan(assignment.records)
    let arena = try Arena(byteCount: plan.byteCount)
    let offsets = assignment.bufferOfTensor.map { plan.offsets[$0] }
    func address(_ tensor: TensorID) -> UnsafeMutablePointer<Float> {
      (arena.base + offsets[tensor.index]).assumingMemoryBound(to: Float.self)
    }

    var steps: [(run: (OperatorMemory) -> Void, memory: OperatorMemory)] = []
    for (index, node) in graph.nodes.enumerated() {
      let memory = OperatorMemory(
        inputs: ContiguousArray(node.inputs.map { UnsafePointer(address($0)) }),
        output: address(node.output),
        workspace: assignment.bufferOfWorkspace[index].map { arena.base + plan.offsets[$0] })
      steps.append((operators[index].run, memory))
    }
    self.memoryPlan = plan
    self.arena = arena
    self.steps = steps
    self.tensorOffsets = offsets
    self.work = operators.map(\.work)
    matrixWork = operators.map(\.matrixWork)
    transformByteCounts = operators.map(\.transformByteCount)
    self.traffic = zip(graph.nodes, operators).map { node, prepared in
      (node.inputs + [node.output]).reduce(prepared.constantByteCount) { $0 + graph.shape(of: $1).byteCount }
    }
  }

  /// Runs all nodes in order.
  public func run() { run(didRun: { _ in }) }

  /// Runs all nodes and reports when each one ends.
  ///
  /// - Parameter didRun: called after each node with its index.
  public func run(didRun: (Int) -> Void) {
    for (index, step) in steps.enumerated() {
      step.run(step.memory)
      didRun(index)
    }
  }

  private func address(_ tensor: TensorID) -> UnsafeMutablePointer<Float> {
    (arena.base + tensorOffsets[tensor.index]).assumingMemoryBound(to: Float.self)
  }

  /// Fills an input: planar [batch, channels, height, width] values for an image tensor, [rows, columns] for a
  /// dense one.
  ///
  /// - Precondition: `values` has exactly as many elements as the tensor.
  public func write(_ values: [Float], to tensor: TensorID) {
    precondition(graph.inputs.contains(tensor), "only inputs are written")
    values.withUnsafeBufferPointer { source in
      switch graph.shape(of: tensor) {
      case .blocked(let shape):
        precondition(source.count == shape.batch * shape.channels * shape.height * shape.width)
        kernels.fromPlanar(blocked: address(tensor), planar: source.baseAddress!, shape: shape)
      case .dense(let shape):
        precondition(source.count == shape.rows * shape.columns)
        let target = address(tensor)
        for row in 0..<shape.rows {
          for column in 0..<shape.columns {
            target[row * shape.rowStride + column] = source[row * shape.columns + column]
          }
        }
      }
    }
  }

  /// Copies a tensor out, in the order that `write` takes.
  ///
  /// - Precondition: the tensor is an input or a marked output; others are overwritten during a run.
  public func read(_ tensor: TensorID) -> [Float] {
    precondition(
      graph.inputs.contains(tensor) || graph.outputs.contains(tensor), "only inputs and outputs are read")
    let source = UnsafePointer(address(tensor))
    switch graph.shape(of: tensor) {
    case .blocked(let shape):
      let count = shape.batch * shape.channels * shape.height * shape.width
      return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
        kernels.toPlanar(planar: buffer.baseAddress!, blocked: source, shape: shape)
        initialized = count
      }
    case .dense(let shape):
      var values: [Float] = []
      values.reserveCapacity(shape.rows * shape.columns)
      for row in 0..<shape.rows {
        for column in 0..<shape.columns { values.append(source[row * shape.rowStride + column]) }
      }
      return values
    }
  }
}
