import Checkpoint
import Foundation
import Quant
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
    let networks = [
      (styleGAN2, "g_ema.", "a StyleGAN2 generator (rosinality's names)"),
      (
        pSp, "state_dict.decoder.",
        "a StyleGAN2 generator (rosinality's names) and an encoder (pSp, e4e or ReStyle)"
      ),
    ]
    for (names, prefix, title) in networks {
      let error = checkpointError { _ = try convert(generator: checkpoint(names)) }
      let path = folder.file("g.safetensors")
      for (conversion, files) in [(Conversion(), [path]), (Conversion([.generator: path]), [])] {
        let whole = checkpointError {
          _ = try conversion.assigning(files).run(to: folder.file("m.idinv")) { _ in true }
        }
        #expect(whole?.description.hasPrefix("\(path): this is \(title), and lacks ") == true)
      }
      guard case .missingTensors("generator", let tensors) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      let missing = tensors.map(\.name)
      #expect(missing.contains(prefix + "convs.1.activate.bias") && missing.contains(prefix + "to_rgbs.0.conv.weight"))
    }
  }

  @Test("a whole file of another network is named, whichever part it is given for", arguments: NetworkPart.allCases)
  func otherNetworksAreNamed(part: NetworkPart) throws {
    let files: [(path: String, parts: Set<NetworkPart>, title: String)] = [
      ("res32/generator.pth", [.generator], "a StyleGAN generator (idinvert_pytorch's StyleGAN)"),
      ("stylegan2_res32/converted.pt", [.generator], "a StyleGAN2 generator (rosinality's names)"),
      ("res32/encoder.pth", [.encoder], "an in-domain encoder"),
      ("perceptual/vgg_small.pth", [.perceptual], "a perceptual network (VGG)"),
      ("judge/judge.pth", [.judge], "a judge"),
      ("detector/pnet.pt", [.detector], "the proposal network of a face detector (MTCNN)"),
    ]
    for (name, parts, title) in files where !parts.contains(part) {
      let path = Golden.path(name)
      // An attribute network reads a feature network.
      var given: [NetworkPart: String?] = [part: path]
      if part == .attributes { given[.perceptual] = Golden.path("perceptual/vgg_small.pth") }
      let conversion = Conversion(
        given, detector: part == .detector ? [path] : [], lpips: part == .lpips ? [path] : [])
      let error = checkpointError { _ = try conversion.assigning([]).run(to: folder.file("m.idinv")) { _ in true } }
      let expected = "\(path): this is \(title), not \(part.withArticle): expected "
      #expect(error?.description.hasPrefix(expected) == true, "\(String(describing: error))")
    }
    #expect(folder.contents().isEmpty)
  }

  @Test("a known network with an odd tensor is named with it")
  func oddTensors() throws {
    var generator = try TestCheckpoint(golden: "res32/generator.pth")
    generator["synthesis.layer4.blur.kernel"][4] = 0.3
    let path = try generator.write(folder, "g.safetensors")
    let error = checkpointError { _ = try Conversion().assigning([path]).run(to: folder.file("m.idinv")) { _ in true } }
    let expected = "\(path): this is a StyleGAN generator (idinvert_pytorch's StyleGAN): tensor 'synthesis.layer4"
    #expect(error?.description.hasPrefix(expected) == true, "\(String(describing: error))")
  }

  @Test("of many missing tensors the first are listed, and the error has all")
  func manyMissing() throws {
    var generator = try TestCheckpoint(golden: "res32/generator.pth")
    let removed = generator.tensors.map(\.name).filter { $0.contains("style_mod") || $0.hasPrefix("synthesis.output") }
    for name in removed { generator.remove(name) }
    let error = checkpointError { _ = try convert(generator: generator) }
    guard case .missingTensors("generator", let missing) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    let text = String(describing: error)
    #expect(missing.count > 12 && error?.description.hasSuffix(" and \(missing.count - 12) more") == true, "\(text)")
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
