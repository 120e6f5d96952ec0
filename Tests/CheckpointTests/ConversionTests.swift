import Files
import Checkpoint
import Foundation
import Quant
import TestSupport
import Testing

/// What conversion infers, reports and refuses.
@Suite struct ConversionTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func convert(
    _ generator: TestCheckpoint? = nil, encoder: TestCheckpoint? = nil, perceptual: TestCheckpoint? = nil,
    options: ConversionOptions = ConversionOptions()
  ) throws -> (report: ConversionReport, file: ModelFile) {
    let report = try Conversion(
      [
        .generator: try generator?.write(folder, "g.safetensors"),
        .encoder: try encoder?.write(folder, "e.safetensors"),
        .perceptual: try perceptual?.write(folder, "p.safetensors"),
      ], options: options
    ).run(to: folder.file("m.idinv"))
    return (report, try ModelFile(path: folder.file("m.idinv")))
  }

  private func generator() throws -> TestCheckpoint { try TestCheckpoint(golden: "res32/generator.pth") }
  private func encoder() throws -> TestCheckpoint { try TestCheckpoint(golden: "res32/encoder.pth") }

  @Test func theReportSaysWhatWentInAndCameOut() throws {
    var options = ConversionOptions()
    options.precision = .int8
    options.licence = "CC0"
    options.note = "random"
    let paths = ["generator", "encoder"].map { Golden.path("res128/\($0).pth") }
    var shares: [Double] = []
    let report = try Conversion([.generator: paths[0], .encoder: paths[1]], options: options)
      .run(to: folder.file("m.idinv")) { shares.append($0) }
    let file = try ModelFile(path: folder.file("m.idinv"))
    #expect(shares == shares.sorted() && shares.last == 1)
    #expect(report.sources.map(\.format) == ["torch legacy", "torch legacy"])
    #expect(try report.sources[0].sha256 == SHA256.hexDigest(ofFile: paths[0]))
    #expect(try report.sha256 == SHA256.hexDigest(ofFile: file.path))
    #expect(report.byteCount == file.byteCount && report.tensorCount == file.tensorNames.count)
    #expect(report.ignored.allSatisfy { $0.hasSuffix("num_batches_tracked") } && report.ignored.count == 15)
    #expect(
      report.inferred.contains("generator: fused up-sampling kernels in layers [10], unfused into equal convolutions"))
    #expect(file.metadata.licence == "CC0" && file.metadata.note == "random")
    #expect(file.metadata.sources.map(\.file) == ["generator.pth", "encoder.pth"])
    #expect(file.metadata.sources.map(\.sha256) == report.sources.map(\.sha256))
    #expect(report.text.contains("128×128, 12 layers") && report.text.contains("15 counters"))
    let decoded = try JSONDecoder().decode(ConversionReport.self, from: JSONEncoder().encode(report))
    #expect(decoded == report)
  }

  @Test(arguments: [
    ("truncation.truncation", [0, Int.max]), ("synthesis.layer2.epilogue.bias", [Int.max, 0]),
    ("synthesis.layer3.conv.weight", [3, 0, 3, Int.max]), ("block1.conv2.weight", [Int.max, 0]),
    ("block0.conv.weight", [0, Int.max, 3, 3]),
  ]) func extentsOfNoNetworkAreRefusedByName(name: String, shape: [Int]) throws {
    let isEncoder = name.hasPrefix("block")
    var checkpoint = try isEncoder ? encoder() : generator()
    checkpoint.set(name, shape, [])
    do {
      _ = try isEncoder ? convert(encoder: checkpoint) : convert(checkpoint)
      Issue.record("converted")
    } catch CheckpointError.tensor(let found, _, let expected) {
      #expect(found == name && expected.contains("1 to "))
    }
  }

  /// The model has no name while it is measured, and gets it with the measurement in its header.
  @Test(arguments: [true, false]) func whatIsMeasuredIsWrittenWithTheRest(isWanted: Bool) throws {
    var conversion = Conversion([.generator: try generator().write(folder, "g.safetensors")])
    _ = try conversion.run(to: folder.file("plain.idinv"))
    let folder = folder
    let statistics = InDomainStatistics(sampleCount: 3, median: 0.0123)
    var measured: [String] = []
    conversion.measurement = Conversion.Measurement {
      $0.generator != nil
    } run: { path, _ in
      measured.append(path)
      #expect(!folder.contents().contains("m.idinv"))
      let error = thrownError { try ModelFile(path: path).verifyChecksums() }
      #expect(error == nil)
      return ModelFindings(inDomain: statistics)
    }
    let report = try conversion.run(to: folder.file("m.idinv"), while: { _ in isWanted || measured.isEmpty })
    #expect(measured.count == 1 && (report != nil) == isWanted)
    #expect(folder.contents().sorted() == ["g.safetensors"] + (isWanted ? ["m.idinv"] : []) + ["plain.idinv"])
    guard let report else { return }
    let file = try ModelFile(path: folder.file("m.idinv"))
    try file.verifyChecksums()
    #expect(file.specification.inDomain == statistics && report.specification == file.specification)
    #expect(try report.sha256 == SHA256.hexDigest(ofFile: file.path) && report.byteCount == file.byteCount)
  }

  /// Tensors that are stored otherwise change the file's layout, and nothing else of it.
  @Test(arguments: [true, false]) func whatIsMeasuredMayChangeTensors(isWanted: Bool) throws {
    var options = ConversionOptions()
    options.precision = .f16
    var conversion = Conversion([.encoder: try encoder().write(folder, "e.safetensors")], options: options)
    _ = try conversion.run(to: folder.file("plain.idinv"))
    let plain = try ModelFile(path: folder.file("plain.idinv"))
    let bias = try plain.tensor("encoder.head.bias").floats().map { $0 + 1 }
    let layers = Array(plain.specification.int8Candidates.prefix(2))
    conversion.measurement = Conversion.Measurement(applies: { _ in true }) { _, goesOn in
      var findings = ModelFindings()
      findings.int8Weights = ["encoder.head.weight"]
      findings.values = ["encoder.head.bias": bias]
      findings.int8 = Int8Calibration(layers: layers, codeError: 0.5)
      findings.statements = ["found"]
      #expect(goesOn())
      return findings
    }
    var asked = 0
    let report = try conversion.run(to: folder.file("m.idinv")) { share in
      asked += share == 1 ? 1 : 0
      return isWanted || asked < 3  // after the last tensor, during the measurement, after it
    }
    #expect((report != nil) == isWanted)
    #expect(folder.contents().sorted() == ["e.safetensors"] + (isWanted ? ["m.idinv"] : []) + ["plain.idinv"])
    guard let report else { return }
    let file = try ModelFile(path: folder.file("m.idinv"))
    try file.verifyChecksums()
    #expect(report.specification == file.specification && file.specification.int8?.layers == layers)
    #expect(report.measured == ["found"] && report.text.contains("measured: found"))
    #expect(try report.byteCount == file.byteCount && report.sha256 == SHA256.hexDigest(ofFile: file.path))
    #expect(file.byteCount < plain.byteCount && file.metadata.precision == .f16)
    for name in plain.tensorNames {
      let (before, after) = (try plain.tensor(name), try file.tensor(name))
      switch name {
      case "encoder.head.weight":
        let rounded = Int8Tensor(quantizing: before.floats(), rowCount: before.rows)
        #expect(after.dtype == .i8 && after.scales == rounded.scales)
        #expect(after.floats() == rounded.floats)
      case "encoder.head.bias":
        #expect(after.floats() == bias)
      default:
        #expect(after.dtype == before.dtype && after.floats() == before.floats(), "\(name)")
      }
    }
  }

  @Test func findingsThatCannotBeAreRefused() throws {
    var conversion = Conversion([.encoder: try encoder().write(folder, "e.safetensors")])
    for name in ["encoder.tail.weight", "generator.constant"] {
      conversion.measurement = Conversion.Measurement(applies: { _ in true }) { _, _ in
        var findings = ModelFindings()
        findings.int8Weights = [name]
        return findings
      }
      let error = checkpointError { _ = try conversion.run(to: folder.file("m.idinv")) }
      guard case .modelFile(.tensor(let found, _, _)) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(found == name && folder.contents() == ["e.safetensors"])
    }
  }

  @Test func modelsThatAreNotMeasuredStayAsTheyAre() throws {
    var conversion = Conversion([.generator: try generator().write(folder, "g.safetensors")])
    let plain = try conversion.run(to: folder.file("plain.idinv"))
    conversion.measurement = Conversion.Measurement(applies: { $0.encoder != nil }) { _, _ in
      Issue.record("measured")
      return nil
    }
    #expect(try conversion.run(to: folder.file("m.idinv")).sha256 == plain.sha256)
    conversion.measurement = Conversion.Measurement(applies: { _ in true }, run: { _, _ in nil })
    let unknown = try conversion.run(to: folder.file("m.idinv"))
    #expect(unknown.specification.inDomain == nil && unknown.byteCount >= plain.byteCount)
    try ModelFile(path: folder.file("m.idinv")).verifyChecksums()
  }

  @Test func convertingTwiceGivesTheSameBytes() throws {
    let hashes = try (0..<2).map { _ in try convert(generator()).report.sha256 }
    #expect(hashes[0] == hashes[1])
  }

  @Test func everythingMissingIsNamedAtOnce() throws {
    var checkpoint = try generator()
    checkpoint.remove("synthesis.layer3.conv.weight", "mapping.dense2.wscale.bias", "synthesis.output1.bias")
    checkpoint.remove("truncation.w_avg", "synthesis.layer0.const")
    let error = checkpointError { _ = try convert(checkpoint) }
    #expect(
      error
        == .missingTensors(
          part: "generator",
          tensors: [
            MissingTensor(name: "mapping.dense2.wscale.bias", shape: [32]),
            MissingTensor(name: "truncation.w_avg", shape: [32]),
            MissingTensor(name: "synthesis.layer0.const", shape: [1, 32, 4, 4]),
            MissingTensor(name: "synthesis.layer3.conv.weight", shape: [32, 32, 3, 3]),
            MissingTensor(name: "synthesis.output1.bias", shape: [3]),
          ]), "\(String(describing: error))")
    #expect(folder.contents() == ["g.safetensors"])
    var cut = try encoder()
    cut.remove("block2.bn1.bn.running_var", "block4.fc.weight", "block0.conv.weight")
    guard case .missingTensors("encoder", let tensors) = checkpointError({ _ = try convert(encoder: cut) }) else {
      Issue.record("no error")
      return
    }
    #expect(tensors.map(\.name) == ["block0.conv.weight", "block2.bn1.bn.running_var", "block4.fc.weight"])
  }

  @Test func wrongShapesAreRefusedByName() throws {
    var checkpoint = try generator()
    checkpoint.set("synthesis.layer3.epilogue.apply_noise.noise", [1, 1, 4, 4], Array(repeating: 0, count: 16))
    #expect(
      checkpointError { _ = try convert(checkpoint) }
        == .tensor(
          name: "synthesis.layer3.epilogue.apply_noise.noise", found: "shape [1, 1, 4, 4]", expected: "[1, 1, 8, 8]"))
  }

  @Test(arguments: ["module.", "generator_smooth.", "state_dict.module."])
  func wrappersPrefixesAreStripped(prefix: String) throws {
    var checkpoint = try generator()
    checkpoint.rename { prefix + $0 }
    let (report, _) = try convert(checkpoint)
    #expect(report.sources[0].prefix == prefix && report.text.contains("names without '\(prefix)'"))
    let plain = try convert(generator()).file
    let name = "generator.layer.2.weight"
    #expect(try plain.tensor(name).floats() == ModelFile(path: folder.file("m.idinv")).tensor(name).floats())
  }

  @Test func theAveragedCopyIsTakenAndSaidSo() throws {
    var checkpoint = try generator()
    var average = checkpoint
    checkpoint.rename { "models.generator." + $0 }
    average.rename { "models.generator_smooth." + $0 }
    average["models.generator_smooth.truncation.w_avg"] = Array(repeating: 4, count: 32)
    checkpoint.tensors += average.tensors
    let (report, file) = try convert(checkpoint)
    #expect(report.warnings == ["generator: took the copy named models.generator_smooth.…, not models.generator.…"])
    #expect(try file.tensor("generator.w_average").floats() == Array(repeating: 4, count: 32))
    #expect(report.ignored.count == 78)
  }

  @Test func unknownTensorsOfANetworkAreRefusedUnlessAskedFor() throws {
    var checkpoint = try generator()
    checkpoint.set("synthesis.layer3.conv.bias", [32], Array(repeating: 0, count: 32))
    checkpoint.set("optimizer.step", [], [3])
    guard case .tensor("synthesis.layer3.conv.bias", let found, _) = checkpointError({ _ = try convert(checkpoint) })
    else {
      Issue.record("no error")
      return
    }
    #expect(found == "a tensor that the published generator does not have")
    var options = ConversionOptions()
    options.ignoresUnknownTensors = true
    #expect(
      try convert(checkpoint, options: options).report.ignored == ["synthesis.layer3.conv.bias", "optimizer.step"])
  }

  @Test func otherNetworksAreRecognized() throws {
    func wrong(_ error: CheckpointError?) -> String {
      guard case .wrongNetwork(_, let found, _) = error else { return "\(String(describing: error))" }
      return found
    }
    #expect(wrong(checkpointError { _ = try convert(encoder()) }) == "an in-domain encoder")
    #expect(
      wrong(checkpointError { _ = try convert(encoder: generator()) })
        == "a StyleGAN generator (idinvert_pytorch's StyleGAN)")
    var unknown = TestCheckpoint()
    for name in ["a", "b", "c", "d"] { unknown.set("net.\(name)", [1], [0]) }
    #expect(
      wrong(checkpointError { _ = try convert(unknown) })
        == "a file of no known network (4 tensors: net.a, net.b, net.c, …)")
    var stylegan2 = TestCheckpoint()
    stylegan2.set("g_ema.convs.0.conv.weight", [1], [0])
    guard case .missingTensors("generator", _) = checkpointError({ _ = try convert(stylegan2) }) else {
      Issue.record("a StyleGAN2 generator of one tensor misses others")
      return
    }
    #expect(wrong(checkpointError { _ = try convert(TestCheckpoint()) }) == "a file without tensors")
  }

  @Test func networksOfDifferentModelsAreRefused() throws {
    let error = checkpointError {
      _ = try convert(generator(), encoder: TestCheckpoint(golden: "res64_wscale/encoder.pth"))
    }
    #expect(
      error
        == .mismatch(
          what: "the encoder's resolution", found: "64 (\(folder.file("e.safetensors")))",
          expected: "32, as the generator's (\(folder.file("g.safetensors")))"))
  }

  @Test func otherBlurKernelsAreRefused() throws {
    var checkpoint = try generator()
    checkpoint["synthesis.layer4.blur.kernel"][4] = 0.3
    #expect(
      checkpointError { _ = try convert(checkpoint) }
        == .tensor(
          name: "synthesis.layer4.blur.kernel", found: "0.3 at element 4",
          expected: "0.25, of the kernel [1, 2, 1]⊗[1, 2, 1] / 16"))
    checkpoint.remove("synthesis.layer4.blur.kernel")
    #expect(
      try convert(checkpoint).report.inferred.contains("generator: layer 4 has no blur kernel; [1, 2, 1] is assumed"))
  }

  @Test func levelOfDetailIsReported() throws {
    var checkpoint = try generator()
    checkpoint["synthesis.lod"] = [1.5]
    #expect(try convert(checkpoint).report.warnings.first?.text.contains("(lod) is 1.5") == true)
  }

  @Test func truncationComesFromTheBufferOrTheOptions() throws {
    func factors(_ options: ConversionOptions, _ checkpoint: TestCheckpoint) throws -> [Float] {
      try convert(checkpoint, options: options).file.tensor("generator.truncation").floats()
    }
    var checkpoint = try generator()
    checkpoint["truncation.truncation"] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    #expect(try factors(ConversionOptions(), checkpoint) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    var options = ConversionOptions()
    options.truncationPsi = 0.5
    options.truncationLayers = 3
    #expect(try factors(options, checkpoint) == [0.5, 0.5, 0.5, 1, 1, 1, 1, 1])
    checkpoint.remove("truncation.truncation")
    #expect(try factors(ConversionOptions(), checkpoint) == Array(repeating: 0.7, count: 8))
  }

  @Test func oneWForAllLayersIsInferred() throws {
    var checkpoint = try generator()
    checkpoint.set("mapping.dense7.fc.weight", [32, 32], Array(repeating: 0.5, count: 1024))
    checkpoint.set("mapping.dense7.wscale.bias", [32], Array(repeating: 1, count: 32))
    let (report, _) = try convert(checkpoint)
    #expect(report.specification.generator?.repeatsW == true)
    checkpoint.set("mapping.dense7.fc.weight", [33, 32], Array(repeating: 0.5, count: 1056))
    checkpoint.set("mapping.dense7.wscale.bias", [33], Array(repeating: 1, count: 33))
    #expect(
      checkpointError { _ = try convert(checkpoint) }
        == .tensor(
          name: "mapping.dense7.fc.weight", found: "33 outputs",
          expected: "32 (one w for all layers) or 256 (one for each of 8)"))
  }

  @Test func classConditionalGeneratorsAndTensorFlowEncodersAreRefused() throws {
    var conditional = try generator()
    conditional.set("mapping.label_weight", [2, 32], Array(repeating: 0, count: 64))
    guard case .unsupported(_, let found, _) = checkpointError({ _ = try convert(conditional) }) else {
      Issue.record("no error")
      return
    }
    #expect(found == "a class-conditional generator (mapping.label_weight)")
    var large = try encoder()
    large.set("block0.conv.weight", [8, 3, 5, 5], Array(repeating: 0, count: 600))
    guard case .tensor("block0.conv.weight", "a 5×5 stem", _) = checkpointError({ _ = try convert(encoder: large) })
    else {
      Issue.record("no error")
      return
    }
  }

  @Test func valuesThatAreNotFiniteAndNegativeVariancesAreRefused() throws {
    var checkpoint = try encoder()
    checkpoint["block2.conv1.weight"][7] = .nan
    #expect(
      checkpointError { _ = try convert(encoder: checkpoint) }
        == .tensor(name: "block2.conv1.weight", found: "a value that is not finite", expected: "finite numbers"))
    checkpoint = try encoder()
    checkpoint["block2.bn1.bn.running_var"][0] = -0.5
    #expect(
      checkpointError { _ = try convert(encoder: checkpoint) }
        == .tensor(name: "block2.bn1.bn.running_var", found: "a negative variance", expected: "none below 0"))
    #expect(folder.contents() == ["e.safetensors"])
  }

  @Test func weightsBeyondHalfPrecisionAreRefusedByName() throws {
    var checkpoint = try TestCheckpoint(golden: "perceptual/vgg_small.pth")
    checkpoint["layer5.weight"][0] = 70000
    var options = ConversionOptions()
    options.precision = .f16
    guard
      case .modelFile(.tensor("perceptual.5.weight", "a weight of magnitude 70000.0", _)) = checkpointError({
        _ = try convert(perceptual: checkpoint, options: options)
      })
    else {
      Issue.record("no error")
      return
    }
    #expect(folder.contents() == ["p.safetensors"])
    options.precisionOverrides = ["perceptual.5.weight": .f32]
    #expect(try convert(perceptual: checkpoint, options: options).file.tensor("perceptual.5.weight").dtype == .f32)
  }

  @Test func torchvisionNamesAndLayerLimitsAreTaken() throws {
    var checkpoint = try TestCheckpoint(golden: "perceptual/vgg_small.pth")
    checkpoint.rename { $0.replacingOccurrences(of: "layer", with: "features.") }
    checkpoint.set("classifier.0.weight", [2, 2], [1, 2, 3, 4])
    let (report, file) = try convert(perceptual: checkpoint)
    #expect(report.specification.perceptual?.layers.count == 23 && report.warnings.count == 1)
    #expect(report.ignored == ["features.24.weight", "features.24.bias", "classifier.0.weight"])
    let shift = report.specification.perceptual?.inputShift ?? []
    let expected: [Float] = [1 - 123.68 / 127.5, 1 - 116.779 / 127.5, 1 - 103.939 / 127.5]
    #expect(shift.count == 3)
    for (found, wanted) in zip(shift, expected) { #expect(abs(found - wanted) < 1e-6) }
    let first = try file.tensor("perceptual.0.weight").floats()
    #expect(first[0] == checkpoint["features.0.weight"][18] * 127.5)
    var options = ConversionOptions()
    options.perceptualLayers = 9
    let layers = try convert(perceptual: checkpoint, options: options).report.specification.perceptual?.layers
    #expect(layers?.count == 9 && layers?.last == .relu && layers?[4] == .maxPool)
    options.perceptualLayers = 99
    #expect(
      checkpointError { _ = try convert(perceptual: checkpoint, options: options) }
        == .mismatch(what: "the number of perceptual layers", found: "99", expected: "1 to 26, as the file has"))
    options = ConversionOptions()
    options.perceptualInput = .torchvision
    let weights = try convert(perceptual: checkpoint, options: options).file.tensor("perceptual.0.weight").floats()
    let wanted = checkpoint["features.0.weight"][0] / (2 * 0.229)
    #expect(abs(weights[0] - wanted) < 1e-6)
  }

  @Test func batchNormalizedAndGappedFeatureNetworksAreRefused() throws {
    var normalized = TestCheckpoint()
    normalized.set("features.0.weight", [4, 3, 3, 3], Array(repeating: 1, count: 108))
    normalized.set("features.1.weight", [4], [1, 1, 1, 1])
    guard
      case .tensor("features.1.weight", "shape [4]", _) = checkpointError({ _ = try convert(perceptual: normalized) })
    else {
      Issue.record("no error")
      return
    }
    var gapped = TestCheckpoint()
    gapped.set("layer0.weight", [4, 3, 3, 3], Array(repeating: 1, count: 108))
    gapped.set("layer7.weight", [4, 4, 3, 3], Array(repeating: 1, count: 144))
    guard case .tensor("layer7.weight", let found, _) = checkpointError({ _ = try convert(perceptual: gapped) }) else {
      Issue.record("no error")
      return
    }
    #expect(found == "6 layers since layer0")
  }

  @Test func damagedFilesAreNamed() throws {
    let path = try folder.write(Array(bytes(of: Golden.path("res32/generator.pth")).dropLast(50)), "cut.pth")
    guard
      case .inFile(path, .malformed("zip archive", _, _, _)) = checkpointError({
        _ = try Conversion([.generator: path, .encoder: Golden.path("res32/encoder.pth")]).run(
          to: folder.file("m.idinv"))
      })
    else {
      Issue.record("no error")
      return
    }
  }

  @Test func nothingToConvertAndNowhereToWriteAreErrors() throws {
    guard case .modelFile(.specification) = checkpointError({ _ = try convert() }) else {
      Issue.record("no error")
      return
    }
    let conversion = Conversion([.generator: Golden.path("res32/generator.pth")])
    #expect(
      checkpointError { _ = try conversion.run(to: folder.file("none/m.idinv")) }
        == .modelFile(.file(FileError(folder.file("none/m.idinv"), .create, .system(ENOENT)))))
  }
}
