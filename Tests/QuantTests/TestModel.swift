import Foundation
import Quant
import TestSupport
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
    var random = SeededRandom(seed)
    var weights: [String: [Float]] = [:]
    for requirement in requiredTensors(of: specification) {
      weights[requirement.name] = (0..<requirement.elementCount).map { _ in Float.random(in: -2...2, using: &random) }
    }
    return weights
  }

  static func write(
    to path: String, precision: WeightsPrecision, specification: ModelSpecification = specification,
    policy: QuantizationPolicy? = nil
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

extension ModelSpecification {
  /// The field that is refused; nil where all is well.
  var refusedField: String? {
    do throws(ModelFileError) {
      try validate()
      return nil
    } catch {
      guard case .specification(let field, _, _) = error else { return "\(error)" }
      return field
    }
  }
}
