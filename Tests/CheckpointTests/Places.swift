import Checkpoint
import Foundation
import Testing

/// Where the tests' data lies.
enum Places {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  static func fixture(_ name: String) -> String { folder.appendingPathComponent("Fixtures/\(name)").path }

  static func golden(_ name: String) -> String {
    folder.deletingLastPathComponent().appendingPathComponent("Golden/\(name)").path
  }

  /// The full golden data, with the large VGG16, where the environment names it.
  static let fullGolden = ProcessInfo.processInfo.environment["IDINV_GOLDEN"]

  static let fixtureNames: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("Fixtures").path)) ?? [])
    .sorted()
}

/// A folder of a test's own, removed with its contents at the end.
final class TemporaryFolder {
  let path: String
  init() throws {
    path = NSTemporaryDirectory() + "checkpoint-tests-\(UInt64.random(in: 0...UInt64.max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func file(_ name: String) -> String { path + "/" + name }
  var contents: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }
  func write(_ bytes: [UInt8], _ name: String) throws -> String {
    // A new file each time: truncating an old one makes ext4 wait for the disk, thousands of times in fuzzing.
    unlink(file(name))
    let stream = try #require(fopen(file(name), "wb"))
    fwrite(bytes, 1, bytes.count, stream)
    fclose(stream)
    return file(name)
  }
}

func bytes(of path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

/// The error that `body` throws, or nil.
func checkpointError(_ body: () throws -> Void) -> CheckpointError? {
  do {
    try body()
    return nil
  } catch {
    return error as? CheckpointError
  }
}

/// Sebastiano Vigna's splitmix64: seeded, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z &>> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z &>> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z &>> 31
  }
}
