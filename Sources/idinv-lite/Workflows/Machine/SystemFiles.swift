import Files
import Glibc
import Reports

/// The small files of `/sys`, `/proc` and `/etc` by which Linux describes a machine. What is not there is nil: no system
/// has all of them.
package struct SystemFiles: Sendable {
  /// What `/sys`, `/proc` and `/etc` are looked for in; empty for this machine's own.
  package var root = ""

  /// This machine, or what IDINV_SYSTEM_ROOT leads to: the tests' machines.
  package static var current: SystemFiles {
    SystemFiles(root: getenv("IDINV_SYSTEM_ROOT").map { String(cString: $0) } ?? "")
  }

  /// Contents of a file without surrounding white space; nil where it is empty.
  package func text(_ path: String) -> String? {
    guard let text = SystemFile.text(root + path) else { return nil }
    let trimmed = text.trimmed { $0.isWhitespace || $0.unicodeScalars.allSatisfy { $0.value < 32 || $0.value == 127 } }
    return trimmed.isEmpty ? nil : trimmed
  }

  package func number(_ path: String) -> Int? { text(path).flatMap { Int($0) } }

  /// Names in a folder, in the order of the numbers in them.
  package func names(in folder: String, prefix: String) -> [String] {
    let names = (try? Folder.names(in: root + folder)) ?? []
    return names.filter { $0.hasPrefix(prefix) }.sorted {
      let (a, b) = (Int($0.dropFirst(prefix.count)) ?? .max, Int($1.dropFirst(prefix.count)) ?? .max)
      return a == b ? $0 < $1 : a < b
    }
  }
}
