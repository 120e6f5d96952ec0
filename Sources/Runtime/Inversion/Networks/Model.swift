import Quant
import Runtime

/// The networks of one model file, weights mapped and packed on first use. Cheap to copy; graphs share the weights.
package struct Model: Sendable {
  package let file: ModelFile
  package let path: String
  /// What may be spent on memory, and the arena of all graphs of the model.
  package let memory: MemoryPolicy
  package let arena: SharedArena
  /// All weights, in the order of the networks.
  let convolutions: [ConvolutionWeights]
  let denses: [DenseLayerWeights]
  let squares: [SquaredWeights]
  let averageImages = AverageImageCache()
  private let generatorNetwork: Generator?
  private let encoderNetwork: Encoder?
  private let featureNetwork: FeatureNetwork?
  private let attributeNetwork: AttributeNetwork?
  private let judgeNetwork: Judge?
  /// Networks that measure how alike pictures are.
  package let lpips: LPIPSNetwork?
  package let identity: IdentityNetwork?

  /// Maps a model file and compares every tensor with its checksum: a flipped bit in a weight would show as a wrong
  /// image, not as an error.
  package init(
    path: String, memory: MemoryPolicy = MemoryPolicy(), int8: Set<String>? = nil
  ) throws(InversionError) {
    let file = try wrapModel { () throws(ModelFileError) in
      let file = try ModelFile(path: path)
      try file.verifyChecksums()
      return file
    }
    try self.init(file: file, path: path, memory: memory, int8: int8)
  }

  /// - Parameter int8: convolutions whose forward products may take operands of 8 bits, by the names of their weights; nil for
  ///   those of the file's calibration or, where it has none, for the encoder's.
  package init(
    file: ModelFile, path: String, memory: MemoryPolicy = MemoryPolicy(), int8: Set<String>? = nil
  ) throws(InversionError) {
    self.file = file
    self.path = path
    self.memory = memory
    arena = SharedArena(limit: memory.arenaLimit)
    let specification = file.specification
    let loader = WeightLoader(file, memory: memory, int8: Self.permissions(specification, int8))
    generatorNetwork =
      if let part = specification.generator { try Generator(part, from: loader) } else { nil }
    encoderNetwork =
      if let part = specification.encoder { try Encoder(part, from: loader) } else { nil }
    featureNetwork =
      if let part = specification.perceptual { try FeatureNetwork(part, from: loader) } else { nil }
    attributeNetwork =
      if let part = specification.attributes { try AttributeNetwork(part, from: loader) } else { nil }
    judgeNetwork = if let part = specification.judge { try Judge(part, from: loader) } else { nil }
    lpips = if let part = specification.lpips { try LPIPSNetwork(part, from: loader) } else { nil }
    identity = if let part = specification.identity { try IdentityNetwork(part, from: loader) } else { nil }
    convolutions = loader.convolutions
    denses = loader.denses
    squares = loader.squares
  }

  /// Errors of the encoder are corrected by what follows it; those of the generator are seen, so that its layers need a
  /// calibration, and somebody who asks for it.
  private static func permissions(
    _ specification: ModelSpecification, _ layers: Set<String>?
  ) -> [String: Int8Permission] {
    let measured = layers ?? specification.int8.map { Set($0.layers) }
    var permissions: [String: Int8Permission] = [:]
    for name in specification.int8Candidates {
      let isEncoder = name.hasPrefix("encoder.")
      if let measured {
        permissions[name] = measured.contains(name) ? (isEncoder ? .granted : .onRequest) : .refused
      } else {
        permissions[name] = isEncoder ? .onRequest : .refused
      }
    }
    return permissions
  }

  /// Whether a calibration found layers of the encoder harmless in 8 bits.
  package var hasInt8Encoder: Bool { convolutions.contains { $0.int8 == .granted } }

  package var hasEncoder: Bool { encoderNetwork != nil }
  package var hasFeatureNetwork: Bool { featureNetwork != nil }
  /// Whether it has a network that was trained to compare pictures.
  package var hasLearnedMetrics: Bool { lpips != nil || identity != nil }
  package var readsAttributes: Bool { judgeNetwork != nil || attributeNetwork != nil }

  package func generator() throws(InversionError) -> Generator {
    guard let generatorNetwork else { throw .missingNetwork("generator", model: path) }
    return generatorNetwork
  }

  package func encoder() throws(InversionError) -> Encoder {
    guard let encoderNetwork else { throw .missingNetwork("encoder", model: path) }
    return encoderNetwork
  }

  package func features() throws(InversionError) -> FeatureNetwork {
    guard let featureNetwork else { throw .missingNetwork("perceptual network", model: path) }
    return featureNetwork
  }

  /// The judge or, where there is none, the feature network with the head that reads attributes off it.
  package func attributeReader() throws(InversionError) -> AttributeReader {
    if let judgeNetwork { return .judge(judgeNetwork) }
    guard let attributeNetwork else { throw .missingNetwork("attribute network", model: path) }
    return .head(try features(), attributeNetwork)
  }
}
