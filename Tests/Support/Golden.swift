import Foundation

/// The reference numbers and checkpoints in `Tests/Golden`.
package enum Golden {
  /// The folder of all tests.
  package static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

  package static let folder = tests.appendingPathComponent("Golden")

  package static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  package static func path(_ set: String, _ name: String) -> String { path("\(set)/\(name)") }
}

/// A folder that is gone when the process ends: for models that several tests read.
package enum SharedFolder {
  package static let path: String = {
    let path = NSTemporaryDirectory() + "idinv-tests-\(ProcessInfo.processInfo.processIdentifier)"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(atPath: SharedFolder.path) }
    return path
  }()
}
