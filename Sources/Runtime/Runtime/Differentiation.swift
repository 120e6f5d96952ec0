extension Graph {
  /// Appends the nodes that compute the gradients of Σᵢ seedᵢ·lossᵢ by the given tensors (reverse mode).
  ///
  /// A tensor that several nodes read gets the sum of their gradients. Nodes that no loss depends on, or that depend
  /// on none of `tensors`, get no backward nodes: a frozen target costs nothing.
  ///
  /// - Parameters:
  ///   - losses: loss tensors and the gradients to start from, of the same shape (the losses' weights).
  ///   - tensors: what to differentiate by. They count as independent: no gradient flows through one of them to another.
  /// - Returns: one gradient per tensor, `nil` where no loss depends on it.
  package mutating func appendGradients(
    of losses: [(tensor: TensorID, seed: TensorID)], by tensors: [TensorID]
  ) throws(GraphError) -> [TensorID?] {
    var isActive = [Bool](repeating: false, count: shapes.count)
    for tensor in tensors { isActive[tensor.index] = true }
    let forwardNodes = nodes
    for node in forwardNodes where node.inputs.contains(where: { isActive[$0.index] }) {
      isActive[node.output.index] = true
    }

    var contributions: [TensorID: [TensorID]] = [:]
    for (tensor, seed) in losses where isActive[tensor.index] {
      contributions[tensor, default: []].append(seed)
    }
    let leaves = Set(tensors)
    for node in forwardNodes.reversed() where isActive[node.output.index] && !leaves.contains(node.output) {
      guard let gradOutput = try appendSum(contributions.removeValue(forKey: node.output)) else { continue }
      let wanted = node.inputs.map { isActive[$0.index] }
      let gradients = try node.operation.appendBackward(
        &self, node: node, gradOutput: gradOutput, wanted: wanted)
      for (input, gradient) in zip(node.inputs, gradients) {
        if let gradient { contributions[input, default: []].append(gradient) }
      }
    }

    var results: [TensorID?] = []
    for tensor in tensors { results.append(try appendSum(contributions[tensor])) }
    return results
  }

  private mutating func appendSum(_ terms: [TensorID]?) throws(GraphError) -> TensorID? {
    guard let terms, let first = terms.first else { return nil }
    return terms.count == 1 ? first : try append(Sum(), terms)
  }
}
