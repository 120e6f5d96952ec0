import Files
import Foundation
import TestSupport
import Testing

extension TemporaryFolder {
  func path(_ name: String) -> String { "\(path)/\(name)" }
  func file(_ name: String, _ bytes: [UInt8]) throws -> String { try write(bytes, name) }
  func bytes(_ name: String) -> [UInt8]? { FileManager.default.contents(atPath: path(name)).map { [UInt8]($0) } }
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
