import Foundation

/// A folder of a name that no one else has, for files that others need not see. It goes away with the value.
package final class ScratchFolder {
  package let path: String

  /// - Throws: where the machine's folder of temporary files (`TMPDIR`) cannot be written.
  package init() throws {
    let parent = FileManager.default.temporaryDirectory.path
    var template = Array("\(parent)/idinv-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Failure(
        .cannotCreate, at: parent, "\(String(cString: strerror(errno))); expected a folder to work in (TMPDIR)")
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { remove() }

  package func remove() { try? FileManager.default.removeItem(atPath: path) }
}
