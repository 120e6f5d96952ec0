import Files
import Foundation
import Testing

/// A folder that goes away with the value.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "files-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func path(_ name: String) -> String { "\(path)/\(name)" }

  func file(_ name: String, _ bytes: [UInt8] = []) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }

  func bytes(_ name: String) -> [UInt8]? { FileManager.default.contents(atPath: path(name)).map { [UInt8]($0) } }

  var contents: [String] { ((try? Folder.names(in: path)) ?? []).sorted() }
}

/// The error that `body` throws; the test fails if it throws none.
func thrown(_ body: () throws(FileError) -> Void) -> FileError? {
  do throws(FileError) {
    try body()
    Issue.record("nothing was thrown")
    return nil
  } catch {
    return error
  }
}
