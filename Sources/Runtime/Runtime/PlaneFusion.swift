import SIMDKernels

/// Runs of nodes that take turns: while some of a tensor is in a cache, all of them do it, one after the other. Then workers wait
/// for each other once a run, not once a node, and what one node wrote the next need not fetch from memory.
///
/// Most go plane by plane (`PlaneTurn`). Losses too take their turn on each plane, and add up when all planes are done. Those that make
/// an image of all planes go by rows of an image, with those before and after them (`RowTurn`).
///
/// Planes are fused where they divide well among the threads. The tensors of a run live from its first node to its last, which
/// may take a little more memory: an arena with a limit goes without.
struct PlaneFusion {
  /// How the nodes of a group run.
  enum Way {
    case alone
    /// One plane after the other.
    case planes([PlaneTurn])
    /// Some rows of an image after the other.
    case rows(RowTurn)
  }

  /// All nodes in order; what is not fused stands alone.
  let groups: [Range<Int>]
  /// Of each group.
  let ways: [Way]

  init(_ graph: Graph, _ operators: [PreparedOperator], kernels: Kernels, isAllowed: Bool) {
    var groups: [Range<Int>] = [], ways: [Way] = []
    var first = 0
    while first < operators.count {
      var group = first..<first + 1, way = Way.alone
      if isAllowed, let turn = RowTurn(graph, operators, from: first, kernels) {
        (group, way) = (turn.nodes, .rows(turn))
      } else if isAllowed {
        group = Self.planeGroup(graph, operators, from: first, threadCount: kernels.threadCount)
        if group.count > 1 {
          way = .planes(PlaneTurn.turns(of: group, graph, operators, bandByteCount: kernels.bandByteCount))
        }
      }
      groups.append(group)
      ways.append(way)
      first = group.upperBound
    }
    self.groups = groups
    self.ways = ways
  }

  private static func planeGroup(
    _ graph: Graph, _ operators: [PreparedOperator], from first: Int, threadCount: Int
  ) -> Range<Int> {
    let planes = operators[first].planeCount
    var end = first + 1
    guard planes > 0, planes % threadCount == 0 || planes >= 4 * threadCount else { return first..<end }
    // What is written at the end of a run is for those after it.
    var unfinished: Set<TensorID> = []
    while true {
      if operators[end - 1].finish != nil { unfinished.insert(graph.nodes[end - 1].output) }
      guard end < operators.count, operators[end].planeCount == planes,
        unfinished.isDisjoint(with: graph.nodes[end].inputs)
      else { return first..<end }
      end += 1
    }
  }

  /// Bytes that each group must move at least: what it reads from before it, what others read of it, and constants, each
  /// once.
  func traffic(_ graph: Graph, _ operators: [PreparedOperator]) -> [Int] {
    var lastReader = [Int](repeating: -1, count: graph.shapes.count)
    for (index, node) in graph.nodes.enumerated() { for input in node.inputs { lastReader[input.index] = index } }
    for tensor in graph.outputs { lastReader[tensor.index] = graph.nodes.count }
    return groups.map { group in
      let outputs = Set(group.map { graph.nodes[$0].output })
      let inputs = Set(group.flatMap { graph.nodes[$0].inputs }).subtracting(outputs)
      let wanted = outputs.filter { group.count == 1 || lastReader[$0.index] >= group.upperBound }
      let constants = group.reduce(0) { $0 + operators[$1].constantByteCount }
      return inputs.union(wanted).reduce(constants) { $0 + graph.shape(of: $1).byteCount }
    }
  }
}
