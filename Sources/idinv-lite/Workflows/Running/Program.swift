import CProcess
import Files
import Glibc

/// What this program calls itself in the files that it writes, and what it was started with.
package enum Program {
  package static let version = "0.1.0"

  /// The words of the command line, the program's own name first. Bytes that are no UTF-8 are kept (`PathText`).
  package static var arguments: [String] {
    (0..<idinv_argument_count()).compactMap { index in
      idinv_argument(index).map { PathText.text(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
    }
  }

  /// A path of the program that is running; where /proc is mounted, it leads there even after the file of its name has been
  /// replaced. nil where the system does not say.
  package static var path: String? {
    if Folder.exists("/proc/self/exe") { return "/proc/self/exe" }
    return idinv_program_path().map { PathText.text(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
  }
}
