import Quant
import SIMDKernels
import Synchronization

/// Sums of squared weights over each kernel of a convolution, [O, I]: with them the norm of its modulated weights is one
/// product of a matrix with the squared style.
///
/// Made when a graph first runs, and shared by all.
package final class SquaredWeights: Sendable {
  package let name: String
  package let outputs: Int, inputs: Int
  private let load: @Sendable () -> [Float]
  private let made = Mutex<ConstantBuffer?>(nil)
  private let used = Mutex(false)

  /// - Parameter load: gives the convolution's weights, [O, I, k, k].
  package init(name: String, outputs: Int, inputs: Int, load: @escaping @Sendable () -> [Float]) {
    self.name = name
    self.outputs = outputs
    self.inputs = inputs
    self.load = load
  }

  package var byteCount: Int { outputs * inputs * 4 }

  /// Whether a graph uses them.
  package var isUsed: Bool { used.withLock { $0 } }

  func willBeUsed() { used.withLock { $0 = true } }

  func view() -> DenseWeights {
    let buffer = made.withLock { made in
      if let made { return made }
      let values = load(), area = values.count / max(1, outputs * inputs)
      precondition(values.count == outputs * inputs * area, "weights must be [O][I][k][k]")
      let sums = (0..<outputs * inputs).map { index -> Float in
        var sum = 0.0
        for weight in values[index * area..<(index + 1) * area] { sum += Double(weight) * Double(weight) }
        return Float(sum)
      }
      let buffer = ConstantBuffer(sums)
      made = buffer
      return buffer
    }
    // The buffer lives as long as this object.
    return DenseWeights(base: UnsafeRawPointer(buffer.base), element: .f32, outputs: outputs, inputs: inputs)
  }
}

extension SquaredWeights {
  /// Of a tensor [O, I, k, k] of a mapped model file.
  package convenience init(_ tensor: WeightTensor) {
    self.init(name: tensor.name, outputs: tensor.shape[0], inputs: tensor.shape[1]) {
      defer { tensor.adviseDontNeed() }
      return tensor.floats()
    }
  }
}

/// d_o = gain / √(Σ_i s_i² Σ_k W_oik² + ε): what makes the outputs of a modulated convolution of unit variance again (Karras
/// et al., CVPR 2020, eq. 3). Input: s, dense [N, I]; output: dense [N, O].
package struct Demodulation: Operator {
  package let weights: SquaredWeights
  package let gain: Float
  package let epsilon: Float

  /// - Parameter gain: what else multiplies the outputs.
  package init(_ weights: SquaredWeights, gain: Float = 1, epsilon: Float = 1e-8) {
    self.weights = weights
    self.gain = gain
    self.epsilon = epsilon
  }

  package var name: String { "demodulation" }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let styles = try dense(inputs[0])
    try require(styles.columns == weights.inputs, "[N, \(weights.inputs)] (\(weights.name))", inputs[0])
    return .dense(DenseShape(rows: styles.rows, columns: weights.outputs))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (styles, output, kernels) = (try dense(site.inputs[0]), try dense(site.output), site.kernels)
    let (weights, gain, epsilon) = (weights, gain, epsilon)
    weights.willBeUsed()
    return PreparedOperator(workspaceByteCount: styles.byteCount, constantByteCount: weights.byteCount) { memory in
      kernels.demodulate(
        output: memory.output, outputShape: output, styles: memory.inputs[0], stylesShape: styles,
        squares: weights.view(), gain: gain, epsilon: epsilon,
        scratch: memory.workspace!.assumingMemoryBound(to: Float.self))
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(DemodulationBackward(weights: weights, gain: gain), gradOutput, node.output, node.inputs[0])]
  }
}

/// Inputs: ∂L/∂d, d and s.
private struct DemodulationBackward: Operator {
  let weights: SquaredWeights
  let gain: Float
  var name: String { "demodulation-backward" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try requireEqual(inputs[0], inputs[1])
    return inputs[2]
  }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (styles, output, kernels) = (try dense(site.output), try dense(site.inputs[0]), site.kernels)
    let (weights, gain) = (weights, gain)
    return PreparedOperator(workspaceByteCount: output.byteCount, constantByteCount: weights.byteCount) { memory in
      kernels.demodulateBackward(
        gradStyles: memory.output, stylesShape: styles, gradOutput: memory.inputs[0], output: memory.inputs[1],
        outputShape: output, styles: memory.inputs[2], squares: weights.view(), gain: gain,
        scratch: memory.workspace!.assumingMemoryBound(to: Float.self))
    }
  }
}
