import SIMDKernels

/// Nodes of a group that do a plane together, before the next ones do: in bands of rows, of which what one node wrote is in a
/// cache when the next reads it, or a node alone, all of the plane.
struct PlaneTurn {
  let nodes: Range<Int>
  /// Rows of a plane, and of a band; all where nothing is gained by less.
  let height: Int, rowsPerBand: Int

  static func turns(
    of group: Range<Int>, _ graph: Graph, _ operators: [PreparedOperator], bandByteCount: Int
  ) -> [PlaneTurn] {
    var turns: [PlaneTurn] = []
    var first = group.lowerBound
    while first < group.upperBound {
      let nodes = bandRun(graph, operators, from: first, before: group.upperBound)
      if let bands = operators[first].bands, nodes.count > 1 {
        let rows = max(1, bandByteCount / bands.rowByteCount)
        turns.append(PlaneTurn(nodes: nodes, height: bands.shape.height, rowsPerBand: min(rows, bands.shape.height)))
      } else {
        turns.append(PlaneTurn(nodes: nodes, height: 1, rowsPerBand: 1))
      }
      first = nodes.upperBound
    }
    return turns
  }

  /// Whether its nodes do all of a plane at once.
  var isWhole: Bool { rowsPerBand == height }

  @inline(__always) func forEachBand(_ body: (Range<Int>) -> Void) {
    for first in stride(from: 0, to: height, by: rowsPerBand) { body(first..<min(height, first + rowsPerBand)) }
  }
}

/// Nodes of which one reads all planes of an image, as do the RGB images of a generator: all of them do some rows of all planes before
/// the next rows.
struct RowTurn {
  let nodes: Range<Int>
  let batch: Int, height: Int, rowsPerBand: Int
  /// Of each node's output.
  let blocks: [Int]

  /// Nil where no node from `first` on reads planes that others of the turn write.
  init?(_ graph: Graph, _ operators: [PreparedOperator], from first: Int, _ kernels: Kernels) {
    nodes = bandRun(graph, operators, from: first, before: operators.count)
    let shapes = nodes.compactMap { operators[$0].bands?.shape }
    var written: Set<TensorID> = [], isNeeded = false
    for index in nodes where shapes.count > 1 {
      let readsPlanes = operators[index].bands?.reach == .planes
      if readsPlanes, !written.isDisjoint(with: graph.nodes[index].inputs) { isNeeded = true }
      written.insert(graph.nodes[index].output)
    }
    guard isNeeded else { return nil }
    batch = shapes[0].batch
    height = shapes[0].height
    blocks = shapes.map(\.blocks)
    let rowByteCount = shapes.map { $0.blocks * $0.rowStride * 4 }.max() ?? 1
    // Half of the cache for what passes on, in enough tasks for all workers.
    let tasks = 4 * kernels.threadCount
    rowsPerBand = max(1, min(4 * kernels.bandByteCount / rowByteCount, (height + tasks - 1) / tasks))
  }

  private var bandsPerImage: Int { (height + rowsPerBand - 1) / rowsPerBand }
  var taskCount: Int { batch * bandsPerImage }

  /// Calls `body` for each node's planes of the rows of a task, node by node.
  @inline(__always) func forEachBand(of task: Int, _ body: (_ node: Int, PlaneBand) -> Void) {
    let image = task / bandsPerImage, first = task % bandsPerImage * rowsPerBand
    let rows = first..<min(height, first + rowsPerBand)
    for (index, node) in nodes.enumerated() {
      for block in 0..<blocks[index] { body(node, PlaneBand(plane: image * blocks[index] + block, rows: rows)) }
    }
  }
}

/// The longest run of nodes from `first` on that go band by band: who reads other rows than it writes finds them there, and they stay
/// what they are while the run lasts. Just `first` where it has no bands.
private func bandRun(
  _ graph: Graph, _ operators: [PreparedOperator], from first: Int, before limit: Int
) -> Range<Int> {
  guard let shape = operators[first].bands?.shape else { return first..<first + 1 }
  var written: Set<TensorID> = [], neighborhoods: Set<TensorID> = []
  var end = first
  while end < limit, let bands = operators[end].bands, bands.shape.height == shape.height,
    bands.shape.batch == shape.batch
  {
    let inputs = graph.nodes[end].inputs, readsNeighbors = bands.reach == .neighbors
    guard neighborhoods.isDisjoint(with: inputs), !readsNeighbors || written.isDisjoint(with: inputs) else { break }
    written.insert(graph.nodes[end].output)
    if readsNeighbors { neighborhoods.formUnion(inputs) }
    end += 1
  }
  return first..<end
}
