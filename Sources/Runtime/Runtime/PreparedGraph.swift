import SIMDKernels

/// A graph that is ready to run: kernels chosen, weights packed, every tensor at its place.
///
/// Inputs and outputs lie in memory of the graph's own; all others in an arena that graphs may share. A run allocates
/// nothing and gives the same bits for any number of threads. Not thread-safe: one run at a time.
package final class PreparedGraph {
  /// As it runs: with the nodes that are computed again to save memory.
  package let graph: Graph
  package let kernels: Kernels
  /// Of all tensors: those in the arena, and those of the graph's own.
  package let memoryPlan: MemoryPlan
  /// Nodes that are computed again to keep to the arena's limit.
  package let recomputedCount: Int
  private let arena: SharedArena
  private let kept: Arena
  private let operators: [PreparedOperator]
  private let places: [Place]
  private let workspaceOffsets: [Int?]
  /// Addresses at the arena's present place.
  private var steps: [OperatorMemory] = []
  private var stepsBase: UnsafeMutableRawPointer?
  /// Floating-point operations of each node, by its definition.
  package var work: [Int] { operators.map(\.work) }
  /// Operations in the time that each node takes, about.
  package var effectiveWork: [Double] { operators.map(\.effectiveWork) }
  /// What the algorithms at hand execute of it, and the bytes that their transforms load and store.
  package var matrixWork: [Int] { operators.map(\.matrixWork) }
  package var transformByteCounts: [Int] { operators.map(\.transformByteCount) }
  /// Nodes that run together, plane by plane, in order; most stand alone.
  package let groups: [Range<Int>]
  /// Bytes that each group must move at least: what it reads and what others read of it, each once.
  package let traffic: [Int]

  /// Where a tensor lies.
  private enum Place {
    case own(UnsafeMutableRawPointer)
    case arena(offset: Int)
  }

  /// - Parameter arena: where the tensors of a run lie; nil for one of its own. Graphs that share it take turns.
  package init(_ graph: Graph, kernels: Kernels, arena: SharedArena? = nil) throws(GraphError) {
    let arena = arena ?? SharedArena()
    self.kernels = kernels
    self.arena = arena

    var prepared: [PreparedOperator] = []
    for node in graph.nodes {
      prepared.append(
        try node.operation.prepare(
          PreparationSite(
            kernels: kernels, inputs: node.inputs.map(graph.shape(of:)), output: graph.shape(of: node.output))))
    }
    let traffic = zip(graph.nodes, prepared).map { node, prepared in
      (node.inputs + [node.output]).reduce(prepared.constantByteCount) { $0 + graph.shape(of: $1).byteCount }
    }
    let recomputation = Recomputation(
      graph, workspaces: prepared.map(\.workspaceByteCount), work: prepared.map(\.effectiveWork), traffic: traffic,
      limit: arena.limit)
    let schedule = recomputation.graph
    let operators = recomputation.origins.map { prepared[$0] }
    self.graph = schedule
    let fusion = PlaneFusion(schedule, operators, threadCount: kernels.threadCount, isAllowed: arena.limit == nil)
    groups = fusion.groups
    self.traffic = fusion.traffic(schedule, operators)
    recomputedCount = operators.count - prepared.count
    arena.noteRecomputed(recomputedCount, cost: recomputation.addedCost)

    let assignment = BufferAssignment(
      schedule, workspaces: operators.map(\.workspaceByteCount), groups: fusion.groups)
    var plan = MemoryPlan(assignment.arenaRecords)
    let offsets = plan.offsets
    var keptOffsets: [Int: Int] = [:], keptByteCount = 0
    for buffer in assignment.kept.sorted() {
      keptOffsets[buffer] = keptByteCount
      keptByteCount += MemoryPlan.rounded(assignment.records[buffer].byteCount)
    }
    let kept = try Arena(byteCount: keptByteCount)
    self.kept = kept
    try arena.reserve(plan.byteCount, isPlanning: kernels.isPlanning)
    places = assignment.bufferOfTensor.map { buffer in
      keptOffsets[buffer].map { .own(kept.base + $0) } ?? .arena(offset: buffer < 0 ? 0 : offsets[buffer])
    }
    workspaceOffsets = assignment.bufferOfWorkspace.map { $0.map { offsets[$0] } }
    self.operators = operators
    plan.byteCount += keptByteCount
    plan.lowerBound += keptByteCount
    memoryPlan = plan
    arena.noteKept(kept.byteCount)
  }

  deinit { arena.noteKept(-kept.byteCount) }

  /// Runs all nodes in order.
  package func run() { run(didRun: { _ in }) }

  /// Runs all nodes and reports when each group ends.
  ///
  /// - Parameter didRun: called after each of `groups` with its index.
  package func run(didRun: (Int) -> Void) {
    arena.withMemory { base in
      if stepsBase != base { place(at: base) }
      for (index, group) in groups.enumerated() {
        if group.count == 1 { operators[group.lowerBound].run(steps[group.lowerBound]) } else { runPlanes(group) }
        didRun(index)
      }
    }
  }

  private func runPlanes(_ group: Range<Int>) {
    let floats = group.reduce(0) { $0 + graph.shape(of: graph.nodes[$1].output).byteCount / 4 }
    kernels.forEachPlane(operators[group.lowerBound].planeCount, cost: floats) { plane in
      for index in group { operators[index].runPlane(steps[index], plane) }
    }
    for index in group { operators[index].finish?(steps[index]) }
  }

  private func place(at base: UnsafeMutableRawPointer) {
    func address(_ tensor: TensorID) -> UnsafeMutablePointer<Float> {
      switch places[tensor.index] {
      case .own(let pointer): pointer.assumingMemoryBound(to: Float.self)
      case .arena(let offset): (base + offset).assumingMemoryBound(to: Float.self)
      }
    }
    steps = graph.nodes.enumerated().map { index, node in
      OperatorMemory(
        inputs: ContiguousArray(node.inputs.map { UnsafePointer(address($0)) }), output: address(node.output),
        workspace: workspaceOffsets[index].map { base + $0 })
    }
    stepsBase = base
  }

  /// Of an input or output.
  private func address(_ tensor: TensorID) -> UnsafeMutablePointer<Float> {
    guard case .own(let pointer) = places[tensor.index] else {
      preconditionFailure("only inputs and outputs have a lasting place")
    }
    return pointer.assumingMemoryBound(to: Float.self)
  }

  /// Fills an input: planar [batch, channels, height, width] values for an image tensor, [rows, columns] for a
  /// dense one.
  ///
  /// - Precondition: `values` has exactly as many elements as the tensor.
  package func write(_ values: [Float], to tensor: TensorID) {
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
  package func read(_ tensor: TensorID) -> [Float] {
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
