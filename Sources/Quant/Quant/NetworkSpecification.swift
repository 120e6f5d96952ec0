/// The networks that a model file may hold; the raw value is the field of the specification and the first word of the tensors'
/// names.
package enum NetworkPart: String, CaseIterable, Sendable {
  case generator, encoder, perceptual, attributes, judge, detector, lpips, identity

  /// In a sentence: "perceptual network".
  package var title: String {
    switch self {
    case .generator, .encoder, .judge: rawValue
    case .perceptual: "perceptual network"
    case .attributes: "attribute network"
    case .detector: "face detector"
    case .lpips: "LPIPS network"
    case .identity: "identity network"
    }
  }

  /// "an encoder".
  package var withArticle: String { (self == .lpips || "aeiou".contains(title.prefix(1)) ? "an " : "a ") + title }
}

/// What a model file says of one of its networks: all that an engine needs to know beside the tensors. A new network is a type
/// of this kind, its field in `ModelSpecification` and its line in `ModelSpecification.parts`.
package protocol NetworkSpecification: Codable, Equatable, Sendable {
  static var part: NetworkPart { get }
  /// Where a model's specification holds it.
  static var place: WritableKeyPath<ModelSpecification, Self?> { get }

  /// Checks that the network can exist, and fits the others of its model.
  ///
  /// - Throws: `ModelFileError.specification`, naming the field.
  func validate(in model: ModelSpecification) throws(ModelFileError)

  /// Its tensors in the order of their use.
  ///
  /// - Precondition: `validate(in:)` passed.
  func tensors(in model: ModelSpecification) -> [TensorRequirement]
}

extension ModelSpecification {
  /// All networks there are, in the order of a file, which is that in which an engine uses them.
  private static let parts: [any NetworkSpecification.Type] = [
    GeneratorSpecification.self, EncoderSpecification.self, FeatureNetworkSpecification.self,
    AttributeNetworkSpecification.self, JudgeSpecification.self, DetectorSpecification.self,
    LPIPSSpecification.self, IdentitySpecification.self,
  ]

  /// The networks that the file holds, in its order.
  package var networks: [any NetworkSpecification] { Self.parts.compactMap { $0.found(in: self) } }

  /// The networks that two models describe otherwise, or that one of them lacks.
  package func networksThatDiffer(from other: ModelSpecification) -> [NetworkPart] {
    Self.parts.filter { !$0.isSame(in: self, other) }.map { $0.part }
  }

  package func holds(_ part: NetworkPart) -> Bool { networks.contains { type(of: $0).part == part } }

  /// Adds a network, or replaces it.
  package mutating func set<Network: NetworkSpecification>(_ network: Network) {
    self[keyPath: Network.place] = network
  }
}

extension NetworkSpecification {
  fileprivate static func found(in model: ModelSpecification) -> (any NetworkSpecification)? {
    model[keyPath: place].map { $0 as any NetworkSpecification }
  }

  fileprivate static func isSame(in a: ModelSpecification, _ b: ModelSpecification) -> Bool {
    a[keyPath: place] == b[keyPath: place]
  }
}
