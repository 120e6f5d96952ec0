import Files
import Foundation
import FuzzTargets
import Testing

/// The fuzzer's seeds, and what its runs have found, through every reader: none may trap.
@Suite("Fuzzing")
struct FuzzSeedTests {
  private static let seeds = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fuzz/Seeds").path

  @Test("each seed, whole, cut off and with bytes changed", .timeLimit(.minutes(20)), arguments: FuzzTarget.allCases)
  func seeds(target: FuzzTarget) throws {
    let folder = NSTemporaryDirectory() + "fuzz-seeds-\(UUID().uuidString)"
    try Folder.create(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let names = try Folder.names(in: "\(Self.seeds)/\(target.rawValue)").sorted()
    #expect(!names.isEmpty)
    for name in names {
      let bytes = try InputFile.bytes(of: "\(Self.seeds)/\(target.rawValue)/\(name)")
      target.read(bytes, folder: folder)
      // Every eighth length and bit, so that the suite stays quick.
      for place in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 64)) {
        target.read(Array(bytes.prefix(place)), folder: folder)
        var changed = bytes
        changed[place] ^= 1 << UInt8(place % 8)
        target.read(changed, folder: folder)
      }
    }
  }
}
