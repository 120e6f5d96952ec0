import Checkpoint
import Foundation
import Quant
import TestSupport
import Testing

/// What training programs keep beside the weights, and how people pack checkpoints.
@Suite struct TrainingCheckpointTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: ["beside.pth", "beside_legacy.pth"]) func thingsBesideTheWeightsAreKept(name: String) throws {
    let checkpoint = try CheckpointReader.open(Places.fixture(name))
    #expect(try checkpoint.floats("state_dict.a") == [1, 2])
    #expect(try checkpoint.floats("state_dict.noted") == [5])
    #expect(try checkpoint.floats("state_dict.tpu") == [3, 4])
    #expect(try checkpoint.floats("args.inner.a") == [6])
    let settings = checkpoint.settings
    #expect(settings["args.size"] == "32" && settings["args.lr"] == "0.002" && settings["flag"] == "true")
    #expect(settings["best"] == "3.5" && settings["step"] == "1099511627777" && settings["name"] == "köln")
    #expect(settings["type"] == "torch.float16" && settings["scheduler.milestones.10"] == "1")
    #expect(checkpoint.classes["args"] == "argparse.Namespace")
    #expect(checkpoint.texts["classes"]?.sorted() == ["age", "smile"])
    #expect(checkpoint.unreadable["words"] == "an array of type U2")
    #expect(try checkpoint.shape("torch_rng") == [5056] && checkpoint.shape("numpy_rng.1") == [624])
  }

  private func golden() throws -> TestCheckpoint { try TestCheckpoint(golden: "res32/generator.pth") }

  private func convert(_ path: String, which: String? = nil) throws -> ConversionReport {
    var options = ConversionOptions()
    options.which = which
    return try Conversion([.generator: path], options: options).run(to: folder.file("m.idinv"))
  }

  @Test(
    "the average is known by its name",
    arguments: [
      ("generator.", "g_running."), ("G.", "shadow."), ("gen.", "gen_shadow."), ("netG.", "netG_copy."),
      ("module.generator.", "module.g_ema."),
    ])
  func averages(training: String, average: String) throws {
    var both = try golden()
    both.rename { average + $0 }
    var noisy = try golden()
    noisy.rename { training + $0 }
    both.tensors = noisy.tensors + both.tensors
    let path = try both.write(folder, "g.safetensors")
    #expect(try convert(path).sources[0].prefix == average)
    let asked = try convert(path, which: String(training.dropLast()))
    #expect(asked.sources[0].prefix == training)
    #expect(asked.warnings == ["generator: took the copy named \(training)…, not \(average)…"])
  }

  @Test(arguments: ["_orig_mod.", "module._orig_mod."]) func compiledNetworksAreRead(prefix: String) throws {
    var checkpoint = try golden()
    checkpoint.rename { prefix + $0 }
    #expect(try convert(try checkpoint.write(folder, "g.safetensors")).sources[0].prefix == prefix)
  }

  /// The golden generator's ZIP archive, entry by entry.
  private func entries(prefix: String) throws -> [(name: String, data: [UInt8])] {
    let script = Process()
    script.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    script.arguments = ["unzip", "-qo", Golden.path("res32/generator.pth"), "-d", folder.file("unzipped")]
    try script.run()
    script.waitUntilExit()
    let root = folder.file("unzipped")
    return (FileManager.default.subpaths(atPath: root) ?? []).sorted().compactMap { name in
      guard let bytes = try? bytes(of: root + "/" + name) else { return nil }
      return (prefix + name.drop { $0 != "/" }.dropFirst(), bytes)
    }
  }

  @Test func foldersAndRepackedArchivesAreRead() throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/unzip") else { return }
    let entries = try entries(prefix: "generator/")
    let plain = try convert(Golden.path("res32/generator.pth"))
    // The folder that a browser made of the download.
    let unpacked = try convert(folder.file("unzipped"))
    #expect(unpacked.sources[0].format == "torch folder" && unpacked.sources[0].sha256.count == 64)
    #expect(unpacked.sha256 != plain.sha256 && unpacked.specification == plain.specification)
    // Packed again, with what a Mac adds.
    var repacked = entries.map { ZipBuilder.Entry(name: $0.name, data: $0.data) }
    repacked.append(.init(name: "__MACOSX/generator/._data.pkl", data: [0, 5, 0x16, 7]))
    let archive = try folder.write(ZipBuilder(entries: repacked).build(), "finder.pth")
    #expect(try convert(archive).specification == plain.specification)
    // In the archive of a download page.
    let whole = ZipBuilder(entries: [
      .init(name: "README.txt", data: [0x61]),
      .init(name: "generator.pth", data: try bytes(of: Golden.path("res32/generator.pth"))),
    ])
    let download = try convert(try folder.write(whole.build(), "download.zip"))
    #expect(download.specification == plain.specification)
    let two = ZipBuilder(entries: [.init(name: "a.pth", data: [1]), .init(name: "b.pth", data: [2])])
    let path = try folder.write(two.build(), "two.zip")
    guard case .unsupported(_, let found, _) = checkpointError({ _ = try CheckpointReader.open(path) }) else {
      Issue.record("opened")
      return
    }
    #expect(found == "a zip archive of 2 checkpoints (a.pth, b.pth, …)")
  }

  /// Complex, quantized, sparse, empty tensors and those of 8 bits, as torch writes them, beside what is needed.
  @Test(arguments: ["opaque.pth", "opaque_legacy.pth"]) func tensorsThatAreNotReadMayLieBeside(name: String) throws {
    let checkpoint = try CheckpointReader.open(Places.fixture(name))
    #expect(checkpoint.names.sorted() == ["a", "b"])
    #expect(try checkpoint.floats("a") == [1, 2] && checkpoint.floats("b") == [3])
    let kinds = checkpoint.unreadable
    #expect(kinds["complex"] == "a complex tensor" && kinds["wide"] == "a complex tensor")
    #expect(kinds["quantized"] == "a quantized tensor" && kinds["sparse"] == "a sparse tensor")
    #expect(kinds["rows"] == "a sparse tensor" && kinds["meta"] == "a tensor without data")
    #expect(kinds["float8"]?.contains("8-bit floats") == true && kinds["uint16"] != nil)
  }

  // MARK: safetensors as all writers make them

  /// A file of one readable tensor and whatever else.
  private func safetensors(_ metadata: String, _ others: String, byteCount: Int) throws -> String {
    let json = "{\(metadata)\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}\(others)}"
    var file = (0..<8).map { UInt8(truncatingIfNeeded: json.utf8.count >> (8 * $0)) } + Array(json.utf8)
    for value in [Float(1), 2] { file += ZipBuilder.little(value.bitPattern) }
    return try folder.write(file + [UInt8](repeating: 0, count: byteCount), "a.safetensors")
  }

  @Test(arguments: ["", "\"__metadata__\":null,", "\"__metadata__\":{},", "\"__metadata__\":{\"format\":\"pt\"},"])
  func metadataMayBeMissing(metadata: String) throws {
    #expect(try CheckpointReader.open(try safetensors(metadata, "", byteCount: 0)).floats("a") == [1, 2])
  }

  @Test(arguments: [("F8_E4M3", 4), ("F8_E8M0", 4), ("C64", 32)])
  func tensorsOfOtherTypesMayLieBeside(type: String, byteCount: Int) throws {
    let others = ",\"w\":{\"dtype\":\"\(type)\",\"shape\":[4],\"data_offsets\":[8,\(8 + byteCount)]}"
    let checkpoint = try CheckpointReader.open(try safetensors("", others, byteCount: byteCount))
    #expect(try checkpoint.floats("a") == [1, 2] && checkpoint.names == ["a"])
    #expect(checkpoint.unreadable == ["w": "a tensor of type \(type)"])
    let overlapping = others.replacingOccurrences(of: "[8,", with: "[4,")
    let path = try safetensors("", overlapping, byteCount: byteCount)
    guard case .tensor("w", _, _) = checkpointError({ _ = try CheckpointReader.open(path) }) else {
      Issue.record("opened")
      return
    }
  }

  @Test func aNeededTensorOfAnotherTypeIsRefusedByName() throws {
    var checkpoint = try golden()
    checkpoint.remove("synthesis.layer3.conv.weight")
    let path = try checkpoint.write(folder, "g.safetensors")
    var file = try bytes(of: path)
    let length = file[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    var json = String(decoding: file[8..<8 + length], as: UTF8.self).trimmingCharacters(in: .whitespaces)
    let start = file.count - 8 - length
    json.removeLast()
    json += ",\"synthesis.layer3.conv.weight\":{\"dtype\":\"F8_E4M3\",\"shape\":[32,32,3,3],"
    json += "\"data_offsets\":[\(start),\(start + 9216)]}}"
    let head = (0..<8).map { UInt8(truncatingIfNeeded: json.utf8.count >> (8 * $0)) } + Array(json.utf8)
    file = head + file[(8 + length)...] + [UInt8](repeating: 0, count: 9216)
    let written = try folder.write(file, "g.safetensors")
    guard
      case .tensor("synthesis.layer3.conv.weight", "a tensor of type F8_E4M3", _) = checkpointError({
        _ = try convert(written)
      })
    else {
      Issue.record("converted")
      return
    }
  }
}
