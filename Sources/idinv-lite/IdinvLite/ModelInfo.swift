import FoundationEssentials
import Inversion
import Quant

/// What a model file holds.
public struct ModelInfo: Sendable, Equatable, Encodable {
  /// A file that went into the model.
  public struct Source: Sendable, Equatable, Encodable {
    /// `generator`, `encoder`, `perceptual` or `attributes`.
    public let part: String
    /// Name without folders.
    public let file: String
    public let byteCount: Int
    /// 64 lowercase hexadecimal digits.
    public let sha256: String
  }

  public let path: String
  public let byteCount: Int
  /// Side of the square images that the model makes and reads, in pixels.
  public let resolution: Int
  /// L and D of the model's codes; 0 without generator and encoder.
  public let layerCount: Int
  public let dimension: Int
  /// Z: numbers of a random latent; 0 without a generator.
  public let latentDimension: Int
  public let hasGenerator: Bool
  public let hasEncoder: Bool
  public let hasPerceptualNetwork: Bool
  /// What the attribute network reads off an image; empty without one.
  public let attributeNames: [String]
  /// Whether the file stores how the model's objective curves, which the default optimizer uses.
  public let hasCurvature: Bool
  /// How weights are stored: `f32`, `f16` or `int8`.
  public let precision: String
  /// Terms under which the weights may be used; empty where unknown.
  public let licence: String
  public let note: String
  public let sources: [Source]
  /// The networks' description as JSON (`docs/FORMAT.md`).
  public let specification: String

  init(_ model: Inversion.Model) throws {
    let metadata = model.file.metadata
    let networks = metadata.specification
    path = model.path
    byteCount = model.file.byteCount
    resolution = try model.imageResolution()
    layerCount = networks.generator?.layerCount ?? networks.encoder?.layerCount ?? 0
    dimension = networks.generator?.wDimension ?? networks.encoder?.wDimension ?? 0
    latentDimension = networks.generator?.zDimension ?? 0
    hasGenerator = networks.generator != nil
    hasEncoder = networks.encoder != nil
    hasPerceptualNetwork = networks.perceptual != nil
    attributeNames = networks.attributes?.names ?? []
    hasCurvature = networks.curvature != nil
    precision = metadata.precision.rawValue
    licence = metadata.licence
    note = metadata.note
    sources = metadata.sources.map {
      Source(part: $0.part, file: $0.file, byteCount: $0.byteCount, sha256: $0.sha256)
    }
    specification = try Self.encoded(networks)
  }

  /// All of this as one JSON object; keys in snake case.
  public var json: String { (try? Self.encoded(self)) ?? "{}" }

  private static func encoded(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
