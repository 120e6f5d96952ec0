import Checkpoint
import Foundation
import TestSupport
import Testing

/// The pickle machine, through `.npy` object arrays, whose data is a pickle.
@Suite struct PickleTests {
  /// A `.npy` file of objects with this pickle.
  static func npy(_ pickle: [UInt8]) -> [UInt8] {
    var text = Array("{'descr': '|O', 'fortran_order': False, 'shape': (), }".utf8)
    while (10 + text.count + 1) % 64 != 0 { text.append(0x20) }
    text.append(0x0a)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count), 0] + text + pickle
  }

  private func read(_ pickle: [UInt8]) throws -> PickledValue {
    let folder = try TemporaryFolder()
    return try NumpyFile.read(try folder.write(Self.npy(pickle), "object.npy"))
  }

  private func read(_ pickle: String) throws -> PickledValue { try read(Array(pickle.utf8)) }

  private func fault(_ pickle: [UInt8]) -> String {
    guard case .malformed("pickle", _, let found, _) = checkpointError({ _ = try read(pickle) }) else { return "" }
    return found
  }

  @Test func plainValuesOfProtocol0AreRead() throws {
    let value = try read("(dp0\nS'a'\np1\nI7\nsVb\n(lp2\nF1.5\naI01\naNas.")
    #expect(value["a"]?.integer == 7)
    #expect(value["b"]?.list?.count == 3)
    guard case .real(1.5) = value["b"]?.list?[0], case .bool(true) = value["b"]?.list?[1] else {
      Issue.record("list is \(value)")
      return
    }
  }

  @Test(arguments: [
    ("cos\nsystem\n(S'echo'\ntR.", "os.system"),
    ("c__builtin__\neval\n.", "__builtin__.eval"),
    ("ctorch\nload\n.", "torch.load"),
    ("cnumpy\nfromfile\n.", "numpy.fromfile"),
    ("cshutil\nrmtree\n.", "shutil.rmtree"),
    ("cbuiltins\nexec\n.", "builtins.exec"),
    ("c__main__\nNamespace\n.", "__main__.Namespace"),
  ]) func otherGlobalsAreRefusedByName(pickle: String, name: String) throws {
    let error = checkpointError { _ = try read(pickle) }
    #expect(error == .refusedGlobal(name: name, byteOffset: 128), "\(String(describing: error))")
  }

  @Test func globalsOnTheStackAreRefusedToo() throws {
    // SHORT_BINUNICODE "os", SHORT_BINUNICODE "system", STACK_GLOBAL.
    let pickle: [UInt8] = [0x80, 4, 0x8c, 2] + Array("os".utf8) + [0x8c, 6] + Array("system".utf8) + [0x93, 0x2e]
    #expect(checkpointError { _ = try read(pickle) } == .refusedGlobal(name: "os.system", byteOffset: 142))
  }

  @Test func opcodesThatMakeObjectsAreRefused() {
    for opcode in ["i", "o", "P"].map({ $0.utf8.first! }) + [0x82, 0x97] {
      #expect(fault([opcode, 0x2e]).hasPrefix("opcode"), "\(opcode)")
    }
  }

  @Test func instancesOfWhatIsNoClassAreRefused() {
    #expect(fault([0x4e, 0x29, 0x81, 0x2e]) == "an instance of what is no class")
    #expect(fault(Array("cnumpy\ndtype\n)".utf8) + [0x81, 0x2e]) == "an instance of numpy.dtype")
    #expect(fault([0x29, 0x81, 0x2e]) == "an empty stack")
  }

  @Test func brokenStacksAreRefused() {
    #expect(fault([0x2e]) == "an empty stack")
    #expect(fault(Array("(.".utf8)) == "an empty stack")
    #expect(fault(Array("t.".utf8)) == "no mark")
    #expect(fault(Array("Na.".utf8)) == "an empty stack")
    #expect(fault(Array("NNa.".utf8)) == "an append to what is no list")
    #expect(fault(Array("NNNs.".utf8)) == "an entry of what is no dictionary")
    #expect(fault(Array("}(Nu.".utf8)) == "a key without a value")
    #expect(fault(Array("h\u{7}.".utf8)) == "memo entry 7, which is not set")
    #expect(fault(Array("N)R.".utf8)) == "a call of what is no function")
    #expect(fault(Array("NQ.".utf8)) == "None")
    #expect(fault(Array(")Q.".utf8)) == "a persistent id")
    #expect(fault(Array("NNb.".utf8)) == "a state for None")
    #expect(fault([0x80, 6, 0x4e, 0x2e]) == "pickle protocol 6")
    #expect(fault(Array("Ix\n.".utf8)) == "\"x\"")
    #expect(fault(Array("p-1\n.".utf8)) == "\"-1\"")
  }

  @Test func lengthsBeyondTheFileAreRefusedBeforeAllocation() {
    for pickle in [
      [0x58, 0xff, 0xff, 0xff, 0x7f], [0x8d, 0, 0, 0, 0, 0, 0, 0, 0x40],
      [0x8e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      [0x8b, 0xff, 0xff, 0xff, 0xff], [0x43, 9],
    ] as [[UInt8]] {
      let error = checkpointError { _ = try read(pickle) }
      guard case .malformed = error else {
        Issue.record("\(pickle): \(String(describing: error))")
        continue
      }
    }
  }

  @Test func deepNestingIsRefusedAndFreedWithoutRecursion() {
    let depth = 300_000
    let lists = [UInt8](repeating: 0x5d, count: depth) + [UInt8](repeating: 0x61, count: depth - 1) + [0x2e]
    #expect(fault(lists).hasPrefix("values nested"))
    let tuples = [0x4e] + [UInt8](repeating: 0x85, count: depth) + [0x2e]
    #expect(fault(tuples).hasPrefix("values nested"))
  }

  @Test func valuesThatContainThemselvesAreRefused() {
    #expect(fault(Array("]q\u{0}h\u{0}a.".utf8)).hasPrefix("values nested"))
  }

  @Test func repeatedDoublingIsRefused() {
    // Each list holds the one before it twice: 2⁴⁰ values in a few hundred bytes.
    var pickle = Array("]q\u{0}".utf8)
    for level in 0..<40 {
      let level = UInt8(level)
      pickle += Array("](h".utf8) + [level]
      pickle += Array("h".utf8) + [level, 0x65, 0x71, level + 1]
    }
    #expect(fault(pickle + [0x2e]).hasPrefix("values nested"))
  }

  @Test func endlessPicklesAreStopped() {
    #expect(fault([UInt8](repeating: 0x4e, count: 1_100_000)).hasPrefix("more than"))
  }

  @Test func arraysOfAnotherLengthAreRefused() {
    let head = "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I2\nI3\nt"
    let type = "cnumpy\ndtype\n(S'f4'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb"
    #expect(fault(Array((head + type + "I00\nC\u{4}abcdtb.").utf8)) == "array data of another length")
    let huge = head.replacingOccurrences(of: "I3\nt", with: "I9000000000000000000\nt")
    #expect(fault(Array((huge + type + "I00\nC\u{4}abcdtb.").utf8)).hasPrefix("shape"))
  }

  @Test(arguments: [2, 3, 4, 5]) func dictionariesOfNumPyAreRead(protocolVersion: Int) throws {
    let value = try NumpyFile.read(Places.fixture("object\(protocolVersion).npy"))
    #expect(value["boundary"]?.array == NumpyArray(shape: [1, 2, 3], floats: [0, 1, 2, 3, 4, 5]))
    #expect(value["fortran"]?.array == NumpyArray(shape: [2, 3], floats: [0, 1, 2, 3, 4, 5]))
    #expect(value["meta_data"]?["manipulate_layers"]?.integers == [2, 4])
    #expect(value["meta_data"]?["name"]?.string == "smile")
    #expect(value["meta_data"]?["n"]?.integer == 7)
    guard case .real(0.5) = value["meta_data"]?["score"] else {
      Issue.record("score is \(String(describing: value["meta_data"]?["score"]))")
      return
    }
  }

  @Test func publishedBoundariesAreRead() throws {
    for (name, layers) in [("ffhq256_expression", nil), ("tower256_sunny", Array(0...13))] as [(String, [Int]?)] {
      let value = try NumpyFile.read(Golden.path("boundaries/\(name).npy"))
      let boundary = try #require(value["boundary"]?.array)
      #expect(boundary.shape == [1, 14, 512])
      let square = boundary.floats[..<512].reduce(0) { $0 + $1 * $1 }
      #expect(abs(square - 1) < 1e-3, "a unit normal, per layer: \(square)")
      let found = try #require(value["meta_data"]?["manipulate_layers"]?.integers)
      if let layers { #expect(found == layers) }
    }
    let plain = try NumpyArray.read(Golden.path("boundaries/stylegan_ffhq_smile_w_boundary.npy"))
    #expect(plain.shape == [1, 512])
  }
}
