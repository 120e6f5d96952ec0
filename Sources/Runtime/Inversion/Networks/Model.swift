import Quant
import Runtime

/// The networks of one model file, weights mapped and packed on first use. Cheap to copy; graphs share the weights.
package struct Model: Sendable {
  package let file: ModelFile
  package let path: String
  /// What may be spent on memory, and the arena of all graphs of the model.
  package let memory: MemoryPolicy
  package private(set) var arena: SharedArena
  /// All weights, in the order of the networks.
  let convolutions: [ConvolutionWeights]
  let denses: [DenseLayerWeights]
  let squares: [SquaredWeights]
  let averageImages = AverageImageCache()
  private let networks: [any Network]

  /// Every kind of network, in the order in which an engine uses them. Where two have a pass of the same name, a model that holds
  /// both uses the later one's.
  static let kinds: [any Network.Type] = [
    Generator.self, Encoder.self, FeatureNetwork.self, AttributeNetwork.self, Judge.self,
    LPIPSNetwork.self, IdentityNetwork.self,
  ]

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
    try self.init(file, path, memory, int8, reusing: ReusedWeights())
  }

  private init(
    _ file: ModelFile, _ path: String, _ memory: MemoryPolicy, _ int8: Set<String>?, reusing: ReusedWeights
  ) throws(InversionError) {
    self.file = file
    self.path = path
    self.memory = memory
    arena = SharedArena(limit: memory.arenaLimit)
    let specification = file.specification
    let loader = WeightLoader(
      file, memory: memory, int8: Self.permissions(specification, int8), reusing: reusing)
    var networks: [any Network] = []
    for kind in Self.kinds {
      if let network = try kind.load(specification, from: loader) { networks.append(network) }
    }
    self.networks = networks
    convolutions = loader.convolutions
    denses = loader.denses
    squares = loader.squares
  }

  /// The same model for graphs that run at the same time as others of it.
  package func withOwnArena() -> Model {
    var copy = self
    copy.arena = SharedArena(limit: memory.arenaLimit)
    return copy
  }

  /// The same model with other convolutions in 8 bits, and with other weights of dense layers. What stays as it is is shared:
  /// its weights are not packed again.
  ///
  /// - Parameters:
  ///   - int8: as `init`'s.
  ///   - denses: in place of those of the same names.
  func varied(int8: Set<String>?, denses: [DenseLayerWeights] = []) throws(InversionError) -> Model {
    var reused = ReusedWeights()
    for weights in convolutions { reused.convolutions[weights.name] = weights }
    for weights in self.denses + denses { reused.denses[weights.name] = weights }
    return try Model(file, path, memory, int8, reusing: reused)
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

  package var hasEncoder: Bool { found(Encoder.self) != nil }
  package var hasFeatureNetwork: Bool { found(FeatureNetwork.self) != nil }
  package var readsAttributes: Bool { found(Judge.self) != nil || found(AttributeNetwork.self) != nil }

  /// Networks that measure how alike pictures are.
  package var lpips: LPIPSNetwork? { found(LPIPSNetwork.self) }
  package var identity: IdentityNetwork? { found(IdentityNetwork.self) }
  /// Whether it has a network that was trained to compare pictures.
  package var hasLearnedMetrics: Bool { lpips != nil || identity != nil }

  package func generator() throws(InversionError) -> Generator { try network() }
  package func encoder() throws(InversionError) -> Encoder { try network() }
  package func features() throws(InversionError) -> FeatureNetwork { try network() }

  /// The judge or, where there is none, the feature network with the head that reads attributes off it.
  package func attributeReader() throws(InversionError) -> AttributeReader {
    if let judge = found(Judge.self) { return .judge(judge) }
    let head: AttributeNetwork = try network()
    return .head(try features(), head)
  }

  private func found<Kind: Network>(_: Kind.Type) -> Kind? {
    for network in networks { if let found = network as? Kind { return found } }
    return nil
  }

  /// - Throws: `.missingNetwork`.
  private func network<Kind: Network>() throws(InversionError) -> Kind {
    guard let network = found(Kind.self) else {
      throw .missingNetwork(Kind.Specification.part.title, model: path)
    }
    return network
  }

  /// The network that computes a pass.
  ///
  /// - Throws: `.missingNetwork`, by the first kind of network that would.
  func network(of pass: NetworkKind) throws(InversionError) -> any Network {
    if let network = networks.last(where: { type(of: $0).passes.contains(pass) }) { return network }
    let kind = Self.kinds.first { $0.passes.contains(pass) }
    throw .missingNetwork(kind?.part.title ?? pass.rawValue, model: path)
  }
}

extension Network {
  fileprivate static var part: NetworkPart { Specification.part }
}
