import Checkpoint
import Foundation
import TestSupport
import Testing

/// Pickles that would run something in Python: refused by name, and nothing is run.
@Suite struct HostilePickleTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(_ pickle: String) throws -> CheckpointError? {
    let path = try folder.write([0x80, 2] + Array(pickle.utf8), "network.pkl")
    return checkpointError { _ = try CheckpointReader.open(path) }
  }

  private var trace: String { folder.file("trace") }

  @Test func callsAreRefused() throws {
    let error = try open("cos\nsystem\n(S'touch \(trace)'\ntR.")
    #expect(error == .refusedGlobal(name: "os.system", byteOffset: 2))
    #expect(!FileManager.default.fileExists(atPath: trace))
  }

  /// A persistent module without parameters.
  private static func generator(source: String) -> String {
    let head = "S'type'\nS'class'\nS'version'\nI6\nS'class_name'\nS'Generator'\n"
    let meta = "(\(head)S'module_src'\nV\(source)\nS'state'\n(dd"
    return "ctorch_utils.persistence\n_reconstruct_persistent_obj\n(\(meta)tR."
  }

  /// Its source would run something.
  @Test(arguments: [
    "import os; os.system('touch x')", "import subprocess", "x = eval('1')", "getattr(__import__('os'), 'system')",
  ])
  func persistentSourceIsRefused(source: String) throws {
    let error = try open(Self.generator(source: source))
    guard case .refusedSource("Generator", let word, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(source.contains(word) && error?.description.contains("'\(word)'") == true)
  }

  @Test func aNetworksOwnSourceIsNotLookedAtTwice() throws {
    let source = "class Generator: def forward(self): self.eval(); self.executed = recompile(1); my_exec(2)"
    #expect(try open(Self.generator(source: source)) == nil)
  }

  @Test func foreignClassesInTheirPlaceAreRefused() throws {
    func pickle(_ module: String, _ name: String) throws -> CheckpointError? {
      var bytes = Array("c\(module)\n\(name)\n)".utf8) + [0x81]
      bytes += Array("(S'name'\nS'Gs'\ndb.".utf8)
      let path = try folder.write([0x80, 2] + bytes, "network.pkl")
      return checkpointError { _ = try CheckpointReader.open(path) }
    }
    #expect(try pickle("dnnlib.tflib.network", "Network") == nil)
    for (module, name) in [("dnnlib.tflib.network", "Exploit"), ("evil", "Network"), ("__main__", "Network")] {
      #expect(try pickle(module, name) == .refusedGlobal(name: "\(module).\(name)", byteOffset: 2))
    }
  }

  @Test func aTensorFlowSourceIsRefusedToo() throws {
    var bytes = Array("cdnnlib.tflib.network\nNetwork\n)".utf8) + [0x81]
    bytes += Array("(S'name'\nS'Gs'\nS'build_module_src'\nVimport os\\u003b os.popen('x')\ndb.".utf8)
    let path = try folder.write([0x80, 2] + bytes, "network.pkl")
    let error = checkpointError { _ = try CheckpointReader.open(path) }
    // Protocol 0's escapes are refused before their text is.
    guard case .malformed(_, _, "a string with escapes", _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    bytes = Array("cdnnlib.tflib.network\nNetwork\n)".utf8) + [0x81]
    bytes += Array("(S'name'\nS'Gs'\nS'build_module_src'\nVimport os, sys, os.popen\ndb.".utf8)
    let plain = try folder.write([0x80, 2] + bytes, "network.pkl")
    guard case .refusedSource(_, "os.popen", _) = checkpointError({ _ = try CheckpointReader.open(plain) }) else {
      Issue.record("opened")
      return
    }
  }

  @Test func storagesWithinStoragesAreRefused() throws {
    let inner = TorchHostileTests.file(TorchHostileTests.storage())
    func nested(_ bytes: [UInt8]) -> [UInt8] {
      var pickle: [UInt8] = Array("ctorch.storage\n_load_from_bytes\n(B".utf8)
      pickle += ZipBuilder.little(UInt32(bytes.count)) + bytes + Array("tR".utf8)
      return pickle
    }
    func tensor(_ storage: [UInt8]) -> [UInt8] {
      Array("(S'a'\nctorch._utils\n_rebuild_tensor_v2\n(".utf8) + storage + Array("I1\n(I2\nt(I1\ntI00\nNtRd.".utf8)
    }
    let path = try folder.write([0x80, 2] + tensor(nested(inner)), "network.pkl")
    #expect(try CheckpointReader.open(path).floats("a") == [2, 3])
    // A file that is no storage, and one that holds another.
    let wrong = TorchHostileTests.file("(S'a'\n\(TorchHostileTests.tensor())d")
    for (bytes, expected) in [(wrong, "a torch file that holds no storage")] {
      let path = try folder.write([0x80, 2] + tensor(nested(bytes)), "network.pkl")
      guard case .malformed(_, _, expected, _) = checkpointError({ _ = try CheckpointReader.open(path) }) else {
        Issue.record("opened")
        continue
      }
    }
    let cut = try folder.write([0x80, 2] + tensor(nested(Array(inner.dropLast(5)))), "network.pkl")
    #expect(checkpointError { _ = try CheckpointReader.open(cut) } != nil)
  }
}
