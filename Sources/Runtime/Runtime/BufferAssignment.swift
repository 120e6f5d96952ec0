/// Which tensors share a buffer, and how long each buffer lives.
///
/// Inputs and outputs of the graph are kept where the caller writes and reads them between runs. An operator's
/// output takes over the buffer of an input where the operator allows it and nobody reads that input later, nor the operator
/// itself in another place: it may have written over it by then.
struct BufferAssignment {
  private(set) var records: [UsageRecord] = []
  private(set) var bufferOfTensor: [Int]
  private(set) var bufferOfWorkspace: [Int?]
  /// Buffers whose contents outlive a run.
  private(set) var kept: Set<Int>

  /// - Parameters:
  ///   - groups: nodes that run interleaved: what one of them uses lives while any does.
  ///   - keepsEnds: whether inputs and outputs outlive a run; else inputs live up to their last use.
  init(_ graph: Graph, workspaces: [Int], groups: [Range<Int>] = [], keepsEnds: Bool = true) {
    let end = max(graph.nodes.count - 1, 0)
    var lastUse = [Int](repeating: -1, count: graph.shapes.count)
    for (index, node) in graph.nodes.enumerated() {
      lastUse[node.output.index] = max(lastUse[node.output.index], index)
      for input in node.inputs { lastUse[input.index] = index }
    }
    for tensor in graph.inputs { lastUse[tensor.index] = keepsEnds ? end : max(lastUse[tensor.index], 0) }
    for tensor in graph.outputs { lastUse[tensor.index] = end }

    var records: [UsageRecord] = []
    var bufferOfTensor = [Int](repeating: -1, count: graph.shapes.count)
    let pinned = Set(keepsEnds ? graph.inputs + graph.outputs : graph.outputs)
    for input in graph.inputs {
      bufferOfTensor[input.index] = records.count
      records.append(
        UsageRecord(firstNode: 0, lastNode: lastUse[input.index], byteCount: graph.shape(of: input).byteCount))
    }
    for (index, node) in graph.nodes.enumerated() {
      let shape = graph.shape(of: node.output)
      let donor = node.operation.inPlaceInputs.lazy.map { node.inputs[$0] }.first { input in
        !pinned.contains(input) && lastUse[input.index] == index && graph.shape(of: input) == shape
          && node.inputs.filter { $0 == input }.count == 1
      }
      if let donor {
        let buffer = bufferOfTensor[donor.index]
        bufferOfTensor[node.output.index] = buffer
        records[buffer].lastNode = max(records[buffer].lastNode, lastUse[node.output.index])
      } else {
        bufferOfTensor[node.output.index] = records.count
        records.append(
          UsageRecord(
            firstNode: index, lastNode: lastUse[node.output.index], byteCount: shape.byteCount))
      }
    }
    bufferOfWorkspace = workspaces.enumerated().map { index, byteCount in
      guard byteCount > 0 else { return nil }
      records.append(UsageRecord(firstNode: index, lastNode: index, byteCount: byteCount))
      return records.count - 1
    }
    for group in groups where group.count > 1 {
      for index in records.indices {
        if group.contains(records[index].firstNode) { records[index].firstNode = group.lowerBound }
        if group.contains(records[index].lastNode) { records[index].lastNode = group.upperBound - 1 }
      }
    }
    kept = keepsEnds ? Set(pinned.map { bufferOfTensor[$0.index] }) : []
    self.records = records
    self.bufferOfTensor = bufferOfTensor
  }

  /// The records, kept buffers without bytes: what an arena has to hold.
  var arenaRecords: [UsageRecord] {
    records.enumerated().map { index, record in
      kept.contains(index)
        ? UsageRecord(firstNode: record.firstNode, lastNode: record.lastNode, byteCount: 0) : record
    }
  }
}
