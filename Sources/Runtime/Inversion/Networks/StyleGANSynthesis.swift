import Quant
import Runtime

/// StyleGAN's synthesis network (Karras et al., CVPR 2019) with frozen weights.
struct StyleGANSynthesis: SynthesisNetwork {
  private let specification: GeneratorSpecification
  private let variant: SynthesisVariant
  private let constant: [Float]
  private let layers: [Layer]
  private let output: ConvolutionWeights

  /// One style layer: convolution (absent in the first), then noise, bias, activation, normalization and style.
  private struct Layer: Sendable {
    let convolution: ConvolutionWeights?
    let epilogue: NoiseBiasActivation
    let style: DenseLayerWeights
  }

  init(_ specification: GeneratorSpecification, from weights: WeightLoader) throws(InversionError) {
    self.specification = specification
    variant = specification.variant ?? .published
    constant = try weights.values("generator.constant")
    var layers: [Layer] = []
    for index in 0..<specification.layerCount {
      let prefix = "generator.layer.\(index)"
      let isUpsampling = index > 0 && index % 2 == 0
      let form: ConvolutionForm = isUpsampling ? .upsample2x : .same(kernel: 3)
      let isBiasBlurred = variant.blursBias && isUpsampling
      let bias = try weights.values("\(prefix).bias")
      layers.append(
        Layer(
          convolution: index == 0 ? nil : try weights.convolution(prefix, form: form, hasBias: isBiasBlurred),
          epilogue: NoiseBiasActivation(
            noise: try weights.values("\(prefix).noise"),
            noiseStrength: try weights.values("\(prefix).noise_strength"),
            bias: isBiasBlurred ? bias.map { _ in 0 } : bias, activation: .leakyReLU(slope: Generator.slope)),
          style: try weights.dense("\(prefix).style")))
    }
    self.layers = layers
    output = try weights.convolution(
      "generator.output.\(specification.blockChannels.count - 1)", form: .same(kernel: 1))
  }

  func append(to graph: inout Graph, _ code: TensorID, isExact: Bool) throws(GraphError) -> TensorID {
    let dimension = specification.wDimension
    let batch = graph.shape(of: code).extents[0]
    var features = try graph.append(
      Constant(constant, channels: specification.blockChannels[0], height: 4, width: 4, batch: batch))
    for (index, layer) in layers.enumerated() {
      let w = try graph.append(Slice(index * dimension..<(index + 1) * dimension), code)
      let style = try graph.append(Dense(layer.style), w)
      if let convolution = layer.convolution {
        features = try graph.append(Convolution(convolution, isExact: isExact), features)
        if convolution.form == .upsample2x { features = try graph.append(Blur(), features) }
      }
      features = try graph.append(layer.epilogue, features)
      features = try graph.appendStyleModulation(features, style: style, epsilon: variant.normEpsilon)
    }
    let image =
      output.isProjection
      ? try graph.append(Projection(output), features) : try graph.append(Convolution(output), features)
    return specification.hasFinalTanh ? try graph.append(Tanh(), image) : image
  }
}
