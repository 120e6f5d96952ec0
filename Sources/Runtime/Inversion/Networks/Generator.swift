import Quant
import Runtime

/// What makes an image of a code.
protocol SynthesisNetwork: Sendable {
  /// w+ [N, L·D] → image [N, 3, R, R].
  ///
  /// - Parameter isExact: whether 8-bit operands are out of the question.
  func append(to graph: inout Graph, _ code: TensorID, isExact: Bool) throws(GraphError) -> TensorID
}

/// A generator of the StyleGAN family with frozen weights: mapping z → w, truncation, synthesis w+ → image.
package struct Generator: Network {
  package let specification: GeneratorSpecification
  private let mapping: [DenseLayerWeights]
  private let truncation: [Float]
  private let synthesis: any SynthesisNetwork
  /// The mean code w̄ for all layers: [L·D].
  package let meanCode: [Float]

  /// The published slope of every leaky ReLU.
  static let slope: Float = 0.2

  init(_ specification: GeneratorSpecification, from weights: WeightLoader) throws(InversionError) {
    self.specification = specification
    var mapping: [DenseLayerWeights] = []
    for index in specification.mappingFeatures.indices {
      mapping.append(try weights.dense("generator.mapping.\(index)"))
    }
    self.mapping = mapping
    let average = try weights.values("generator.w_average")
    truncation = try weights.values("generator.truncation")
    switch specification.architecture {
    case .styleGAN:
      let hasLayerAverages = specification.variant?.hasLayerAverages ?? false
      meanCode = hasLayerAverages ? average : (0..<specification.layerCount).flatMap { _ in average }
      synthesis = try StyleGANSynthesis(specification, from: weights)
    case .styleGAN2(let clamp):
      meanCode = average
      synthesis = try StyleGAN2Synthesis(specification, clamp: clamp, from: weights)
    }
  }

  /// Entries of one code: L·D.
  package var codeCount: Int { specification.layerCount * specification.wDimension }

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
    let scale = factors.flatMap { [Float](repeating: $0, count: specification.wDimension) }
    let shift = zip(scale, meanCode).map { (1 - $0) * $1 }
    return try graph.append(ColumnAffine(scale: scale, shift: shift), tiled)
  }

  /// w+ [N, L·D] → image [N, 3, R, R].
  ///
  /// - Parameter isExact: whether 8-bit operands are out of the question. They are where images are measured or optimized:
  ///   a loss that moves in the steps of its rounding ends quasi-Newton methods early.
  package func appendSynthesis(
    to graph: inout Graph, _ code: TensorID, isExact: Bool
  ) throws(GraphError) -> TensorID {
    try synthesis.append(to: &graph, code, isExact: isExact)
  }
}

extension NetworkKind {
  package static let mapping = NetworkKind("mapping")
  package static let truncation = NetworkKind("truncation")
  package static let generator = NetworkKind("generator")
}

extension Generator {
  static let passes: [NetworkKind] = [.mapping, .truncation, .generator]

  func append(_ pass: NetworkKind, to graph: inout Graph, _ site: PassSite) throws(InversionError) -> PassEnds {
    let codes = [site.batch, specification.layerCount, specification.wDimension]
    let columns =
      switch pass {
      case .mapping: specification.zDimension
      case .truncation where specification.repeatsW: specification.wDimension
      default: codeCount
      }
    let input = graph.input(.matrix(rows: site.batch, columns: columns))
    let output = try wrapGraph { () throws(GraphError) in
      switch pass {
      case .mapping: try appendMapping(to: &graph, input)
      case .truncation: try appendTruncation(to: &graph, input, psi: site.psi)
      default: try appendSynthesis(to: &graph, input, isExact: false)
      }
    }
    return PassEnds(
      input: input, output: output, inputShape: pass == .generator ? codes : nil,
      outputShape: pass == .truncation ? codes : nil)
  }
}
