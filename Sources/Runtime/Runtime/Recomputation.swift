/// A graph in which tensors that wait long for their next reader are dropped and computed again just before it, so that
/// fewer live at one time (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016). Repeated nodes see the
/// same operands, so all results keep their bits.
///
/// Greedy: at the node where most bytes live, the tensor goes that is cheapest to bring back, per byte; and so on until the
/// limit is kept or nothing helps any more.
struct Recomputation {
  private(set) var graph: Graph
  /// The node of the given graph that each node is, or repeats.
  private(set) var origins: [Int]
  /// What the repeated nodes cost.
  private(set) var addedCost = 0.0

  private let workspaces: [Int]
  private let keepsEnds: Bool
  /// What a node of the given graph costs, in operations: its own, and those that its memory traffic takes the time of.
  private let costs: [Double]
  /// Tensor → the tensor of the given graph that it is, or repeats.
  private var originals: [Int]

  /// Operations in the time of moving one byte: of a machine, some 250 GFLOP/s against some 15 GB/s.
  private static let operationsPerByte = 16.0
  /// Candidates tried at one node before it is given up.
  private static let trials = 10

  /// - Parameters:
  ///   - workspaces, work, traffic: of each node; work as far as time goes.
  ///   - limit: bytes of an arena; nil leaves the graph as it is.
  ///   - keepsEnds: whether inputs and outputs lie elsewhere.
  init(
    _ graph: Graph, workspaces: [Int], work: [Double], traffic: [Int], limit: Int?, keepsEnds: Bool = true
  ) {
    self.keepsEnds = keepsEnds
    self.graph = graph
    origins = Array(graph.nodes.indices)
    self.workspaces = workspaces
    costs = zip(work, traffic).map { $0 + Double($1) * Self.operationsPerByte }
    originals = Array(graph.shapes.indices)
    guard let limit else { return }
    var goal = limit
    while true {
      let lives = Lives(self.graph, workspaces: origins.map { workspaces[$0] }, keepsEnds: keepsEnds)
      if lives.peak <= goal {
        // Greedy placement may need a little more than what lives.
        let excess = MemoryPlan(lives.records).byteCount - limit
        if excess <= 0 { return }
        goal = lives.peak - max(excess, MemoryPlan.alignment)
      }
      guard drop(lives) else { return }
    }
  }

  /// Which bytes live when.
  private struct Lives {
    let records: [UsageRecord]
    /// The most bytes, the first node where they live, and how many such nodes there are.
    let peak: Int, peakNode: Int, peakCount: Int
    /// Node that writes each tensor, -1 for inputs; nodes that read it, ascending.
    var producer: [Int], readers: [[Int]]
    let kept: Set<Int>
    let bufferOfTensor: [Int]

    init(_ graph: Graph, workspaces: [Int], keepsEnds: Bool) {
      let assignment = BufferAssignment(graph, workspaces: workspaces, keepsEnds: keepsEnds)
      records = assignment.arenaRecords
      kept = assignment.kept
      bufferOfTensor = assignment.bufferOfTensor
      producer = [Int](repeating: -1, count: graph.shapes.count)
      readers = [[Int]](repeating: [], count: graph.shapes.count)
      var change = [Int](repeating: 0, count: graph.nodes.count + 1)
      for record in records where record.byteCount > 0 {
        change[record.firstNode] += MemoryPlan.rounded(record.byteCount)
        change[record.lastNode + 1] -= MemoryPlan.rounded(record.byteCount)
      }
      var live = 0, peak = 0, peakNode = 0, peakCount = 0
      for (index, node) in graph.nodes.enumerated() {
        live += change[index]
        if live > peak { (peak, peakNode, peakCount) = (live, index, 0) }
        if live == peak { peakCount += 1 }
        producer[node.output.index] = index
        for input in Set(node.inputs) { readers[input.index].append(index) }
      }
      self.peak = peak
      self.peakNode = peakNode
      self.peakCount = peakCount
    }

    func isKept(_ tensor: Int) -> Bool { bufferOfTensor[tensor] >= 0 && kept.contains(bufferOfTensor[tensor]) }
  }

  /// Drops one tensor that lives at the peak without being used there.
  ///
  /// - Returns: false where none helps.
  private mutating func drop(_ lives: Lives) -> Bool {
    struct Candidate {
      var tensor: Int, reader: Int, nodes: [Int], price: Double
    }
    let peakNode = lives.peakNode
    var candidates: [Candidate] = []
    for tensor in graph.shapes.indices
    where lives.producer[tensor] >= 0 && lives.producer[tensor] < peakNode && !lives.isKept(tensor) {
      guard !lives.readers[tensor].contains(peakNode),
        let reader = lives.readers[tensor].first(where: { $0 > peakNode }),
        let nodes = nodesToRepeat(tensor, before: reader, lives)
      else { continue }
      let cost = nodes.reduce(0) { $0 + costs[origins[$1]] }
      let byteCount = graph.shapes[tensor].byteCount
      // Crumbs do not help.
      if byteCount < 4096 { continue }
      candidates.append(Candidate(tensor: tensor, reader: reader, nodes: nodes, price: cost / Double(byteCount)))
    }
    candidates.sort { $0.price == $1.price ? $0.tensor < $1.tensor : $0.price < $1.price }
    for candidate in candidates.prefix(Self.trials) {
      var trial = self
      trial.repeatNodes(candidate.nodes, before: candidate.reader, lives)
      let after = Lives(trial.graph, workspaces: trial.origins.map { workspaces[$0] }, keepsEnds: keepsEnds)
      // The peak may stay while several nodes share it, but they must become fewer: a repeated node may be as large.
      if after.peak < lives.peak || after.peak == lives.peak && after.peakCount < lives.peakCount {
        self = trial
        return true
      }
    }
    return false
  }

  /// The nodes that bring a tensor back, in order, from what lives at `reader` anyway; nil where that takes too many.
  private func nodesToRepeat(_ tensor: Int, before reader: Int, _ lives: Lives) -> [Int]? {
    var nodes: Set<Int> = [], pending = [tensor]
    while let tensor = pending.popLast() {
      let node = lives.producer[tensor]
      guard node >= 0, nodes.insert(node).inserted else { continue }
      if nodes.count > 24 { return nil }
      for input in graph.nodes[node].inputs where standIn(for: input.index, at: reader, lives) == nil {
        pending.append(input.index)
      }
    }
    return nodes.sorted()
  }

  /// A tensor with the same values that lives at a node: this one, or another copy.
  private func standIn(for tensor: Int, at node: Int, _ lives: Lives) -> Int? {
    func isThere(_ tensor: Int) -> Bool {
      if lives.isKept(tensor) { return true }
      guard lives.producer[tensor] < node, let last = lives.readers[tensor].last else { return false }
      return last >= node
    }
    if isThere(tensor) { return tensor }
    let original = originals[tensor]
    return originals.indices.first { originals[$0] == original && $0 != tensor && isThere($0) }
  }

  /// Repeats nodes before a reader, which then reads the copies, and so does all that follows.
  private mutating func repeatNodes(_ repeated: [Int], before reader: Int, _ lives: Lives) {
    var nodes = Array(graph.nodes[..<reader]), shapes = graph.shapes, origins = Array(self.origins[..<reader])
    var copies: [TensorID: TensorID] = [:]
    for index in repeated {
      let node = graph.nodes[index]
      let inputs = node.inputs.map { input in
        copies[input] ?? standIn(for: input.index, at: reader, lives).map(TensorID.init(index:)) ?? input
      }
      let output = TensorID(index: shapes.count)
      shapes.append(graph.shape(of: node.output))
      originals.append(originals[node.output.index])
      nodes.append(Node(operation: node.operation, inputs: inputs, output: output))
      origins.append(self.origins[index])
      copies[node.output] = output
      addedCost += costs[self.origins[index]]
    }
    for index in reader..<graph.nodes.count {
      let node = graph.nodes[index]
      nodes.append(
        Node(operation: node.operation, inputs: node.inputs.map { copies[$0] ?? $0 }, output: node.output))
      origins.append(self.origins[index])
    }
    graph = Graph(nodes: nodes, shapes: shapes, inputs: graph.inputs, outputs: graph.outputs)
    self.origins = origins
  }
}
