import Checkpoint
import Foundation
import TestSupport
import Testing

/// Legacy torch files put together by hand, so that each part can be wrong.
@Suite struct TorchHostileTests {
  /// A storage's persistent id, as pickle text.
  static func storage(_ key: String = "0", type: String = "FloatStorage", count: Int = 4, view: String = "N") -> String
  {
    "(S'storage'\nctorch\n\(type)\nS'\(key)'\nS'cpu'\nI\(count)\n\(view)tQ"
  }

  /// A tensor over a storage, as pickle text.
  static func tensor(
    _ storage: String = storage(), offset: Int = 0, sizes: [Int] = [4], strides: [Int] = [1]
  ) -> String {
    func tuple(_ values: [Int]) -> String { "(" + values.map { "I\($0)\n" }.joined() + "t" }
    return "ctorch._utils\n_rebuild_tensor_v2\n(\(storage)I\(offset)\n\(tuple(sizes))\(tuple(strides))I00\nNtR"
  }

  /// A whole file: an object pickle, a list of keys, and storages of floats with their counts.
  static func file(
    _ object: String, keys: [String] = ["0"], storages: [(count: Int, values: [Float])] = [(4, [1, 2, 3, 4])],
    version: Int = 1001, order: String = "I01"
  ) -> [UInt8] {
    var bytes: [UInt8] = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]
    bytes += Array("I\(version)\n.".utf8)
    bytes += Array("(S'little_endian'\n\(order)\nd.".utf8)
    bytes += Array((object + ".").utf8)
    bytes += Array(("(" + keys.map { "S'\($0)'\n" }.joined() + "l.").utf8)
    for storage in storages {
      bytes += ZipBuilder.little(Int64(storage.count))
      for value in storage.values { bytes += ZipBuilder.little(value.bitPattern) }
    }
    return bytes
  }

  private func open(_ bytes: [UInt8]) throws -> Checkpoint {
    let folder = try TemporaryFolder()
    let checkpoint = try CheckpointReader.open(try folder.write(bytes, "a.pth"))
    for name in checkpoint.names { _ = try checkpoint.floats(name) }
    return checkpoint
  }

  private func found(_ bytes: [UInt8]) -> String {
    let error = checkpointError { _ = try open(bytes) }
    if case .malformed(_, _, let found, _) = error { return found }
    return "\(String(describing: error))"
  }

  private func dictionary(_ tensor: String) -> String { "(S'a'\n\(tensor)d" }

  @Test func aFileOfTheseParametersIsRead() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.file(dictionary(Self.tensor())), "a.pth")
    #expect(try CheckpointReader.open(path).floats("a") == [1, 2, 3, 4])
  }

  @Test("a damaged magic number does not make it a pickle of a number", arguments: 4..<15)
  func magicNumber(place: Int) throws {
    var bytes = Self.file(dictionary(Self.tensor()))
    bytes[place] ^= 1
    #expect(found(bytes) != "nil")
  }

  @Test func viewsOfStoragesAreTaken() throws {
    let folder = try TemporaryFolder()
    let view = Self.storage(view: "(S'v'\nI1\nI3\nt")
    let object = dictionary(Self.tensor(view, offset: 1, sizes: [2]))
    #expect(try CheckpointReader.open(try folder.write(Self.file(object), "a.pth")).floats("a") == [3, 4])
    #expect(found(Self.file(dictionary(Self.tensor(view)))).hasPrefix("a tensor of shape [4]"))
    for (offset, count) in [(-1, 2), (2, 3), (5, 0), (1, Int.max)] {
      let outside = Self.storage(view: "(S'v'\nI\(offset)\nI\(count)\nt")
      #expect(found(Self.file(dictionary(Self.tensor(outside)))) == "a view outside of its storage")
    }
  }

  @Test func tensorsOutsideTheirStorageAreRefused() {
    func tensor(_ offset: Int, _ sizes: [Int], _ strides: [Int]) -> String {
      found(Self.file(dictionary(Self.tensor(offset: offset, sizes: sizes, strides: strides))))
    }
    #expect(tensor(1, [4], [1]).hasPrefix("a tensor of shape [4]"))
    #expect(tensor(0, [2, 2], [3, 1]).hasPrefix("a tensor of shape [2, 2]"))
    #expect(tensor(-1, [1], [1]).hasPrefix("sizes [1]"))
    #expect(tensor(0, [2], [-1]).hasPrefix("sizes [2]"))
    #expect(tensor(0, [2], [1, 1]).hasPrefix("sizes [2]"))
    #expect(tensor(0, [-2], [1]).hasPrefix("a tensor of shape [-2]"))
    #expect(tensor(0, [2], [Int.max]).hasPrefix("a tensor of shape [2]"))
    #expect(tensor(Int.max, [2], [1]).hasPrefix("a tensor of shape [2]"))
    #expect(tensor(0, [1 << 32, 1 << 32], [0, 0]).hasPrefix("a tensor of shape"))
    // A repeated element, two billion times.
    #expect(tensor(0, [1 << 31], [0]).hasPrefix("a tensor of shape"))
    // Nothing, far away, is nothing.
    #expect(tensor(1 << 40, [0, 5], [1 << 50, 1]) == "nil")
  }

  @Test func storagesThatDoNotMatchAreRefused() {
    let object = dictionary(Self.tensor())
    #expect(found(Self.file(object, version: 1002)) == "another version")
    #expect(found(Self.file(object, keys: [], storages: [])) == "no data of storage \"0\"")
    #expect(found(Self.file(object, keys: ["1"])) == "a storage key that no tensor uses")
    #expect(found(Self.file(object, storages: [(5, [1, 2, 3, 4, 5])])) == "another size of storage \"0\"")
    #expect(found(Self.file(object, storages: [(4, [1, 2, 3])])) == "12 bytes up to the end")
    #expect(
      found(Self.file(object, keys: ["0", "0"], storages: [(4, [1, 2, 3, 4]), (4, [1, 2, 3, 4])]))
        == "storage \"0\" twice")
    let two = "(S'a'\n\(Self.tensor())S'b'\n\(Self.tensor(Self.storage(count: 3), sizes: [3]))d"
    #expect(found(Self.file(two)) == "storage \"0\" in two types or sizes")
    let huge = dictionary(Self.tensor(Self.storage(count: Int.max)))
    #expect(found(Self.file(huge, storages: [(Int.max, [])])) == "0 bytes up to the end")
    #expect(found(Self.file(dictionary(Self.tensor(Self.storage(count: -1))))).hasPrefix("a persistent id"))
    #expect(found(Self.file(dictionary(Self.tensor("N")))).contains("arguments of torch._utils._rebuild_tensor_v2"))
  }

  @Test func otherStorageTypesAreRefusedByName() {
    let object = dictionary(Self.tensor(Self.storage(type: "MyStorage")))
    guard case .refusedGlobal("torch.MyStorage", _) = checkpointError({ _ = try open(Self.file(object)) }) else {
      Issue.record("accepted")
      return
    }
  }

  @Test func numbersThatAreNotReadMayLieBeside() throws {
    let beside = "S'b'\n" + Self.tensor(Self.storage("1", type: "ComplexFloatStorage", count: 2), sizes: [2])
    let file = Self.file(
      "(S'a'\n\(Self.tensor())\(beside)d", keys: ["0", "1"], storages: [(4, [1, 2, 3, 4]), (2, [5, 6, 7, 8])])
    let folder = try TemporaryFolder()
    let checkpoint = try CheckpointReader.open(try folder.write(file, "a.pth"))
    #expect(checkpoint.names == ["a"] && checkpoint.unreadable == ["b": "a complex tensor"])
    #expect(try checkpoint.floats("a") == [1, 2, 3, 4])
    // Its data has to be there all the same.
    let cut = Self.file(
      "(S'a'\n\(Self.tensor())\(beside)d", keys: ["0", "1"], storages: [(4, [1, 2, 3, 4]), (2, [5, 6])])
    #expect(found(cut) == "8 bytes up to the end")
  }

  @Test func bigEndianFilesAreSwapped() throws {
    let folder = try TemporaryFolder()
    let values = [1, 2, 3, 4].map { Float(bitPattern: Float($0).bitPattern.byteSwapped) }
    let file = Self.file(dictionary(Self.tensor()), storages: [(4, values)], order: "I00")
    #expect(try CheckpointReader.open(try folder.write(file, "a.pth")).floats("a") == [1, 2, 3, 4])
  }
}
