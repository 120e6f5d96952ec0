import Glibc

/// A folder of a name that no one else has, for files that others need not see. It goes away with the value.
package final class ScratchFolder {
  package let path: String

  /// - Throws: where the machine's folder of temporary files (`TMPDIR`) cannot be written.
  package init() throws(FileError) {
    let parent = getenv("TMPDIR").map { PathText.text(UnsafeRawBufferPointer(start: $0, count: strlen($0))) } ?? "/tmp"
    var template = PathText.bytes(PathText.path("idinv-XXXXXX", in: parent)).map { CChar(bitPattern: $0) } + [0]
    guard mkdtemp(&template) != nil else { throw FileError(parent, .createFolder, .system(errno)) }
    path = PathText.text(template.dropLast().map { UInt8(bitPattern: $0) })
  }

  deinit { remove() }

  package func remove() { Folder.removeTree(path) }
}
