import Foundation

/// A folder of a test's own, removed with its contents when the value goes away.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() throws {
    path = NSTemporaryDirectory() + "idinv-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of something within; an absolute one stays as it is.
  package func file(_ name: String) -> String { name.hasPrefix("/") ? name : path + "/" + name }

  /// Names in a folder within, hidden ones too, sorted; without what a command notes about its own files.
  package func contents(_ name: String = "") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: file(name))) ?? [])
      .filter { $0 != ".idinv-files.json" }.sorted()
  }

  /// Writes a file anew, with the folders above it. Not by `Data`: that waits for the disk, thousands of times in fuzzing.
  ///
  /// - Returns: its path.
  @discardableResult
  package func write(_ bytes: [UInt8], _ name: String) throws -> String {
    let path = file(name)
    if name.contains("/") {
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    }
    // A new file each time: truncating an old one makes ext4 wait too.
    unlink(path)
    guard let stream = fopen(path, "wb") else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    defer { fclose(stream) }
    guard fwrite(bytes, 1, bytes.count, stream) == bytes.count else { throw POSIXError(.EIO) }
    return path
  }
}
