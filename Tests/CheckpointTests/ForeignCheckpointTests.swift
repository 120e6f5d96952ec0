import Checkpoint
import Foundation
import TestSupport
import Testing

/// What users give by mistake, or from other programs: said by name.
@Suite struct ForeignCheckpointTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func convert(
    generator: TestCheckpoint? = nil, encoder: TestCheckpoint? = nil, options: ConversionOptions = ConversionOptions()
  ) throws -> ConversionReport {
    try Conversion(
      [
        .generator: try generator?.write(folder, "g.safetensors"),
        .encoder: try encoder?.write(folder, "e.safetensors"),
      ], options: options
    ).run(to: folder.file("m.idinv"))
  }

  private func checkpoint(_ names: [String]) -> TestCheckpoint {
    var checkpoint = TestCheckpoint()
    for name in names { checkpoint.set(name, [1], [0]) }
    return checkpoint
  }

  @Test func incompleteNetworksOfTheFieldSayWhatIsMissing() {
    let styleGAN2 = [
      "g_ema.style.1.weight", "g_ema.style.1.bias", "g_ema.input.input", "g_ema.conv1.conv.modulation.weight",
      "g_ema.convs.0.conv.modulation.weight", "g_ema.to_rgb1.bias",
    ]
    let pSp = [
      "state_dict.encoder.input_layer.0.weight", "state_dict.encoder.styles.0.convs.0.weight",
      "state_dict.decoder.style.1.weight", "state_dict.decoder.convs.0.conv.modulation.weight",
    ]
    for (names, prefix) in [(styleGAN2, "g_ema."), (pSp, "state_dict.decoder.")] {
      let error = checkpointError { _ = try convert(generator: checkpoint(names)) }
      guard case .missingTensors("generator", let tensors) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      let missing = tensors.map(\.name)
      #expect(missing.contains(prefix + "convs.1.activate.bias") && missing.contains(prefix + "to_rgbs.0.conv.weight"))
    }
  }

  @Test(
    "the running average is known by whole words",
    arguments: [
      ["G.", "Gs."], ["demand.", "gema.ema."], ["averages.", "generator_averaged."], ["smoothing.", "zz_smooth."],
    ])
  func averages(prefixes: [String]) throws {
    var whole = TestCheckpoint()
    for prefix in prefixes {
      var copy = try TestCheckpoint(golden: "res32/generator.pth")
      copy.rename { prefix + $0 }
      whole.tensors += copy.tensors
    }
    let report = try convert(generator: whole)
    #expect(report.sources[0].prefix == prefixes[1])
    #expect(report.warnings == ["generator: took the copy named \(prefixes[1])…, not \(prefixes[0])…"])
  }

  @Test("an encoder with more in its blocks is another network", arguments: ["conv3", "attn", "bn"])
  func unknownInABlock(module: String) throws {
    var encoder = try TestCheckpoint(golden: "res32/encoder.pth")
    encoder.set("block1.\(module).weight", [2], [1, 1])
    encoder.set("epoch", [], [3])
    let error = checkpointError { _ = try convert(encoder: encoder) }
    guard case .tensor("block1.\(module).weight", let found, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(found == "a tensor that the published encoder does not have")
    var options = ConversionOptions()
    options.ignoresUnknownTensors = true
    #expect(try convert(encoder: encoder, options: options).ignored.contains("block1.\(module).weight"))
  }

  @Test func moreTruncatedLayersThanThereAreAreRefused() throws {
    var options = ConversionOptions()
    options.truncationLayers = 9
    let error = checkpointError {
      _ = try convert(generator: try TestCheckpoint(golden: "res32/generator.pth"), options: options)
    }
    #expect(
      error?.description.contains("the number of truncated layers is at most 8") == true, "\(String(describing: error))"
    )
    options.truncationLayers = 8
    #expect(try convert(generator: try TestCheckpoint(golden: "res32/generator.pth"), options: options).byteCount > 0)
  }

  @Test(
    "a tensor of a kind that is not read is no malice",
    arguments: [
      ("torch._utils._rebuild_sparse_tensor", "sparse"), ("torch._utils._rebuild_qtensor", "quantized"),
      ("torch.QInt8Storage", "quantized"), ("torch.ComplexFloatStorage", "complex"),
      ("torch.Float8_e4m3fnStorage", "8-bit"), ("torch._utils._rebuild_tensor_v3", "8-bit"),
    ])
  func kinds(global: String, kind: String) {
    let text = CheckpointError.refusedGlobal(name: global, byteOffset: 12).description
    #expect(text.contains(kind) && text.contains(global) && text.contains("byte 12"))
    #expect(!text.contains("state_dict") && text.contains("dense tensors of real numbers"))
    let other = CheckpointError.refusedGlobal(name: "mine.\(global)", byteOffset: 12).description
    #expect(other.contains("state_dict() alone"))
  }

  @Test func theOldestFormOfTorchIsNamed() throws {
    var bytes = [UInt8](repeating: 0, count: 1024)
    bytes.replaceSubrange(0..<8, with: [UInt8]("sys_info".utf8))
    bytes.replaceSubrange(257..<263, with: [UInt8]("ustar\u{0}".utf8))
    let path = try folder.write(bytes, "g.pth")
    let error = checkpointError { _ = try CheckpointReader.open(path) }
    guard case .unsupported(_, let found, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(found.hasPrefix("a tar archive") && found.contains("newer torch"))
  }
}
