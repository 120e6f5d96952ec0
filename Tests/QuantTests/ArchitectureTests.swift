import Foundation
import Quant
import Testing

/// Architectures that joined the first: what they demand, what is refused, and that files of the first stay what they were.
@Suite struct ArchitectureTests {
  private static let styleGAN2 = GeneratorSpecification(
    resolution: 16, zDimension: 10, wDimension: 6, layerCount: 6, mappingFeatures: [12, 6], repeatsW: true,
    hasFinalTanh: false, blockChannels: [8, 7, 5], imageChannels: 3, architecture: .styleGAN2(clamp: nil))
  private static let heads = StyleHeadsSpecification(
    units: [3, 4, 14, 3], squeezed: [2, 2, 3, 4], usesPyramid: true, isProgressive: true, iterations: nil)
  private static let styleHeads = EncoderSpecification(
    resolution: 256, wDimension: 6, layerCount: 6, imageChannels: 3, stemChannels: 4, blockChannels: [4, 5, 6, 7],
    architecture: .styleHeads(heads))

  private func field(_ change: (inout ModelSpecification) -> Void) -> String? {
    var specification = ModelSpecification(generator: Self.styleGAN2, encoder: Self.styleHeads)
    change(&specification)
    return specification.refusedField
  }

  private func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  @Test func aFileOfTheFirstArchitecturesDoesNotNameThem() throws {
    let text = try json(TestModel.specification)
    #expect(!text.contains("architecture"))
    let read = try JSONDecoder().decode(ModelSpecification.self, from: Data(text.utf8))
    #expect(read == TestModel.specification)
    #expect(read.generator?.architecture == .styleGAN && read.encoder?.architecture == .inDomain)
  }

  @Test func theOthersAreReadAsTheyWereWritten() throws {
    for clamp in [nil, Float(256)] {
      var specification = ModelSpecification(generator: Self.styleGAN2, encoder: Self.styleHeads)
      specification.generator?.architecture = .styleGAN2(clamp: clamp)
      let text = try json(specification)
      #expect(text.contains(clamp == nil ? #""architecture":{"styleGAN2":{}}"# : #"{"styleGAN2":{"clamp":256}}"#))
      #expect(text.contains(#""architecture":{"styleHeads":{"isProgressive":true,"#))
      #expect(try JSONDecoder().decode(ModelSpecification.self, from: Data(text.utf8)) == specification)
    }
    let unknown = #"{"generator": {"architecture": {"styleGAN9": {}}}}"#
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(ModelSpecification.self, from: Data(unknown.utf8))
    }
  }

  @Test func whatCannotExistIsRefusedByField() {
    #expect(field { _ in } == nil)
    #expect(field { $0.generator!.architecture = .styleGAN2(clamp: 256) } == nil)
    for clamp in [Float(0), -1, .infinity, .nan] {
      #expect(
        field { $0.generator!.architecture = .styleGAN2(clamp: clamp) } == "generator.architecture.styleGAN2.clamp")
    }
    #expect(field { $0.generator!.hasFinalTanh = true } == "generator.repeatsW, generator.hasFinalTanh")
    #expect(
      field { ($0.generator!.repeatsW, $0.generator!.mappingFeatures) = (false, [12, 36]) }
        == "generator.repeatsW, generator.hasFinalTanh")
    #expect(field { $0.encoder!.resolution = 512 } == "encoder.resolution")
    #expect(field { $0.encoder!.blockChannels = [4, 5, 6] } == "encoder.blockChannels.count")
    #expect(field { $0.encoder!.layerCount = 8 } == "encoder.layerCount")
    #expect(field { ($0.encoder!.layerCount, $0.generator) = (22, nil) } == "encoder.layerCount")
    func headsField(_ change: (inout StyleHeadsSpecification) -> Void) -> String? {
      var heads = Self.heads
      change(&heads)
      return field { $0.encoder!.architecture = .styleHeads(heads) }
    }
    let prefix = "encoder.architecture.styleHeads."
    #expect(headsField { $0.units = [3, 4, 14] } == prefix + "units.count")
    #expect(headsField { $0.units[2] = 0 } == prefix + "units")
    #expect(headsField { $0.squeezed = [] } == prefix + "squeezed.count")
    #expect(headsField { $0.squeezed[0] = -1 } == prefix + "squeezed")
    #expect(headsField { $0.iterations = 0 } == prefix + "iterations")
  }

  @Test func tensorsOfStyleGAN2() {
    let shapes = Dictionary(
      uniqueKeysWithValues: requiredTensors(of: ModelSpecification(generator: Self.styleGAN2)).map {
        ($0.name, $0.shape)
      })
    #expect(shapes["generator.w_average"] == [6, 6] && shapes["generator.constant"] == [8, 4, 4])
    #expect(shapes["generator.layer.0.weight"] == [8, 8, 3, 3] && shapes["generator.layer.5.weight"] == nil)
    #expect(shapes["generator.layer.1.weight"] == [7, 8, 3, 3] && shapes["generator.layer.4.weight"] == [5, 5, 3, 3])
    #expect(shapes["generator.layer.3.style.weight"] == [7, 6] && shapes["generator.layer.3.bias"] == [5])
    #expect(shapes["generator.layer.4.noise"] == [16, 16] && shapes["generator.layer.4.noise_strength"] == [1])
    #expect(
      shapes["generator.output.1.style.weight"] == [7, 6] && shapes["generator.output.2.weight"] == [3, 5, 1, 1])
    #expect(Self.styleGAN2.styleName(ofLayer: 4) == "generator.layer.4.style")
    #expect(Self.styleGAN2.styleName(ofLayer: 5) == "generator.output.2.style")
  }

  @Test func tensorsOfStyleHeads() {
    func names(_ encoder: EncoderSpecification) -> [String: [Int]] {
      Dictionary(
        uniqueKeysWithValues: requiredTensors(of: ModelSpecification(encoder: encoder)).map { ($0.name, $0.shape) })
    }
    let shapes = names(Self.styleHeads)
    #expect(shapes["encoder.stem.weight"] == [4, 3, 3, 3] && shapes["encoder.unit.23.conv2.weight"] == [7, 7, 3, 3])
    #expect(
      shapes["encoder.unit.0.shortcut.weight"] == nil && shapes["encoder.unit.3.shortcut.weight"] == [5, 4, 1, 1])
    #expect(shapes["encoder.lateral.0.weight"] == [7, 6, 1, 1] && shapes["encoder.lateral.1.weight"] == [7, 5, 1, 1])
    #expect(shapes["encoder.head.0.conv.3.bias"] == [6] && shapes["encoder.head.0.conv.4.bias"] == nil)
    #expect(shapes["encoder.head.3.conv.4.bias"] == [6] && shapes["encoder.head.3.conv.0.weight"] == [6, 7, 3, 3])
    var iterated = Self.heads
    (iterated.iterations, iterated.usesPyramid) = (5, false)
    var encoder = Self.styleHeads
    encoder.architecture = .styleHeads(iterated)
    let others = names(encoder)
    #expect(others["encoder.stem.weight"] == [4, 6, 3, 3] && others["encoder.lateral.0.weight"] == nil)
    #expect(others["encoder.head.5.conv.4.bias"] == nil && others["encoder.start"] == [6, 6])
  }
}
