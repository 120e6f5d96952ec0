import SIMDKernels

/// A graph that is ready to run: kernels chosen, weights packed, every tensor at its place.
///
/// Inputs and outputs lie in memory of the graph's own, unless nobody needs them between runs; all others in an arena that
/// graphs may share. A run allocates nothing and gives the same bits for any number of threads. Not thread-safe: one run at a
/// time.
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
  /// What the inputs of `steps` point to, node by node.
  private let inputAddresses: UnsafeMutableBufferPointer<UnsafePointer<Float>>
  private var stepsBase: UnsafeMutableRawPointer?
  /// Floating-point operations of each node, by its definition.
  package var work: [Int] { operators.map(\.work) }
  /// Operations in the time that each node takes, about.
  package var effectiveWork: [Double] { operators.map(\.effectiveWork) }
  /// What the algorithms at hand execute of it, and the bytes that their transforms load and store.
  package var matrixWork: [Int] { operators.map(\.matrixWork) }
  package var transformByteCounts: [Int] { operators.map(\.transformByteCount) }
  package var arithmetics: [ProductArithmetic] { operators.map(\.arithmetic) }
  /// Nodes that run together, plane by plane, in order; most stand alone.
  package let groups: [Range<Int>]
  /// How each of them runs.
  private let ways: [PlaneFusion.Way]
  /// Bytes that each group must move at least: what it reads and what others read of it, each once.
  package let traffic: [Int]

  /// Where a tensor lies.
  private enum Place {
    case own(UnsafeMutableRawPointer)
    case arena(offset: Int)
  }

  /// - Parameters:
  ///   - arena: where the tensors of a run lie; nil for one of its own. Graphs that share it take turns.
  ///   - keepsEnds: whether inputs and outputs have memory of their own, so that they can be written and read one by one,
  ///     and stay. Without, they lie in the arena too, and runs are those of `run(_:reading:)`.
  package init(
    _ graph: Graph, kernels: Kernels, arena: SharedArena? = nil, keepsEnds: Bool = true
  ) throws(GraphError) {
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
      limit: arena.limit, keepsEnds: keepsEnds)
    let schedule = recomputation.graph
    let operators = recomputation.origins.map { prepared[$0] }
    self.graph = schedule
    let fusion = PlaneFusion(schedule, operators, kernels: kernels, isAllowed: arena.limit == nil)
    groups = fusion.groups
    ways = fusion.ways
    self.traffic = fusion.traffic(schedule, operators)
    recomputedCount = operators.count - prepared.count
    arena.noteRecomputed(recomputedCount, cost: recomputation.addedCost)

    let assignment = BufferAssignment(
      schedule, workspaces: operators.map(\.workspaceByteCount), groups: fusion.groups, keepsEnds: keepsEnds)
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
    inputAddresses = .allocate(capacity: schedule.nodes.reduce(0) { $0 + $1.inputs.count })
    plan.byteCount += keptByteCount
    plan.lowerBound += keptByteCount
    memoryPlan = plan
    arena.noteKept(kept.byteCount)
  }

  deinit {
    arena.noteKept(-kept.byteCount)
    inputAddresses.deallocate()
  }

  /// Runs all nodes in order.
  package func run() { run(didRun: { _ in }) }

  /// Runs all nodes and reports when each group ends.
  ///
  /// - Parameter didRun: called after each of `groups` with its index.
  package func run(didRun: (Int) -> Void) {
    arena.withMemory { run(at: $0, didRun) }
  }

  /// Fills inputs, runs all nodes and copies tensors out, while no other graph uses the arena.
  ///
  /// - Parameters:
  ///   - inputs: as `write` takes them; all of them where the graph keeps no ends.
  ///   - outputs: inputs or marked outputs; only outputs where the graph keeps no ends.
  /// - Returns: of each of `outputs`, what `read` gives.
  package func run(
    _ inputs: [(tensor: TensorID, values: [Float])], reading outputs: [TensorID]
  ) -> [[Float]] {
    var results: [[Float]] = []
    arena.withMemory { base in
      for input in inputs { write(input.values, to: input.tensor, at: address(input.tensor, base)) }
      run(at: base) { _ in }
      results = outputs.map { read($0, at: address($0, base)) }
    }
    return results
  }

  private func run(at base: UnsafeMutableRawPointer, _ didRun: (Int) -> Void) {
    if stepsBase != base { place(at: base) }
    for (index, group) in groups.enumerated() {
      switch ways[index] {
      case .alone: operators[group.lowerBound].run(steps[group.lowerBound])
      case .planes(let turns): runPlanes(group, turns)
      case .rows(let turn): runRows(turn)
      }
      didRun(index)
    }
  }

  /// Floats that a group writes.
  private func cost(_ group: Range<Int>) -> Int {
    group.reduce(0) { $0 + graph.shape(of: graph.nodes[$1].output).byteCount / 4 }
  }

  private func runRows(_ turn: RowTurn) {
    for index in turn.nodes { operators[index].bands?.begin?(steps[index]) }
    kernels.forEachPlane(turn.taskCount, cost: cost(turn.nodes)) { task in
      turn.forEachBand(of: task) { operators[$0].bands?.run(steps[$0], $1) }
    }
  }

  private func runPlanes(_ group: Range<Int>, _ turns: [PlaneTurn]) {
    for index in group { operators[index].bands?.begin?(steps[index]) }
    kernels.forEachPlane(operators[group.lowerBound].planeCount, cost: cost(group)) { plane in
      for turn in turns {
        if turn.isWhole {
          for index in turn.nodes { operators[index].runPlane(steps[index], plane) }
        } else {
          turn.forEachBand { rows in
            for index in turn.nodes { operators[index].bands?.run(steps[index], PlaneBand(plane: plane, rows: rows)) }
          }
        }
      }
    }
    for index in group { operators[index].finish?(steps[index]) }
  }

  private func place(at base: UnsafeMutableRawPointer) {
    var filled = 0
    steps = graph.nodes.enumerated().map { index, node in
      let first = filled
      for input in node.inputs {
        inputAddresses.initializeElement(at: filled, to: UnsafePointer(address(input, base)))
        filled += 1
      }
      return OperatorMemory(
        inputs: UnsafeBufferPointer(rebasing: inputAddresses[first..<filled]), output: address(node.output, base),
        workspace: workspaceOffsets[index].map { base + $0 })
    }
    stepsBase = base
  }

  private func address(_ tensor: TensorID, _ base: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
    switch places[tensor.index] {
    case .own(let pointer): pointer.assumingMemoryBound(to: Float.self)
    case .arena(let offset): (base + offset).assumingMemoryBound(to: Float.self)
    }
  }

  /// Of an input or output that is kept.
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
  package func write(_ values: [Float], to tensor: TensorID) { write(values, to: tensor, at: address(tensor)) }

  private func write(_ values: [Float], to tensor: TensorID, at target: UnsafeMutablePointer<Float>) {
    precondition(graph.inputs.contains(tensor), "only inputs are written")
    values.withUnsafeBufferPointer { source in
      switch graph.shape(of: tensor) {
      case .blocked(let shape):
        precondition(source.count == shape.batch * shape.channels * shape.height * shape.width)
        kernels.fromPlanar(blocked: target, planar: source.baseAddress!, shape: shape)
      case .dense(let shape):
        precondition(source.count == shape.rows * shape.columns)
        for row in 0..<shape.rows {
          let line = target + row * shape.rowStride
          for column in 0..<shape.columns { line[column] = source[row * shape.columns + column] }
          for column in shape.columns..<shape.rowStride { line[column] = 0 }
        }
      }
    }
  }

  /// Copies a tensor out, in the order that `write` takes.
  ///
  /// - Precondition: the tensor is an input or a marked output; others are overwritten during a run.
  package func read(_ tensor: TensorID) -> [Float] { read(tensor, at: address(tensor)) }

  private func read(_ tensor: TensorID, at place: UnsafeMutablePointer<Float>) -> [Float] {
    precondition(
      graph.inputs.contains(tensor) || graph.outputs.contains(tensor), "only inputs and outputs are read")
    let source = UnsafePointer(place)
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
