import Quant
import Runtime

/// A StyleGAN generator (Karras et al., CVPR 2019) with frozen weights: mapping z → w, truncation, synthesis w+ → image.
package struct Generator: Sendable {
  package let specification: GeneratorSpecification
  private let variant: SynthesisVariant
  private let mapping: [DenseLayerWeights]
  private let averageCode: [Float]
  private let truncation: [Float]
  private let constant: [Float]
  private let layers: [Layer]
  private let output: ConvolutionWeights

  /// One style layer: convolution (absent in the first), then noise, bias, activation, normalisation and style.
  private struct Layer: Sendable {
    let convolution: ConvolutionWeights?
    let epilogue: NoiseBiasActivation
    let style: DenseLayerWeights
  }

  /// The published slope of every leaky ReLU.
  static let slope: Float = 0.2

  init(_ specification: GeneratorSpecification, from weights: WeightLoader) throws(InversionError) {
    self.specification = specification
    variant = specification.variant ?? .published
    var mapping: [DenseLayerWeights] = []
    for index in specification.mappingFeatures.indices {
      mapping.append(try weights.dense("generator.mapping.\(index)"))
    }
    self.mapping = mapping
    averageCode = try weights.values("generator.w_average")
    truncation = try weights.values("generator.truncation")
    constant = try weights.values("generator.constant")
    let blursBias = variant.blursBias
    var layers: [Layer] = []
    for index in 0..<specification.layerCount {
      let prefix = "generator.layer.\(index)"
      let isUpsampling = index > 0 && index % 2 == 0
      let form: ConvolutionForm = isUpsampling ? .upsample2x : .same(kernel: 3)
      let bias = try weights.values("\(prefix).bias")
      layers.append(
        Layer(
          convolution: index == 0
            ? nil : try weights.convolution(prefix, form: form, hasBias: blursBias && isUpsampling),
          epilogue: NoiseBiasActivation(
            noise: try weights.values("\(prefix).noise"),
            noiseStrength: try weights.values("\(prefix).noise_strength"),
            bias: blursBias && isUpsampling ? bias.map { _ in 0 } : bias, activation: .leakyReLU(slope: Self.slope)),
          style: try weights.dense("\(prefix).style")))
    }
    self.layers = layers
    output = try weights.convolution(
      "generator.output.\(specification.blockChannels.count - 1)", form: .same(kernel: 1))
  }

  /// Entries of one code: L·D.
  package var codeCount: Int { specification.layerCount * specification.wDimension }

  /// The mean code w̄, repeated for all layers where they share one: [L·D].
  package var meanCode: [Float] {
    variant.hasLayerAverages ? averageCode : (0..<specification.layerCount).flatMap { _ in averageCode }
  }

  /// z [N, Z] → w [N, D] (`repeatsW`) or [N, L·D].
  package func appendMapping(to graph: inout Graph, _ z: TensorID) throws(GraphError) -> TensorID {
    var features = try graph.append(PixelNorm(), z)
    for layer in mapping {
      features = try graph.append(Dense(layer, activation: .leakyReLU(slope: Self.slope)), features)
    }
    return features
  }

  /// w → w+ [N, L·D], drawn towards the mean code: w̄ + ψ·(w − w̄), layer by layer.
  ///
  /// - Parameter psi: factor for the truncated layers, or for all where the file truncates none; nil for the file's.
  package func appendTruncation(
    to graph: inout Graph, _ w: TensorID, psi: Float? = nil
  ) throws(GraphError) -> TensorID {
    let tiled =
      specification.repeatsW ? try graph.append(Tile(count: specification.layerCount), w) : w
    // A file that truncates nothing does not say which layers it would.
    let truncatesNone = truncation.allSatisfy { $0 == 1 }
    let factors = truncation.map { $0 == 1 && !truncatesNone ? 1 : psi ?? $0 }
    let (dimension, mean) = (specification.wDimension, meanCode)
    let scale = factors.flatMap { Array(repeating: $0, count: dimension) }
    let shift = mean.indices.map { (1 - factors[$0 / dimension]) * mean[$0] }
    return try graph.append(ColumnAffine(scale: scale, shift: shift), tiled)
  }

  /// w+ [N, L·D] → image [N, 3, R, R].
  ///
  /// - Parameter isExact: whether 8-bit operands are out of the question. They are where images are measured or optimised:
  ///   a loss that moves in the steps of its rounding ends quasi-Newton methods early.
  package func appendSynthesis(
    to graph: inout Graph, _ code: TensorID, isExact: Bool
  ) throws(GraphError) -> TensorID {
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
    let image = try graph.append(Convolution(output), features)
    return specification.hasFinalTanh ? try graph.append(Tanh(), image) : image
  }
}
