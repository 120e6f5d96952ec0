import Foundation
import Quant
import Testing

/// A small model with random weights, written where a test wants it.
enum TestModel {
  static let specification = ModelSpecification(
    generator: GeneratorSpecification(
      resolution: 16, zDimension: 10, wDimension: 6, layerCount: 6, mappingFeatures: [12, 36], repeatsW: false,
      hasFinalTanh: true, blockChannels: [8, 8, 5], imageChannels: 3),
    encoder: EncoderSpecification(
      resolution: 16, wDimension: 6, layerCount: 6, imageChannels: 3, stemChannels: 4, blockChannels: [8, 8]),
    perceptual: FeatureNetworkSpecification(
      layers: [
        .convolution(inputChannels: 3, outputChannels: 8), .relu, .maxPool,
        .convolution(inputChannels: 8, outputChannels: 9), .relu,
      ], inputShift: [0.1, -0.2, 0.3]),
    attributes: AttributeNetworkSpecification(resolution: 16, hiddenChannels: 4, names: ["smile", "5_o_Clock-x.y"]))

  static let sources = [ModelSource(part: "generator", file: "g \"1\".pth", byteCount: 12, sha256: "ab")]

  /// Values of every tensor the specification demands.
  static func weights(
    _ specification: ModelSpecification = specification, seed: UInt64 = 1
  ) -> [String: [Float]] {
    var random = SplitMix(seed: seed)
    var weights: [String: [Float]] = [:]
    for requirement in requiredTensors(of: specification) {
      weights[requirement.name] = (0..<requirement.elementCount).map { _ in Float.random(in: -2...2, using: &random) }
    }
    return weights
  }

  static func write(
    to path: String, precision: WeightsPrecision, specification: ModelSpecification = specification,
    policy: QuantisationPolicy? = nil
  ) throws {
    let writer = try ModelFileWriter(
      path: path,
      metadata: ModelMetadata(
        specification: specification, precision: precision, sources: sources, licence: "MIT", note: "ünïcode\n",
        creator: "test"), policy: policy)
    for (name, values) in weights(specification).sorted(by: { $0.key > $1.key }) { try writer.write(name, values) }
    try writer.finish()
  }
}

/// Sebastiano Vigna's splitmix64: seeded, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z &>> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z &>> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z &>> 31
  }
}

/// A folder of a test's own, removed with its contents at the end.
final class TemporaryFolder {
  let path: String
  init() throws {
    path = NSTemporaryDirectory() + "quant-tests-\(UInt64.random(in: 0...UInt64.max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func file(_ name: String) -> String { path + "/" + name }
  /// Writes a small file anew. Not by `Data`: that waits for the disk, thousands of times in fuzzing.
  func write(_ bytes: [UInt8], _ name: String) throws -> String {
    unlink(file(name))
    let stream = try #require(fopen(file(name), "wb"))
    fwrite(bytes, 1, bytes.count, stream)
    fclose(stream)
    return file(name)
  }
  var contents: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }
}
