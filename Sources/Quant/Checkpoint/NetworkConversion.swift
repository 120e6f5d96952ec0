import Quant

/// How networks of one kind are told apart in checkpoints, and how they become a part of a model file. A new network is a type of
/// this kind in a file of its own, and its line in `NetworkPart.conversion`.
protocol NetworkConversion {
  /// What a checkpoint's names should look like, for messages.
  static var examples: String { get }

  /// Whether a name without wrappers' prefixes, split at its dots, is one of this network's. There are two words or more.
  static func matches(_ words: ArraySlice<Substring>) -> Bool

  /// Whether a name without prefix is one of this network's own modules, so that ignoring the tensor may change its output.
  static func owns(_ bareName: String) -> Bool

  /// What a checkpoint holds, with its article ("an in-domain encoder"), and the number of its names behind each prefix; nil where
  /// it holds no such network.
  static func found(in checkpoint: Checkpoint) -> (title: String, counts: [String: Int])?

  /// Plans the network's part of the file.
  ///
  /// - Parameter checkpoints: one, but of networks that are stored in several.
  /// - Throws: `.wrongNetwork`, `.missingTensors`, `.tensor`, `.unsupported`, `.mismatch`.
  static func plan(_ checkpoints: [Checkpoint], in draft: inout ConversionDraft) throws(CheckpointError)
}

extension NetworkConversion {
  static func owns(_ bareName: String) -> Bool { prefixes(in: [bareName]).keys.contains("") }

  /// The number of matching names behind each prefix ("", "module.", "generator_smooth.").
  static func prefixes(in names: [String]) -> [String: Int] {
    var counts: [String: Int] = [:]
    for name in names {
      let words = name.split(separator: ".", omittingEmptySubsequences: false)
      guard let start = words.indices.dropLast().first(where: { matches(words[$0...]) }) else { continue }
      counts[words[..<start].map { $0 + "." }.joined(), default: 0] += 1
    }
    return counts
  }

  /// Whether so many of a file's names are of one network that it is a part of that at least.
  static func prevails(_ counts: [String: Int], in names: [String]) -> Bool {
    let count = counts.values.max() ?? 0
    return count >= 8 || 2 * count > names.count && (count >= 3 || count == names.count)
  }
}

extension NetworkPart {
  var conversion: any NetworkConversion.Type {
    switch self {
    case .generator: GeneratorConversion.self
    case .encoder: EncoderConversion.self
    case .perceptual: PerceptualPlan.self
    case .attributes: AttributePlan.self
    case .judge: JudgePlan.self
    case .detector: DetectorPlan.self
    case .lpips: LPIPSPlan.self
    case .identity: IdentityPlan.self
    }
  }

  func prefixes(in names: [String]) -> [String: Int] { conversion.prefixes(in: names) }
}

/// What a conversion has planned so far.
struct ConversionDraft {
  let options: ConversionOptions
  private(set) var specification: ModelSpecification
  private(set) var tensors: [PlannedTensor] = []
  private(set) var readers: [PartReader] = []

  init(_ options: ConversionOptions) {
    self.options = options
    specification = ModelSpecification(pixelMinimum: options.pixelMinimum, pixelMaximum: options.pixelMaximum)
  }

  /// Adds a network, what of the checkpoints it is made of, and how.
  mutating func add(_ network: some NetworkSpecification, _ tensors: [PlannedTensor], from readers: [PartReader]) {
    specification.set(network)
    self.tensors += tensors
    self.readers += readers
  }

  /// The checkpoint that a part is made of, for messages.
  func path(of part: NetworkPart) -> String { readers.first { $0.part == part }?.checkpoint.path ?? "" }
}
