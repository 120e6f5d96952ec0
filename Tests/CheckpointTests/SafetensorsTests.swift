import Checkpoint
import Foundation
import Quant
import TestSupport
import Testing

/// Foreign `.safetensors` files. The header's rules are tested with `.idinv` files, which share its reader.
@Suite struct SafetensorsTests {
  @Test func everyTypeIsRead() throws {
    let checkpoint = try CheckpointReader.open(Places.fixture("types.safetensors"))
    #expect(checkpoint.format == .safetensors && checkpoint.names.count == 9)
    let counted = (0..<24).map { Float($0) - 5 }
    for name in checkpoint.names where name != "empty" {
      #expect(try checkpoint.shape(name) == [2, 3, 4] && checkpoint.floats(name) == counted, "\(name)")
    }
    #expect(try checkpoint.shape("empty") == [0, 3] && checkpoint.floats("empty") == [])
  }

  @Test(arguments: [
    ("{\"a\":{\"dtype\":\"F5\",\"shape\":[2],\"data_offsets\":[0,8]}}", "dtype \"F5\""),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", "8 bytes of data"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9]}}", "data up to offset 9"),
    ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "data from offset 4"),
  ]) func hostileHeadersAreRefusedByTensor(json: String, found: String) throws {
    let folder = try TemporaryFolder()
    let file = ZipBuilder.little(UInt64(json.utf8.count)) + Array(json.utf8) + [UInt8](repeating: 0, count: 8)
    let path = try folder.write(file, "a.safetensors")
    guard case .tensor("a", found, _) = checkpointError({ _ = try CheckpointReader.open(path) }) else {
      Issue.record("\(String(describing: checkpointError { _ = try CheckpointReader.open(path) }))")
      return
    }
  }

  @Test func otherFaultsNameTheByte() throws {
    let folder = try TemporaryFolder()
    func error(_ json: String, length: UInt64? = nil) throws -> CheckpointError? {
      let file = ZipBuilder.little(length ?? UInt64(json.utf8.count)) + Array(json.utf8)
      let path = try folder.write(file, "a.safetensors")
      return checkpointError { _ = try CheckpointReader.open(path) }
    }
    #expect(
      try error("{}", length: 1 << 40)
        == .malformed(
          format: "safetensors file", byteOffset: 0, found: "a header of 1099511627776 bytes",
          expected: "a header of 2 to 2 bytes"))
    #expect(
      try error("{\"a\":1,\"a\":2}")
        == .malformed(
          format: "safetensors file", byteOffset: 15, found: "the key \"a\" a second time", expected: "distinct keys"))
    guard
      case .malformed(_, 8, "a number that is no integer for metadata 'x'", _) = try error(
        "{\"__metadata__\":{\"x\":1.5}}")
    else {
      Issue.record("\(String(describing: try error("{\"__metadata__\":{\"x\":1.5}}")))")
      return
    }
  }
}
