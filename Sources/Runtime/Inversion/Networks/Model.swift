import Quant
import Runtime

/// The networks of one model file, weights mapped and packed on first use. Cheap to copy; graphs share the weights.
public struct Model: Sendable {
  public let file: ModelFile
  public let path: String
  /// What may be spent on memory, and the arena of all graphs of the model.
  public let memory: MemoryPolicy
  public let arena: SharedArena
  /// All weights, in the order of the networks.
  let convolutions: [ConvolutionWeights]
  let denses: [DenseLayerWeights]
  private let generatorNetwork: Generator?
  private let encoderNetwork: Encoder?
  private let featureNetwork: FeatureNetwork?
  private let attributeNetwork: AttributeNetwork?

  /// Maps a model file and compares every tensor with its checksum: a flipped bit in a weight would show as a wrong
  /// image, not as an error.
  public init(path: String, memory: MemoryPolicy = MemoryPolicy()) throws(InversionError) {
    let file = try wrapModel { () throws(ModelFileError) in
      let file = try ModelFile(path: path)
      try file.verifyChecksums()
      return file
    }
    try self.init(file: file, path: path, memory: memory)
  }

  public init(file: ModelFile, path: String, memory: MemoryPolicy = MemoryPolicy()) throws(InversionError) {
    self.file = file
    self.path = path
    self.memory = memory
    arena = SharedArena(limit: memory.arenaLimit)
    let loader = WeightLoader(file, memory: memory)
    let specification = file.specification
    generatorNetwork =
      if let part = specification.generator { try Generator(part, from: loader) } else { nil }
    encoderNetwork =
      if let part = specification.encoder { try Encoder(part, from: loader) } else { nil }
    featureNetwork =
      if let part = specification.perceptual { try FeatureNetwork(part, from: loader) } else { nil }
    attributeNetwork =
      if let part = specification.attributes { try AttributeNetwork(part, from: loader) } else { nil }
    convolutions = loader.convolutions
    denses = loader.denses
  }

  public var hasEncoder: Bool { encoderNetwork != nil }
  public var hasFeatureNetwork: Bool { featureNetwork != nil }
  public var hasAttributeNetwork: Bool { attributeNetwork != nil }

  public func generator() throws(InversionError) -> Generator {
    guard let generatorNetwork else { throw .missingNetwork("generator", model: path) }
    return generatorNetwork
  }

  public func encoder() throws(InversionError) -> Encoder {
    guard let encoderNetwork else { throw .missingNetwork("encoder", model: path) }
    return encoderNetwork
  }

  public func features() throws(InversionError) -> FeatureNetwork {
    guard let featureNetwork else { throw .missingNetwork("perceptual network", model: path) }
    return featureNetwork
  }

  /// The head that reads attributes off `features()`.
  public func attributes() throws(InversionError) -> AttributeNetwork {
    guard let attributeNetwork else { throw .missingNetwork("attribute network", model: path) }
    return attributeNetwork
  }
}
