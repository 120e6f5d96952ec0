import SIMDKernels

/// y = clamp(leakyReLU(d_c · x + strength · noise_hw + bias_c), ±limit): all that follows the products of a modulated
/// convolution in one pass (Karras et al., CVPR 2020, fig. 2).
///
/// Inputs: x [N, C, H, W]; d, dense [N, C], nowhere 0 (`Demodulation`). Backward needs y alone: x is not kept.
package struct DemodulatedActivation: Operator {
  private let noise: ConstantBuffer
  private let noiseStrength: ConstantBuffer
  private let bias: ConstantBuffer
  private let channels: Int
  private let noiseCount: Int
  private let activation: Activation
  private let limit: Float

  /// - Parameters:
  ///   - noise: [H, W], the same for all channels.
  ///   - bias: [C].
  ///   - limit: of |y|; infinite for none.
  package init(
    noise: [Float], noiseStrength: Float, bias: [Float], activation: Activation, limit: Float = .infinity
  ) {
    self.noise = ConstantBuffer(noise)
    self.noiseStrength = ConstantBuffer([Float](repeating: noiseStrength, count: bias.count))
    self.bias = ConstantBuffer(bias)
    channels = bias.count
    noiseCount = noise.count
    self.activation = activation
    self.limit = limit
  }

  package var name: String { "demodulated-activation" }
  package var inPlaceInputs: [Int] { [0] }

  fileprivate var function: ModulatedActivation {
    ModulatedActivation(
      noise: noise.base, noiseStrength: noiseStrength.base, bias: bias.base, activation: activation, limit: limit)
  }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let input = try blocked(inputs[0])
    try require(
      input.channels == channels && input.pixelCount == noiseCount, "[N, \(channels), H, W] of \(noiseCount) pixels",
      inputs[0])
    try requireFactors(inputs[1], of: inputs[0])
    return inputs[0]
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, factors, kernels) = (try blocked(site.output), try dense(site.inputs[1]), site.kernels)
    let owner = self
    return PreparedOperator(bands: shape, constantByteCount: noiseCount * 4) { memory, band in
      kernels.activateModulated(
        output: memory.output, input: memory.inputs[0], factors: memory.inputs[1], factorRowStride: factors.rowStride,
        owner.function, shape: shape, band: band)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    // The sums first: then the other may write over the gradient.
    let factors =
      wanted[1]
      ? try graph.append(DemodulationFactorGradient(forward: self), gradOutput, node.output, node.inputs[1]) : nil
    let input =
      wanted[0]
      ? try graph.append(DemodulatedActivationBackward(forward: self), gradOutput, node.output, node.inputs[1]) : nil
    return [input, factors]
  }
}

/// ∂L/∂x. Inputs: ∂L/∂y, y and d.
private struct DemodulatedActivationBackward: Operator {
  let forward: DemodulatedActivation
  var name: String { "demodulated-activation-backward" }
  var inPlaceInputs: [Int] { [0] }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try requireEqual(inputs[0], inputs[1])
    return inputs[0]
  }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, factors, kernels) = (try blocked(site.output), try dense(site.inputs[2]), site.kernels)
    let forward = forward
    return PreparedOperator(bands: shape) { memory, band in
      kernels.activateModulatedBackward(
        gradInput: memory.output, gradOutput: memory.inputs[0], output: memory.inputs[1], factors: memory.inputs[2],
        factorRowStride: factors.rowStride, forward.function, shape: shape, band: band)
    }
  }
}

/// ∂L/∂d. Inputs: ∂L/∂y, y and d.
private struct DemodulationFactorGradient: Operator {
  let forward: DemodulatedActivation
  var name: String { "demodulation-factor-gradient" }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape { inputs[2] }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, factors, kernels) = (try blocked(site.inputs[0]), try dense(site.output), site.kernels)
    let forward = forward
    return PreparedOperator(planes: shape) { memory, plane in
      kernels.activateModulatedFactorGradient(
        gradFactors: memory.output, gradOutput: memory.inputs[0], output: memory.inputs[1], factors: memory.inputs[2],
        factorRowStride: factors.rowStride, forward.function, shape: shape, plane: plane)
    }
  }
}

/// y = min(max(x, −limit), limit); no gradient beyond.
package struct Clamp: Operator {
  package let limit: Float

  package init(limit: Float) { self.limit = limit }

  package var name: String { "clamp" }
  package var inPlaceInputs: [Int] { [0] }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    .blocked(try blocked(inputs[0]))
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels, constants) = (try blocked(site.output), site.kernels, Constants(site, limit: limit))
    return PreparedOperator(bands: shape) { memory, band in
      kernels.activateModulated(
        output: memory.output, input: memory.inputs[0], factors: constants.ones.base, factorRowStride: 0,
        constants.function, shape: shape, band: band)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try graph.append(ClampBackward(limit: limit), gradOutput, node.output)]
  }

  /// A clamp is the activation of a layer that does nothing else.
  fileprivate struct Constants: Sendable {
    let ones: ConstantBuffer, zeros: ConstantBuffer
    let limit: Float

    init(_ site: PreparationSite, limit: Float) {
      let pixels: Int, channels: Int
      if case .blocked(let shape) = site.output {
        (pixels, channels) = (shape.pixelCount, shape.channels)
      } else {
        (pixels, channels) = (0, 0)
      }
      ones = ConstantBuffer([Float](repeating: 1, count: channels))
      zeros = ConstantBuffer([Float](repeating: 0, count: max(pixels, (channels + 15) & ~15)))
      self.limit = limit
    }

    var function: ModulatedActivation {
      ModulatedActivation(
        noise: zeros.base, noiseStrength: zeros.base, bias: zeros.base, activation: .none, limit: limit)
    }
  }
}

/// Inputs: ∂L/∂y and y.
private struct ClampBackward: Operator {
  let limit: Float
  var name: String { "clamp-backward" }
  var inPlaceInputs: [Int] { [0] }

  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    try requireEqual(inputs[0], inputs[1])
    return inputs[0]
  }

  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let (shape, kernels) = (try blocked(site.output), site.kernels)
    let constants = Clamp.Constants(site, limit: limit)
    return PreparedOperator(bands: shape) { memory, band in
      kernels.activateModulatedBackward(
        gradInput: memory.output, gradOutput: memory.inputs[0], output: memory.inputs[1],
        factors: constants.ones.base, factorRowStride: 0, constants.function, shape: shape, band: band)
    }
  }
}
