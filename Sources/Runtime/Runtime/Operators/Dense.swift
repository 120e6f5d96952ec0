import Quant
import SIMDKernels
import Synchronization

/// The frozen weights of a dense layer. They stay where they are, in the mapped model file, in the precision in which
/// they are stored: forward and backward read the same bytes.
package final class DenseLayerWeights: Sendable {
  package let name: String
  package let outputs: Int
  package let inputs: Int
  let bias: ConstantBuffer?
  let view: DenseWeights
  /// Keeps the memory alive that `view` points into.
  private let owner: any Sendable
  /// Where pages are given back after each use: the tensor.
  private let streamed: WeightTensor?
  /// Bytes that are in memory at a time while weights are streamed.
  private let partByteCount: Int
  private let prepared = Mutex(false)
  package var byteCount: Int { outputs * view.rowByteStride }
  package var isStreamed: Bool { streamed != nil }
  /// Whether a graph uses them.
  package var isPrepared: Bool { prepared.withLock { $0 } }

  /// Borrows a tensor [O, I] of a mapped model file.
  ///
  /// - Parameter isStreamed: whether the file's pages are given back after each use, if they are many.
  package convenience init(_ tensor: WeightTensor, bias: [Float]?, isStreamed: Bool = false) throws(GraphError) {
    try self.init(tensor, bias: bias, isStreamed: isStreamed, leastStreamed: 4 << 20, partByteCount: 4 << 20)
  }

  /// - Parameters:
  ///   - leastStreamed: less is not worth to be given back.
  ///   - partByteCount: what is in memory at a time while weights are streamed.
  init(
    _ tensor: WeightTensor, bias: [Float]?, isStreamed: Bool, leastStreamed: Int, partByteCount: Int
  ) throws(GraphError) {
    guard tensor.shape.count == 2 else {
      throw .badWeights(name: tensor.name, expected: "shape [O, I]", found: "\(tensor.shape)")
    }
    name = tensor.name
    outputs = tensor.shape[0]
    inputs = tensor.shape[1]
    self.bias = bias.map(ConstantBuffer.init)
    let scales = tensor.scales.map(ConstantBuffer.init)
    let element: DenseWeights.Element
    switch tensor.dtype {
    case .f32: element = .f32
    case .f16: element = .f16
    case .i8:
      guard let scales else {
        throw .badWeights(name: tensor.name, expected: "a scale per row", found: "none")
      }
      element = .int8(scales: scales.base)
    default:
      throw .badWeights(name: tensor.name, expected: "F32, F16 or I8", found: "\(tensor.dtype)")
    }
    // The tensor keeps its mapping, and with it this address, alive.
    view = tensor.withUnsafeBytes { bytes in
      DenseWeights(base: bytes.baseAddress!, element: element, outputs: tensor.shape[0], inputs: tensor.shape[1])
    }
    owner = Owner(tensor: tensor, scales: scales)
    streamed = isStreamed && tensor.byteCount >= leastStreamed ? tensor : nil
    self.partByteCount = partByteCount
  }

  /// Holds float weights [O, I] of its own.
  package init(name: String, outputs: Int, inputs: Int, values: [Float], bias: [Float]? = nil) {
    precondition(values.count == outputs * inputs)
    self.name = name
    self.outputs = outputs
    self.inputs = inputs
    self.bias = bias.map(ConstantBuffer.init)
    let storage = ConstantBuffer(values)
    view = DenseWeights(base: UnsafeRawPointer(storage.base), element: .f32, outputs: outputs, inputs: inputs)
    owner = storage
    streamed = nil
    partByteCount = 0
  }

  /// Holds a tensor [O, I] rounded to 8 bits, with a scale per row, as `Int8Tensor` does.
  package convenience init(rounding tensor: WeightTensor, bias: [Float]? = nil) {
    let codes = CodeBuffer(byteCount: tensor.elementCount)
    var scales: [Float] = []
    // A few rows at a time: the floats of all would take four times what is kept.
    let step = max(1, (1 << 20) / max(1, tensor.rowLength))
    for first in stride(from: 0, to: tensor.rows, by: step) {
      let rows = first..<min(first + step, tensor.rows)
      let part = Int8Tensor(quantizing: tensor.floats(rows: rows), rowCount: rows.count)
      codes.write(part.codes, at: first * tensor.rowLength)
      scales += part.scales
      tensor.adviseDontNeed(rows: rows)
    }
    self.init(
      name: tensor.name, CodeOwner(codes: codes, scales: ConstantBuffer(scales)), outputs: tensor.rows,
      inputs: tensor.rowLength, bias: bias)
  }

  /// The same weights with another bias.
  ///
  /// - Returns: nil where these are not codes of 8 bits of their own.
  package func replacingBias(_ bias: [Float]) -> DenseLayerWeights? {
    (owner as? CodeOwner).map { DenseLayerWeights(name: name, $0, outputs: outputs, inputs: inputs, bias: bias) }
  }

  private init(name: String, _ owner: CodeOwner, outputs: Int, inputs: Int, bias: [Float]?) {
    self.name = name
    self.outputs = outputs
    self.inputs = inputs
    self.bias = bias.map(ConstantBuffer.init)
    view = DenseWeights(
      base: owner.codes.base, element: .int8(scales: owner.scales.base), outputs: outputs, inputs: inputs)
    self.owner = owner
    streamed = nil
    partByteCount = 0
  }

  func willBeUsed() { prepared.withLock { $0 = true } }

  /// Calls `body` with the weights, or with parts of them, rows in order, which are given back before the next part.
  func forEachPart(_ body: (DenseWeights, _ firstOutput: Int) -> Void) {
    guard let streamed else { return body(view, 0) }
    // Blocks of 64 rows, as the kernels take them: the sums keep their order.
    let rows = max(64, partByteCount / max(1, view.rowByteStride) & ~63)
    for first in stride(from: 0, to: outputs, by: rows) {
      let count = min(rows, outputs - first)
      var part = view
      part.base = view.base + first * view.rowByteStride
      part.outputs = count
      if case .int8(let scales) = view.element { part.element = .int8(scales: scales + first) }
      body(part, first)
      streamed.adviseDontNeed(rows: first..<first + count)
    }
  }

  private struct Owner: Sendable {
    let tensor: WeightTensor
    let scales: ConstantBuffer?
  }

  private struct CodeOwner: Sendable {
    let codes: CodeBuffer
    let scales: ConstantBuffer
  }
}

/// Codes of 8 bits, written once before they are read.
private final class CodeBuffer: @unchecked Sendable {
  private let storage: UnsafeMutableRawPointer
  var base: UnsafeRawPointer { UnsafeRawPointer(storage) }

  init(byteCount: Int) { storage = .allocate(byteCount: max(1, byteCount), alignment: 64) }

  func write(_ codes: [Int8], at offset: Int) {
    codes.withUnsafeBytes { bytes in
      if let start = bytes.baseAddress { (storage + offset).copyMemory(from: start, byteCount: bytes.count) }
    }
  }

  deinit { storage.deallocate() }
}

/// y = activation(W x + b). Input: dense [N, I]; output: dense [N, O].
package struct Dense: Operator {
  package let weights: DenseLayerWeights
  package let activation: Activation

  package init(_ weights: DenseLayerWeights, activation: Activation = .none) {
    self.weights = weights
    self.activation = activation
  }

  package var name: String { "dense" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let input = try dense(inputs[0])
    try require(input.columns == weights.inputs, "[N, \(weights.inputs)] (\(weights.name))", inputs[0])
    return .dense(DenseShape(rows: input.rows, columns: weights.outputs))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try dense(site.inputs[0]), try dense(site.output), site.kernels)
    let (weights, activation) = (weights, activation)
    weights.willBeUsed()
    return PreparedOperator(
      work: 2 * input.rows * weights.outputs * weights.inputs, constantByteCount: weights.byteCount
    ) { memory in
      weights.forEachPart { part, first in
        kernels.dense(
          output: memory.output + first, outputRowStride: output.rowStride, input: memory.inputs[0],
          inputRowStride: input.rowStride, rows: input.rows, weights: part, bias: weights.bias.map { $0.base + first },
          activation: activation)
      }
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    let gradSum = try appendActivationBackward(&graph, activation, node: node, gradOutput: gradOutput)
    return [try graph.append(DenseBackwardData(weights: weights), gradSum)]
  }
}

/// ∂L/∂x = Wᵀ ∂L/∂y.
private struct DenseBackwardData: Operator {
  let weights: DenseLayerWeights
  var name: String { "dense-backward-data" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    .dense(DenseShape(rows: try dense(inputs[0]).rows, columns: weights.inputs))
  }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (input, output, kernels) = (try dense(site.inputs[0]), try dense(site.output), site.kernels)
    let weights = weights
    return PreparedOperator(
      work: 2 * input.rows * weights.outputs * weights.inputs, constantByteCount: weights.byteCount
    ) { memory in
      weights.forEachPart { part, first in
        kernels.denseBackwardData(
          gradInput: memory.output, gradInputRowStride: output.rowStride, gradOutput: memory.inputs[0] + first,
          gradOutputRowStride: input.rowStride, rows: input.rows, weights: part, accumulates: first > 0)
      }
    }
  }
}
