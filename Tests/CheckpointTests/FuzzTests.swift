import Checkpoint
import Foundation
import Quant
import TestSupport
import Testing

/// Seeded mutation of every kind of file: a reader answers or throws; it never traps, and never asks for memory out of
/// proportion to the file. `IDINV_FUZZ_ROUNDS` sets the mutations per file for a long run.
@Suite(.serialized) struct FuzzTests {
  static let rounds = ProcessInfo.processInfo.environment["IDINV_FUZZ_ROUNDS"].flatMap(Int.init) ?? 150

  static let files =
    Places.fixtureNames.filter { !$0.hasPrefix("little_u") && !$0.hasPrefix("big_") }.map(Places.fixture)

  @Test(arguments: files) func mutatedFilesAreReadOrRefused(path: String) throws {
    let folder = try TemporaryFolder()
    let original = try bytes(of: path)
    var random = SeededRandom(UInt64(original.count))
    for round in 0..<Self.rounds {
      let mutated = Self.mutate(original, &random)
      let copy = try folder.write(mutated, "file")
      do {
        let checkpoint = try CheckpointReader.open(copy)
        for name in checkpoint.names {
          let count = try checkpoint.floats(name).count
          // Elements of one byte become four; a view may repeat elements up to 2²⁰; deflate packs up to 1032 times.
          #expect(count <= 1100 * mutated.count + 1 << 20, "round \(round)")
        }
      } catch {
        #expect(!error.description.isEmpty, "round \(round)")
      }
    }
  }

  /// Random programs of valid opcodes get deeper into the machine than damaged files do.
  @Test func randomPicklesAreReadOrRefused() throws {
    let folder = try TemporaryFolder()
    var random = SeededRandom(11)
    let pieces: [[UInt8]] =
      [
        "(", ")", "]", "}", "N", "t", "l", "d", "a", "e", "s", "u", "0", "1", "2", "R", "b", "Q", "I3\n", "I-1\n",
        "F1.5\n",
      ].map {
        Array($0.utf8)
      }
      + [
        "S'f4'\n", "S'<'\n", "S'storage'\n", "S'latin1'\n", "C\u{4}abcd", "K\u{2}", "q\u{0}", "q\u{1}", "h\u{0}",
        "h\u{1}",
      ].map {
        Array($0.utf8)
      }
      + [
        "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch._utils\n_rebuild_parameter\n", "ccollections\nOrderedDict\n",
        "ctorch\nFloatStorage\n", "cnumpy.core.multiarray\n_reconstruct\n", "cnumpy.core.multiarray\nscalar\n",
        "cnumpy\nndarray\n", "cnumpy\ndtype\n", "c_codecs\nencode\n", "cnumpy.core.numeric\n_frombuffer\n",
        "ctorch\nSize\n",
      ].map { Array($0.utf8) } + [[0x85], [0x86], [0x87], [0x88], [0x94], [0x8a, 1, 0xff]]
    for _ in 0..<Self.rounds * 20 {
      var pickle: [UInt8] = []
      for _ in 0..<Int.random(in: 1...40, using: &random) { pickle += pieces.randomElement(using: &random) ?? [] }
      let path = try folder.write(PickleTests.npy(pickle + [0x2e]), "object.npy")
      _ = checkpointError { _ = try NumpyFile.read(path) }
    }
  }

  /// One to four of: a flipped bit, a byte, a 2-, 4- or 8-byte field at an extreme, a cut, a doubled or removed run.
  static func mutate(_ original: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    var bytes = original
    for _ in 0...Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
      let at = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<7, using: &random) {
      case 0: bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 1: bytes[at] = .random(in: 0...255, using: &random)
      case 2, 3:
        let fields: [UInt64] = [0, 1, .max, .max >> 1, 1 << 31, 1 << 32 - 1, UInt64(bytes.count), 1 << 40]
        let field = fields.randomElement(using: &random) ?? 0
        for index in 0..<[2, 4, 8][Int.random(in: 0..<3, using: &random)] where at + index < bytes.count {
          bytes[at + index] = UInt8(truncatingIfNeeded: field >> (8 * UInt64(index)))
        }
      case 4: bytes.removeSubrange(at...)
      case 5:
        let end = min(bytes.count, at + Int.random(in: 1...64, using: &random))
        bytes.insert(contentsOf: bytes[at..<end], at: at)
      default:
        bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...16, using: &random)))
      }
    }
    return bytes
  }
}
