import Files
import Foundation
import Quant
import TestSupport
import Testing

/// One rule of `docs/FORMAT.md` each, broken in an otherwise valid file.
@Suite struct HostileModelFileTests {
  let folder: TemporaryFolder
  /// A valid int8 file's header text and data.
  let json: String
  let data: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    try TestModel.write(to: folder.file("valid.idinv"), precision: .int8)
    let parts = ModelFileParts(try folder.bytes("valid.idinv"))
    (json, data) = (parts.json, parts.data)
  }

  private func little(_ value: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

  /// Puts a file together from a header text, padded to the alignment, and data.
  private func assemble(_ json: String, _ data: [UInt8], pads: Bool = true) -> [UInt8] {
    ModelFileParts(json: json, data: data).bytes(pads: pads)
  }

  private func error(_ bytes: [UInt8]) -> ModelFileError? {
    try? folder.error(opening: bytes, verifies: true)
  }

  /// The error after replacing text in the header, which must occur there.
  private func error(_ old: String, _ new: String) -> ModelFileError? {
    #expect(json.contains(old), "\(old)")
    return error(assemble(json.replacingOccurrences(of: old, with: new), data))
  }

  private func tensorError(_ error: ModelFileError?) -> String {
    guard case .tensor(let name, let found, _) = error else { return "\(String(describing: error))" }
    return "\(name): \(found)"
  }

  private func metadataError(_ error: ModelFileError?) -> String {
    guard case .metadata(let key, let found, _) = error else { return "\(String(describing: error))" }
    return "\(key): \(found)"
  }

  @Test func theUnchangedFileIsAccepted() {
    #expect(error(assemble(json, data)) == nil)
    #expect(error("\"note\":", "\"x-own-key\":\"1\",\"note\":") == nil)
  }

  @Test func headerLengthMustFit() {
    #expect(error([]) == .foreign(found: "an empty file (0 bytes)", isConvertible: false))
    for bytes in [
      [1, 2, 3], little(2), little(0) + Array("{}".utf8), little(3) + Array("{}".utf8), little(-1) + data,
    ] {
      guard case .header(0, _, _) = error(bytes) else {
        Issue.record("\(bytes.prefix(12)): \(String(describing: error(bytes)))")
        continue
      }
    }
    let large = little(ModelFile.headerLimit + 1) + [UInt8](repeating: 0x20, count: ModelFile.headerLimit + 8)
    #expect(
      error(large)
        == .header(byteOffset: 0, found: "a header of 16777217 bytes", expected: "a header of 2 to 16777216 bytes"))
  }

  @Test("a header whose length has the bytes of a zip archive or of a picture is a header")
  func headerLengthIsNoKind() {
    for start in [[0x50, 0x4b], [0x80, 0x02], [0x1f, 0x8b]] as [[UInt8]] {
      let length = Int(start[0]) | Int(start[1]) << 8 | (json.utf8.count >> 16 + 1) << 16
      let padded = json + String(repeating: " ", count: length - json.utf8.count)
      let bytes = little(length) + Array(padded.utf8) + data
      #expect(bytes.starts(with: start))
      // What is not aligned is refused, but not for what its first bytes are.
      if case .foreign = error(bytes) { Issue.record("\(start)") }
    }
    #expect(error([0x50, 0x4b, 3, 4] + data) == .foreign(found: "a PyTorch checkpoint", isConvertible: true))
    #expect(error(Array("GIF89a".utf8) + data) == .foreign(found: "a picture", isConvertible: false))
  }

  @Test func headerMustBeAStrictJSONObject() {
    #expect(
      error(assemble(" " + json, data))
        == .header(byteOffset: 8, found: "byte 32", expected: "'{', the start of the JSON header"))
    #expect(
      error(assemble("[]", data))
        == .header(byteOffset: 8, found: "byte 91", expected: "'{', the start of the JSON header"))
    guard case .header = error(assemble(String(json.dropLast()), data)),
      case .header = error(assemble(json + "x", data))
    else {
      Issue.record("no header error")
      return
    }
    let twice = json.dropLast() + ",\"generator.w_average\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}"
    guard case .header(_, "the key \"generator.w_average\" a second time", _) = error(assemble(String(twice), data))
    else {
      Issue.record("duplicate keys pass")
      return
    }
  }

  @Test func tensorEntriesMustBeComplete() {
    let name = "generator.w_average"
    let entry = json.range(of: "\"\(name)\":\\{[^}]*\\}", options: .regularExpression).map { String(json[$0]) } ?? ""
    func replaced(_ old: String, _ new: String) -> String {
      tensorError(error(entry, entry.replacingOccurrences(of: old, with: new)))
    }
    #expect(entry.contains("\"dtype\":\"F32\",\"shape\":[6]"))
    #expect(replaced("\"F32\"", "\"F33\"") == "\(name): dtype \"F33\"")
    #expect(replaced("\"F32\"", "4") == "\(name): 4")
    #expect(replaced("\"dtype\":\"F32\",", "") == "\(name): no dtype")
    #expect(replaced("\"shape\":[6],", "") == "\(name): no shape")
    #expect(replaced("[6]", "[-6]") == "\(name): an array")
    #expect(replaced("[6]", "[6.0]") == "\(name): an array")
    #expect(replaced("[6]", "[7]") == "\(name): 24 bytes of data")
    #expect(replaced("[6]", "[4611686018427387905,2]") == "\(name): 24 bytes of data")
    #expect(replaced("[6]", "[4294967296,4294967296,4294967296]") == "\(name): 24 bytes of data")
    #expect(replaced("[6]", "[2,3]") == "\(name): shape [2, 3]")
    #expect(replaced("\"F32\",\"shape\":[6]", "\"I8\",\"shape\":[24]") == "\(name): shape [24]")
    #expect(replaced("\"F32\",\"shape\":[6]", "\"I32\",\"shape\":[6]") == "\(name): dtype I32")
    #expect(replaced("\"dtype\"", "\"x\":1,\"dtype\"") == "\(name): the key \"x\"")
    #expect(replaced("\"data_offsets\":[", "\"data_offsets\":[9999999,") == "\(name): an array")
  }

  @Test("a file that was cut off anywhere is said to be one", arguments: [12, 200, -1])
  func cutOff(_ end: Int) {
    let whole = assemble(json, data)
    let cut = error(Array(whole[..<(end < 0 ? whole.count + end : end)]))
    #expect("\(String(describing: cut))".contains("is the download complete?"), "\(String(describing: cut))")
  }

  @Test func rangesMustCoverTheDataOnce() {
    #expect(tensorError(error(assemble(json, Array(data.dropLast())))).hasSuffix("data up to offset \(data.count)"))
    guard case .header(_, "1 bytes after the last tensor", _) = error(assemble(json, data + [0])) else {
      Issue.record("trailing bytes pass")
      return
    }
    // The first tensor [12, 10] in f16, 240 bytes, then a pad of 16.
    let first = "\"generator.mapping.0.weight\":{\"dtype\":\"F16\",\"shape\":[12,10],\"data_offsets\":[0,240]}"
    #expect(error(first, first.replacingOccurrences(of: "[0,240]", with: "[240,0]")) != nil)
    #expect(
      tensorError(error(first, first.replacingOccurrences(of: "[0,240]", with: "[16,256]"))).contains(
        "data from offset"))
    let removed = json.replacingOccurrences(of: first + ",", with: "")
    #expect(tensorError(error(assemble(removed, data))) == "__pad.0: data from offset 240")
  }

  @Test func tensorsMustBeAligned() {
    #expect(tensorError(error(assemble(json + " ", data, pads: false))).contains("data at byte"))
  }

  @Test func padsMustBeShortAndZero() {
    var filled = data
    filled[240] = 1
    #expect(tensorError(error(assemble(json, filled))) == "__pad.0: a byte that is not zero")
    #expect(tensorError(error("\"__pad.0\":{\"dtype\":\"U8\"", "\"__pad.0\":{\"dtype\":\"I8\"")) == "__pad.0: I8 [16]")
    #expect(tensorError(error("\"generator.mapping.0.weight\":{", "\"__pad.x\":{")) == "__pad.x: F16 [12, 10]")
  }

  @Test func requiredMetadataMustBeThere() {
    #expect(metadataError(error("\"format\":\"idinv\"", "\"x\":\"idinv\"")) == "format: nothing")
    #expect(metadataError(error("\"format\":\"idinv\"", "\"format\":\"pt\"")) == "format: \"pt\"")
    #expect(metadataError(error("\"format\":\"idinv\"", "\"format\":3")) == "format: 3")
    #expect(metadataError(error("\"precision\":\"int8\"", "\"precision\":\"int4\"")) == "precision: \"int4\"")
    for key in ["precision", "specification", "sources", "licence", "creator", "checksums"] {
      #expect(metadataError(error("\"\(key)\":", "\"x-\(key)\":")) == "\(key): nothing")
    }
    #expect(metadataError(error("\"__metadata__\":{", "\"__metadata__\":\"\",\"y\":{")) == "__metadata__: a string")
    #expect(
      metadataError(error("\"specification\":\"{", "\"specification\":\"")) == "specification: JSON with ':' at byte 12"
    )
    #expect(metadataError(error("\\\"zDimension\\\"", "\\\"z\\\"")) == "specification: no generator.zDimension")
    #expect(
      metadataError(error("\\\"zDimension\\\":10", "\\\"zDimension\\\":\\\"a\\\""))
        == "specification: a wrong type at 'generator.zDimension'")
    #expect(metadataError(error("\"sources\":\"[", "\"sources\":\"")).hasPrefix("sources: "))
    #expect(
      metadataError(error("\\\"zDimension\\\":10", "\\\"zDimension\\\":10,\\\"zDimension\\\":10"))
        .contains("the key \"zDimension\" a second time"))
  }

  @Test func unknownVersionsAreRefused() {
    for key in ["format_version", "quantisation_version"] {
      #expect(
        error("\"\(key)\":\"1\"", "\"\(key)\":\"2\"") == .unsupportedVersion(key: key, found: "2", supported: "1"))
      #expect(metadataError(error("\"\(key)\":\"1\"", "\"x\":\"1\"")) == "\(key): nothing")
    }
  }

  @Test func specificationMustBeSane() {
    guard
      case .specification("generator.resolution", "17", _) = error("\\\"resolution\\\":16", "\\\"resolution\\\":17"),
      case .metadata("specification", _, _) = error("\\\"wDimension\\\":6", "\\\"wDimension\\\":1e99")
    else {
      Issue.record("\(String(describing: error("\\\"wDimension\\\":6", "\\\"wDimension\\\":1e99")))")
      return
    }
  }

  @Test func everyDemandedTensorAndScaleMustBeThere() {
    #expect(
      error("\"generator.w_average\"", "\"generator.x\"")
        == .metadata(key: "checksums", found: "nothing for generator.x", expected: "a CRC-32 of every tensor"))
    let renamed = json.replacingOccurrences(of: "\"generator.w_average\"", with: "\"generator.x\"")
      .replacingOccurrences(of: "\\\"generator.w_average\\\"", with: "\\\"generator.x\\\"")
    #expect(
      error(assemble(renamed, data))
        == .missingTensors([TensorRequirement(name: "generator.w_average", shape: [6], role: .vector)]))
    let scale = json.replacingOccurrences(of: "encoder.stem.weight.scale", with: "encoder.stem.weight.x")
    #expect(
      error(assemble(scale, data))
        == .missingTensors([TensorRequirement(name: "encoder.stem.weight.scale", shape: [4], role: .vector)]))
  }

  @Test func tensorsNobodyAskedForAreRefused() {
    // Without an attribute network in the specification, its tensors are surplus: what a reader does that knows none.
    let text = json.replacingOccurrences(of: "\\\"attributes\\\":{", with: "\\\"other\\\":{")
    #expect(
      tensorError(error(assemble(text, data)))
        == "attributes.conv.bias: a tensor that the specification does not mention")
  }

  @Test func attributesNeedTheirNetworkAndDecentNames() {
    func field(_ old: String, _ new: String) -> String {
      guard case .specification(let field, _, _) = error(old, new) else {
        return "\(String(describing: error(old, new)))"
      }
      return field
    }
    #expect(field("\\\"perceptual\\\":{", "\\\"other\\\":{") == "attributes")
    #expect(field("\\\"smile\\\"", "\\\"../smile\\\"") == "attributes.names[0]")
    #expect(field("\\\"hiddenChannels\\\":4", "\\\"hiddenChannels\\\":0") == "attributes.hiddenChannels")
    // A name more is a row that the dense layer does not have.
    #expect(
      tensorError(error("[\\\"smile\\\",", "[\\\"smile\\\",\\\"age\\\",")) == "attributes.dense.weight: shape [2, 64]")
  }

  @Test func aFileWithoutAnAttributeNetworkIsWhatItEverWas() throws {
    var specification = TestModel.specification
    specification.attributes = nil
    try TestModel.write(to: folder.file("old.idinv"), precision: .f16, specification: specification)
    let bytes = try folder.bytes("old.idinv")
    #expect(!String(decoding: bytes.prefix(16384), as: UTF8.self).contains("attributes"))
    let file = try ModelFile(path: folder.file("old.idinv"))
    #expect(file.specification.attributes == nil && file.tensorNames.count == requiredTensors(of: specification).count)
  }

  @Test func scalesMustBeFinitePositiveFloats() throws {
    let place = try #require(
      json.range(of: "\"encoder.stem.weight.scale\":\\{[^}]*\\[[0-9]+,", options: .regularExpression))
    let digits = json[place].split(separator: "[").last?.dropLast() ?? ""
    let offset = try #require(Int(digits))
    for value in [0, -1, .nan, .infinity] as [Float] {
      var changed = data
      for index in 0..<4 {
        changed[offset + index] = UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32(index)))
      }
      #expect(tensorError(error(assemble(json, changed))) == "encoder.stem.weight.scale: \(value) in row 0")
    }
  }

  @Test func damagedDataFailsItsChecksumByName() {
    var damaged = data
    damaged[3] ^= 1
    guard case .checksum("generator.mapping.0.weight", _, _) = error(assemble(json, damaged)) else {
      Issue.record("no checksum error")
      return
    }
    #expect(
      metadataError(error("\"checksums\":\"{", "\"checksums\":\"{\\\"a\\\":\\\"+1234567\\\",")).hasPrefix("checksums:"))
  }

  @Test func filesThatCannotBeOpenedAreNamed() {
    #expect(throws: ModelFileError.file(FileError(folder.file("none"), .open, .system(ENOENT)))) {
      try ModelFile(path: folder.file("none"))
    }
    #expect(throws: ModelFileError.file(FileError(folder.path, .open, .isFolder))) {
      try ModelFile(path: folder.path)
    }
  }

  /// Seeded mutations of the header and of all bytes; `IDINV_FUZZ_ROUNDS` sets their number.
  @Test func mutatedFilesAreReadOrRefused() {
    let whole = assemble(json, data)
    var random = SeededRandom(77)
    let rounds = ProcessInfo.processInfo.environment["IDINV_FUZZ_ROUNDS"].flatMap(Int.init) ?? 1500
    for round in 0..<rounds {
      var bytes = whole
      let end = round % 4 == 0 ? bytes.count : 8 + json.utf8.count
      for _ in 0...Int.random(in: 0...2, using: &random) {
        let at = Int.random(in: 0..<end, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 1: bytes[at] = UInt8(ascii: "0") + .random(in: 0...9, using: &random)
        case 2: bytes[at] = Array("{}[],:\"\\".utf8).randomElement(using: &random) ?? 0
        default: bytes[at] = .random(in: 0...255, using: &random)
        }
      }
      if round % 16 == 0 { bytes.removeSubrange(Int.random(in: 0..<bytes.count, using: &random)...) }
      _ = error(bytes)
    }
  }
}
