/// Runs of nodes that take turns plane by plane: while a plane is in a cache, all of them do it, one after the other. Then
/// workers wait for each other once a run, not once a node, and what one node wrote the next need not fetch from memory.
///
/// A large plane does not stay in a cache. Neighbors that can take turns on each band of its rows (`PlaneTurn`).
///
/// Losses too take their turn on each plane, and add up when all planes are done.
///
/// A run is fused where its planes divide well among the threads. Its tensors live from its first node to its last, which
/// may take a little more memory: an arena with a limit goes without.
struct PlaneFusion {
  /// All nodes in order; what is not fused stands alone.
  let groups: [Range<Int>]
  /// Of each group, who takes turns on a plane; none where a node stands alone.
  let turns: [[PlaneTurn]]

  /// - Parameter bandByteCount: of one tensor's rows in a band.
  init(
    _ graph: Graph, _ operators: [PreparedOperator], threadCount: Int, bandByteCount: Int, isAllowed: Bool
  ) {
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
    turns = groups.map { group in
      group.count == 1 ? [] : PlaneTurn.turns(of: group, graph, operators, bandByteCount: bandByteCount)
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

/// Nodes of a group that do a plane together, before the next ones do: in bands of rows, of which what one node wrote is in a
/// cache when the next reads it, or a node alone, all of the plane.
struct PlaneTurn {
  let nodes: Range<Int>
  /// Rows of a plane, and of a band; all where nothing is gained by less.
  let height: Int, rowsPerBand: Int

  /// Who reads other rows than it writes must find them there, and unchanged while the turn lasts.
  static func turns(
    of group: Range<Int>, _ graph: Graph, _ operators: [PreparedOperator], bandByteCount: Int
  ) -> [PlaneTurn] {
    var turns: [PlaneTurn] = []
    var first = group.lowerBound
    while first < group.upperBound {
      var end = first + 1
      guard let bands = operators[first].bands else {
        turns.append(PlaneTurn(nodes: first..<end, height: 1, rowsPerBand: 1))
        first = end
        continue
      }
      var written: Set = [graph.nodes[first].output]
      var neighborhoods = Set(bands.readsNeighbors ? graph.nodes[first].inputs : [])
      while end < group.upperBound, let next = operators[end].bands, next.height == bands.height {
        let inputs = graph.nodes[end].inputs
        guard neighborhoods.isDisjoint(with: inputs), !next.readsNeighbors || written.isDisjoint(with: inputs) else {
          break
        }
        written.insert(graph.nodes[end].output)
        if next.readsNeighbors { neighborhoods.formUnion(inputs) }
        end += 1
      }
      let rows = end - first == 1 ? bands.height : max(1, bandByteCount / bands.rowByteCount)
      turns.append(PlaneTurn(nodes: first..<end, height: bands.height, rowsPerBand: min(rows, bands.height)))
      first = end
    }
    return turns
  }

  /// Calls `body` for each band of a plane, from the top.
  @inline(__always) func forEachBand(_ body: (Range<Int>) -> Void) {
    var row = 0
    while row < height {
      let end = min(height, row + rowsPerBand)
      body(row..<end)
      row = end
    }
  }

  /// Whether its nodes do all of a plane at once.
  var isWhole: Bool { rowsPerBand == height }
}
