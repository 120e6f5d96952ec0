import Quant
import Runtime

/// StyleGAN2's synthesis network (Karras et al., CVPR 2020, fig. 2c and 7b) with frozen weights.
///
/// A modulated convolution is W ∗ (s·x), then d·(…) with d = √2/√(Σ(W·s)² + ε): weights stay as they are, whatever the style,
/// so that they are packed once. The gain √2 that follows the published activation is in d, in the noise's strength and in the
/// bias: φ(√2·x) = √2·φ(x).
struct StyleGAN2Synthesis: SynthesisNetwork {
  private let specification: GeneratorSpecification
  private let clamp: Float?
  private let constant: [Float]
  private let layers: [Layer]
  private let outputs: [Output]

  /// A modulated 3×3 convolution with noise, bias and activation; every second one doubles the image, and is filtered before these.
  private struct Layer: Sendable {
    let convolution: ConvolutionWeights
    let demodulation: Demodulation
    let epilogue: DemodulatedActivation
    let style: DenseLayerWeights
  }

  /// A modulated 1×1 convolution to RGB, without demodulation.
  private struct Output: Sendable {
    let convolution: ConvolutionWeights
    let style: DenseLayerWeights
  }

  init(
    _ specification: GeneratorSpecification, clamp: Float?, from weights: WeightLoader
  ) throws(InversionError) {
    self.specification = specification
    self.clamp = clamp
    constant = try weights.values("generator.constant")
    var layers: [Layer] = [], outputs: [Output] = []
    for index in 0..<specification.convolutionCount {
      let prefix = "generator.layer.\(index)", upsamples = index % 2 == 1
      layers.append(
        Layer(
          convolution: try weights.convolution(
            prefix, form: upsamples ? .transposed2x : .same(kernel: 3), hasBias: false),
          demodulation: Demodulation(try weights.squaredWeights(prefix), gain: Float(2).squareRoot(), epsilon: 1e-8),
          epilogue: DemodulatedActivation(
            noise: try weights.values("\(prefix).noise"),
            noiseStrength: try weights.values("\(prefix).noise_strength")[0],
            bias: try weights.values("\(prefix).bias"), activation: .leakyReLU(slope: Generator.slope),
            limit: clamp ?? .infinity),
          style: try weights.dense("\(prefix).style")))
      guard !upsamples else { continue }
      let output = "generator.output.\(specification.block(ofLayer: index))"
      outputs.append(
        Output(
          convolution: try weights.convolution(output, form: .same(kernel: 1)),
          style: try weights.dense("\(output).style")))
    }
    self.layers = layers
    self.outputs = outputs
  }

  func append(to graph: inout Graph, _ code: TensorID, isExact: Bool) throws(GraphError) -> TensorID {
    let dimension = specification.wDimension
    let batch = graph.shape(of: code).extents[0]
    var codes: [TensorID] = []
    for index in 0..<specification.layerCount {
      codes.append(try graph.append(Slice(index * dimension..<(index + 1) * dimension), code))
    }
    var features = try graph.append(
      Constant(constant, channels: specification.blockChannels[0], height: 4, width: 4, batch: batch))
    let styles = try layers.enumerated().map { (index, layer) throws(GraphError) in
      try graph.append(Dense(layer.style), codes[index])
    }
    let outputStyles = try outputs.enumerated().map { (index, output) throws(GraphError) in
      try graph.append(Dense(output.style), codes[2 * index + 1])
    }
    var modulated = try graph.append(ChannelScale(), features, styles[0])
    var image: TensorID?
    for (index, layer) in layers.enumerated() {
      features = try append(layer, to: &graph, modulated, styles[index], isExact: isExact)
      // At once, and the image too, so that all take turns on the same rows.
      if index + 1 < layers.count { modulated = try graph.append(ChannelScale(), features, styles[index + 1]) }
      guard index % 2 == 0 else { continue }
      let coarser = try image.map { (image) throws(GraphError) in try graph.append(UpsampleFIR(), image) }
      image = try append(outputs[index / 2], to: &graph, features, outputStyles[index / 2], onto: coarser)
    }
    return image!
  }

  private func append(
    _ layer: Layer, to graph: inout Graph, _ modulated: TensorID, _ style: TensorID, isExact: Bool
  ) throws(GraphError) -> TensorID {
    let factors = try graph.append(layer.demodulation, style)
    var result = try graph.append(Convolution(layer.convolution, isExact: isExact), modulated)
    if layer.convolution.form == .transposed2x { result = try graph.append(FilterFIR(), result) }
    return try graph.append(layer.epilogue, result, factors)
  }

  private func append(
    _ output: Output, to graph: inout Graph, _ features: TensorID, _ style: TensorID, onto coarser: TensorID?
  ) throws(GraphError) -> TensorID {
    // A clamp comes before the sum.
    if let coarser, clamp == nil {
      return try graph.append(ScaledProjection(output.convolution, adds: true), features, style, coarser)
    }
    var rgb = try graph.append(ScaledProjection(output.convolution), features, style)
    if let clamp { rgb = try graph.append(Clamp(limit: clamp), rgb) }
    if let coarser { rgb = try graph.append(Sum(), coarser, rgb) }
    return rgb
  }
}
