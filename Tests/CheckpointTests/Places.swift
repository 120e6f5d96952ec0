import Checkpoint
import Foundation
import Testing

/// Where the tests' data lies.
enum Places {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  static func fixture(_ name: String) -> String { folder.appendingPathComponent("Fixtures/\(name)").path }

  /// The full golden data, with the large VGG16, where the environment names it.
  static let fullGolden = ProcessInfo.processInfo.environment["IDINV_GOLDEN"]

  static let fixtureNames: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("Fixtures").path)) ?? [])
    .sorted()
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
