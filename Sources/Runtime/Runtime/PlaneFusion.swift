/// Runs of nodes that take turns plane by plane: while a plane is in a cache, all of them do it, one after the other. Then
/// workers wait for each other once a run, not once a node, and what one node wrote the next need not fetch from memory.
///
/// Losses too take their turn on each plane, and add up when all planes are done.
///
/// A run is fused where its planes divide well among the threads. Its tensors live from its first node to its last, which
/// may take a little more memory: an arena with a limit goes without.
struct PlaneFusion {
  /// All nodes in order; what is not fused stands alone.
  let groups: [Range<Int>]

  init(_ graph: Graph, _ operators: [PreparedOperator], threadCount: Int, isAllowed: Bool) {
    var groups: [Range<Int>] = []
    var first = 0
    while first < operators.count {
      let planes = operators[first].planeCount
      var end = first + 1
      if isAllowed, planes > 0, planes % threadCount == 0 || planes >= 4 * threadCount {
        // What is written at the end of a run is for those after it.
        var unfinished: Set<TensorID> = []
        while true {
          if operators[end - 1].finish != nil { unfinished.insert(graph.nodes[end - 1].output) }
          guard end < operators.count, operators[end].planeCount == planes,
            unfinished.isDisjoint(with: graph.nodes[end].inputs)
          else { break }
          end += 1
        }
      }
      groups.append(first..<end)
      first = end
    }
    self.groups = groups
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
