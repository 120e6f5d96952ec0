import SIMDKernels

/// y = activation(x + strength_c · noise_hw + bias_c): noise injection, bias and activation of a StyleGAN layer
/// (Karras et al., CVPR 2019, fig. 1b) in one pass.
package struct NoiseBiasActivation: Operator {
  private let noise: ConstantBuffer?
  private let noiseStrength: ConstantBuffer?
  private let bias: ConstantBuffer?
  private let channels: Int
  private let noiseCount: Int?
  private let activation: Activation

  /// - Parameters:
  ///   - noise: [H, W], the same for all channels; nil for none.
  ///   - noiseStrength, bias: [C].
  package init(noise: [Float]?, noiseStrength: [Float]?, bias: [Float], activation: Activation) {
    self.noise = noise.map(ConstantBuffer.init)
    self.noiseStrength = noiseStrength.map(ConstantBuffer.init)
    self.bias = ConstantBuffer(bias)
    channels = bias.count
    noiseCount = noise?.count
    self.activation = activation
  }

  package var name: String { "noise-bias-activation" }
  package var inPlaceInputs: [Int] { [0] }

  package func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape {
    let input = try blocked(inputs[0])
    try require(
      input.channels == channels && (noiseCount ?? input.height * input.width) == input.height * input.width,
      "[N, \(channels), H, W] with \(noiseCount.map(String.init) ?? "any number of") pixels", inputs[0])
    return inputs[0]
  }

  package func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator {
    let shape = try blocked(site.output)
    let kernels = site.kernels
    let (noise, noiseStrength, bias, activation) = (noise, noiseStrength, bias, activation)
    return PreparedOperator(bands: shape, constantByteCount: (noise?.count ?? 0) * 4) { memory, band in
      kernels.addNoiseBiasActivate(
        output: memory.output, input: memory.inputs[0], shape: shape, noise: noise?.base,
        noiseStrength: noiseStrength?.base, bias: bias?.base, activation: activation, band: band)
    }
  }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    [try appendActivationBackward(&graph, activation, node: node, gradOutput: gradOutput)]
  }
}
