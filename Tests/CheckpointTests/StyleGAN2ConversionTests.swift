import Checkpoint
import Foundation
import Quant
import TestSupport
import Testing

/// The forms in which StyleGAN2 generators are stored, and what is refused of them.
@Suite struct StyleGAN2ConversionTests {
  private func convert(
    _ checkpoint: TestCheckpoint, options: ConversionOptions = ConversionOptions()
  ) throws -> (report: ConversionReport, file: ModelFile, folder: TemporaryFolder) {
    let folder = try TemporaryFolder()
    let report = try Conversion([.generator: try checkpoint.write(folder, "g.safetensors")], options: options)
      .run(to: folder.file("m.idinv"))
    return (report, try ModelFile(path: folder.file("m.idinv")), folder)
  }

  private func checkpoint() throws -> TestCheckpoint { try TestCheckpoint(golden: "stylegan2_res32/converted.pt") }

  @Test func whatTheFileSaysIsInferred() throws {
    let (report, file, _) = try convert(checkpoint())
    let generator = try #require(file.specification.generator)
    #expect(generator.architecture == .styleGAN2(clamp: nil) && generator.resolution == 32 && generator.layerCount == 8)
    #expect(generator.blockChannels == [48, 48, 40, 24] && generator.mappingFeatures == [64, 64, 64, 64])
    #expect(generator.zDimension == 64 && generator.wDimension == 64 && generator.repeatsW && !generator.hasFinalTanh)
    #expect(report.ignored.isEmpty && report.warnings.isEmpty)
    #expect(try file.tensor("generator.truncation").floats() == [Float](repeating: 1, count: 8))
  }

  /// A training snapshot holds the generator twice, a discriminator whose names are alike, and no mean of w.
  @Test func aTrainingSnapshotGivesTheAverage() throws {
    var snapshot = TestCheckpoint()
    for tensor in try checkpoint().tensors where tensor.name != "latent_avg" {
      let name = String(tensor.name.dropFirst("g_ema.".count))
      snapshot.set("g.\(name)", tensor.shape, tensor.values.map { $0 * 0.5 })
      snapshot.set("g_ema.\(name)", tensor.shape, tensor.values)
    }
    snapshot.set("d.convs.0.0.weight", [8, 3, 1, 1], [Float](repeating: 1, count: 24))
    let (report, file, _) = try convert(snapshot)
    #expect(report.sources[0].prefix == "g_ema.")
    #expect(report.ignored.contains("d.convs.0.0.weight"))
    #expect(report.inferred.contains { $0.contains("no mean of w") })
    let (_, whole, _) = try convert(checkpoint())
    let name = "generator.layer.3.weight"
    #expect(try file.tensor(name).floats() == (try whole.tensor(name).floats()))
    // The estimate is a mean of what the mapping network gives: each row the same, and no number far out.
    let mean = try file.tensor("generator.w_average").floats()
    #expect(Array(mean[..<64]) == Array(mean[64..<128]))
    #expect(mean.allSatisfy { $0.isFinite } && mean.contains { $0 != 0 })
  }

  @Test func aPlainDictionaryAndWrappersPrefixesAreRead() throws {
    let name = "generator.output.2.style.bias"
    let expected = try convert(checkpoint()).file.tensor(name).floats()
    for prefix in ["", "module.", "decoder."] {
      var other = try checkpoint()
      other.rename { $0 == "latent_avg" ? $0 : prefix + $0.dropFirst("g_ema.".count) }
      #expect(try convert(other).file.tensor(name).floats() == expected)
    }
  }

  @Test func noiseMapsMayBeAbsentAltogether() throws {
    var old = try checkpoint()
    old.tensors.removeAll { $0.name.contains("noises.") }
    let (report, file, _) = try convert(old)
    #expect(report.inferred.contains { $0.contains("no noise maps") })
    #expect(try file.tensor("generator.layer.4.noise").floats().allSatisfy { $0 == 0 })
    var damaged = try checkpoint()
    damaged.remove("g_ema.noises.noise_3")
    #expect(throws: CheckpointError.self) { _ = try convert(damaged) }
  }

  @Test func truncationIsAnOption() throws {
    var options = ConversionOptions()
    (options.truncationPsi, options.truncationLayers) = (0.5, 3)
    let truncation = try convert(checkpoint(), options: options).file.tensor("generator.truncation").floats()
    #expect(truncation == [0.5, 0.5, 0.5, 1, 1, 1, 1, 1])
    options.truncationLayers = 9
    #expect(throws: CheckpointError.self) { _ = try convert(checkpoint(), options: options) }
  }

  @Test func anotherFilterIsRefusedByName() throws {
    var other = try checkpoint()
    other["g_ema.convs.2.conv.blur.kernel"] = [Float](repeating: 0.25, count: 16)
    let error = thrownError { _ = try convert(other) }
    guard case CheckpointError.tensor(let name, _, _)? = error else {
      Issue.record("threw \(String(describing: error))")
      return
    }
    #expect(name == "g_ema.convs.2.conv.blur.kernel")
  }

  @Test func whatDoesNotFitIsNamed() throws {
    for (name, shape) in [
      ("g_ema.convs.1.conv.weight", [1, 48, 47, 3, 3]), ("g_ema.style.4.weight", [63, 64]),
      ("g_ema.to_rgbs.1.conv.modulation.bias", [41]), ("g_ema.noises.noise_2", [1, 1, 8, 9]), ("latent_avg", [7, 64]),
    ] {
      var other = try checkpoint()
      other.set(name, shape, [Float](repeating: 0.5, count: shape.reduce(1, *)))
      let error = thrownError { _ = try convert(other) }
      guard case CheckpointError.tensor(let found, _, _)? = error else {
        Issue.record("\(name): threw \(String(describing: error))")
        continue
      }
      #expect(found == name)
    }
    var incomplete = try checkpoint()
    incomplete.remove("g_ema.convs.3.noise.weight", "g_ema.to_rgbs.2.bias")
    let error = thrownError { _ = try convert(incomplete) }
    guard case CheckpointError.missingTensors(_, let tensors)? = error else {
      Issue.record("threw \(String(describing: error))")
      return
    }
    #expect(tensors.map(\.name) == ["g_ema.convs.3.noise.weight", "g_ema.to_rgbs.2.bias"])
  }

  /// Kernels of genforce's port are flipped, and 1 is added to its styles' biases: as in TensorFlow.
  @Test func genforcesConventionsAreFolded() throws {
    let folder = try TemporaryFolder()
    let path = Golden.path("stylegan2_genforce_res32/stylegan2_32.pth")
    _ = try Conversion([.generator: path]).run(to: folder.file("m.idinv"))
    let file = try ModelFile(path: folder.file("m.idinv")), source = try CheckpointReader.open(path)
    let scale = 1 / Float(9 * 32).squareRoot()
    for (layer, isFlipped) in [(2, false), (3, true)] {
      let stored = try source.floats("generator_smooth.synthesis.layer\(layer).weight")
      let converted = try file.tensor("generator.layer.\(layer).weight").floats()
      for index in [0, 4, 8, 100] {
        let from = isFlipped ? index / 9 * 9 + 8 - index % 9 : index
        #expect(abs(converted[index] - stored[from] * scale) <= 1e-7)
      }
    }
    let bias = try source.floats("generator_smooth.synthesis.layer3.style.bias")
    #expect(try file.tensor("generator.layer.3.style.bias").floats() == bias.map { $0 + 1 })
  }

  // MARK: stylegan2-encoder-pytorch

  private func filtered(_ change: (inout TestCheckpoint) -> Void, generator: String?) -> CheckpointError? {
    checkpointError {
      var checkpoint = try TestCheckpoint(golden: "filtered_res32/encoder.pt")
      change(&checkpoint)
      let folder = try TemporaryFolder()
      let conversion = Conversion([.generator: generator, .encoder: try checkpoint.write(folder, "e.safetensors")])
      _ = try conversion.run(to: folder.file("m.idinv"))
    }
  }

  /// Its codes lie around the generator's mean of w.
  @Test func aFilteredEncoderNeedsItsGenerator() {
    guard case .unsupported(_, let found, let expected)? = filtered({ _ in }, generator: nil) else {
      Issue.record("accepted")
      return
    }
    #expect(found.contains("stylegan2-encoder-pytorch") && expected == "its generator in the same conversion")
  }

  @Test func whatAFilteredEncoderLacksOrHasOtherwiseIsNamed() {
    let generator = Golden.path("stylegan2_res32/converted.pt")
    #expect(filtered({ _ in }, generator: generator) == nil)
    let kernel = filtered({ $0["e.convs.1.skip.0.kernel"][0] = 0.25 }, generator: generator)
    guard case .tensor("e.convs.1.skip.0.kernel", "another filter", _)? = kernel else {
      Issue.record("\(String(describing: kernel))")
      return
    }
    let cut = filtered({ $0.remove("e.convs.2.conv1.1.bias", "e.convs.3.skip.1.weight") }, generator: generator)
    #expect(
      cut
        == .missingTensors(
          part: "encoder",
          tensors: [
            MissingTensor(name: "e.convs.2.conv1.1.bias", shape: [20]),
            MissingTensor(name: "e.convs.3.skip.1.weight", shape: [12, 24, 1, 1]),
          ]))
  }
}
