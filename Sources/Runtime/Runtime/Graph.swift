import SIMDKernels

/// Names one tensor of a graph.
package struct TensorID: Hashable, Sendable {
  package let index: Int
}

/// The layout and extent of one tensor: activations are blocked (NCHWc16), codes, styles and losses are dense.
package enum Shape: Hashable, Sendable, CustomStringConvertible {
  case blocked(BlockedShape)
  case dense(DenseShape)

  package var byteCount: Int {
    switch self {
    case .blocked(let shape): shape.byteCount
    case .dense(let shape): shape.byteCount
    }
  }

  package var description: String {
    switch self {
    case .blocked(let s): "[\(s.batch), \(s.channels), \(s.height), \(s.width)]"
    case .dense(let s): "[\(s.rows), \(s.columns)]"
    }
  }
}

/// What can go wrong while a graph is built or prepared. All of it is found before the first run.
package enum GraphError: Error, Equatable, CustomStringConvertible {
  /// An operator was given a tensor of a shape that it does not accept.
  case shapeMismatch(operator: String, expected: String, found: String)
  /// A gradient was asked for through an operator that has none.
  case notDifferentiable(operator: String)
  /// The system refuses memory for tensors or packed weights.
  case outOfMemory(byteCount: Int)
  /// Weights do not have the shape that the network needs.
  case badWeights(name: String, expected: String, found: String)

  package var description: String {
    switch self {
    case .shapeMismatch(let op, let expected, let found):
      "\(op): expected an input of shape \(expected), found \(found)"
    case .notDifferentiable(let op): "\(op): has no gradient"
    case .outOfMemory(let byteCount): "cannot allocate \(byteCount) bytes of memory"
    case .badWeights(let name, let expected, let found):
      "weights '\(name)': expected \(expected), found \(found)"
    }
  }
}

/// One application of an operator.
package struct Node: Sendable {
  package let operation: any Operator
  package let inputs: [TensorID]
  package let output: TensorID
}

/// A static graph: nodes in topological order, built once per model and never changed while it runs.
///
/// Appending is the only way to add a node, and a node can only name tensors that exist, so the order of `nodes` is
/// a topological order by construction.
package struct Graph: Sendable {
  package private(set) var nodes: [Node] = []
  package private(set) var shapes: [Shape] = []
  /// Tensors written by the caller. They keep their contents from run to run.
  package private(set) var inputs: [TensorID] = []
  /// Tensors that are read after a run; they stay valid until the next one.
  package private(set) var outputs: [TensorID] = []

  package init() {}

  /// Nodes in topological order, whose tensors `shapes` describes.
  init(nodes: [Node], shapes: [Shape], inputs: [TensorID], outputs: [TensorID]) {
    self.nodes = nodes
    self.shapes = shapes
    self.inputs = inputs
    self.outputs = outputs
  }

  package func shape(of tensor: TensorID) -> Shape { shapes[tensor.index] }

  package mutating func input(_ shape: Shape) -> TensorID {
    let tensor = newTensor(shape)
    inputs.append(tensor)
    return tensor
  }

  @discardableResult
  package mutating func append(_ operation: any Operator, _ inputs: TensorID...) throws(GraphError)
    -> TensorID
  {
    try append(operation, inputs)
  }

  package mutating func append(_ operation: any Operator, _ inputs: [TensorID]) throws(GraphError)
    -> TensorID
  {
    let output = newTensor(try operation.outputShape(inputs.map { shapes[$0.index] }))
    nodes.append(Node(operation: operation, inputs: inputs, output: output))
    return output
  }

  package mutating func markOutput(_ tensor: TensorID) {
    if !outputs.contains(tensor) { outputs.append(tensor) }
  }

  private mutating func newTensor(_ shape: Shape) -> TensorID {
    shapes.append(shape)
    return TensorID(index: shapes.count - 1)
  }
}
