import Checkpoint
import Foundation
import Quant
import TestSupport
import Testing

/// Golden networks under other programs' names and with other channels: the same images.
@Suite struct PortConversionTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func first(_ path: String) throws -> [Float] {
    let array = try NumpyArray.read(Golden.path(path))
    return Array(array.floats[..<(array.floats.count / array.shape[0])])
  }

  private func networks(
    generator: TestCheckpoint? = nil, encoder: TestCheckpoint? = nil
  ) throws -> (report: ConversionReport, networks: ReferenceNetworks) {
    let report = try Conversion([
      .generator: try generator?.write(folder, "g.safetensors"), .encoder: try encoder?.write(folder, "e.safetensors"),
    ]).run(to: folder.file("m.idinv"))
    return (report, ReferenceNetworks(file: try ModelFile(path: folder.file("m.idinv"))))
  }

  private func largestError(_ a: [Float], _ b: [Float]) -> Float {
    #expect(a.count == b.count)
    return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  /// As genforce's runner saves an in-domain generator: a mean of w for each layer, average and discriminator beside it.
  private func genforce() throws -> TestCheckpoint {
    var checkpoint = try TestCheckpoint(golden: "res32/generator.pth")
    checkpoint.remove("truncation.truncation")
    checkpoint.rename { name in
      var name = name.replacingOccurrences(of: ".epilogue.style_mod.dense.fc.weight", with: ".style.weight")
      name = name.replacingOccurrences(of: ".epilogue.style_mod.dense.wscale.bias", with: ".style.bias")
      for word in [".fc", ".wscale", ".conv", ".epilogue"] { name = name.replacingOccurrences(of: word, with: "") }
      return name
    }
    let mean = checkpoint["truncation.w_avg"]
    checkpoint.set("truncation.w_avg", [8 * 32], (0..<8).flatMap { _ in mean })
    return checkpoint
  }

  @Test func genforcesTrainingCheckpointGivesTheGoldenImage() throws {
    var average = try genforce()
    average.rename { "models.generator_smooth." + $0 }
    var training = try genforce()
    training.rename { "models.generator." + $0 }
    for index in training.tensors.indices where training.tensors[index].shape.count > 1 {
      training.tensors[index].values = training.tensors[index].values.map { $0 * 1.5 }
    }
    training.tensors += average.tensors
    training.set("models.discriminator.input0.weight", [4, 3, 1, 1], Array(repeating: 0, count: 12))
    let (report, networks) = try networks(generator: training)
    #expect(report.sources[0].prefix == "models.generator_smooth.")
    #expect(report.specification.generator?.hasFinalTanh == true && report.specification.generator?.variant == nil)
    let image = try networks.synthesize(try first("res32/truncated_wp.npy"))
    #expect(largestError(image.values, try first("res32/synthesized.npy")) <= 1e-5)
    let code = try networks.truncate(try networks.map(try first("res32/z.npy")))
    #expect(largestError(code, try first("res32/truncated_wp.npy")) <= 5e-5)
  }

  @Test func layersMayHaveMeansOfTheirOwn() throws {
    var checkpoint = try genforce()
    let means = (0..<256).map { Float($0) / 256 }
    checkpoint.set("truncation.w_avg", [256], means)
    let (report, networks) = try networks(generator: checkpoint)
    #expect(report.specification.generator?.variant?.hasLayerAverages == true)
    #expect(try networks.file.tensor("generator.w_average").floats() == means)
    #expect(try networks.file.tensor("generator.w_average").shape == [8, 32])
  }

  @Test func whatAPortLacksIsNamedAsThePortNamesIt() throws {
    var checkpoint = try genforce()
    checkpoint.remove("synthesis.layer3.weight", "mapping.dense2.bias")
    guard case .missingTensors(_, let tensors) = checkpointError({ _ = try networks(generator: checkpoint) }) else {
      Issue.record("accepted")
      return
    }
    #expect(tensors.map(\.name) == ["mapping.dense2.bias", "synthesis.layer3.weight"])
  }

  @Test func unknownTensorsOfAPortAreRefused() throws {
    var checkpoint = try genforce()
    checkpoint.set("synthesis.layer3.attention.weight", [2], [1, 1])
    guard
      case .tensor("synthesis.layer3.attention.weight", _, _) = checkpointError({
        _ = try networks(generator: checkpoint)
      })
    else {
      Issue.record("accepted")
      return
    }
  }

  @Test func aGrayGeneratorRepeatsItsChannel() throws {
    var gray = try TestCheckpoint(golden: "res32/generator.pth")
    for block in 0..<4 {
      let name = "synthesis.output\(block)."
      let weights = gray[name + "conv.weight"]
      gray.set(name + "conv.weight", [1, weights.count / 3, 1, 1], Array(weights[..<(weights.count / 3)]))
      gray.set(name + "bias", [1], [gray[name + "bias"][0]])
    }
    let (report, networks) = try networks(generator: gray)
    #expect(report.specification.generator?.imageChannels == 3)
    #expect(report.inferred.contains { $0.contains("grey") })
    let image = try networks.synthesize(try first("res32/truncated_wp.npy")).values
    let red = Array(try first("res32/synthesized.npy")[..<1024])
    for channel in 0..<3 { #expect(largestError(Array(image[channel * 1024..<channel * 1024 + 1024]), red) <= 5e-5) }
  }

  @Test func aGrayEncoderReadsGrayPixelsAsTheyAre() throws {
    let color = try TestCheckpoint(golden: "res32/encoder.pth")
    var gray = color
    let weights = gray["block0.conv.weight"]
    let outputs = weights.count / 27
    var sums: [Float] = []
    for output in 0..<outputs {
      for tap in 0..<9 {
        let start = output * 27 + tap
        sums.append(weights[start] + weights[start + 9] + weights[start + 18])
      }
    }
    gray.set("block0.conv.weight", [outputs, 1, 3, 3], sums)
    let plane = Array(try first("res32/image.npy")[..<1024])
    let image = ReferenceNetworks.Maps(channels: 3, side: 32, values: plane + plane + plane)
    let expected = try networks(encoder: color).networks.encode(image)
    let (report, networks) = try networks(encoder: gray)
    #expect(report.inferred.contains { $0.contains("luma") })
    #expect(largestError(try networks.encode(image), expected) <= 5e-5)
  }
}
