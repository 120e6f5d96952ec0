import Foundation

/// Whether results can go where they are to go: found out before any work is done, and before any input is lost.
///
/// Results replace what has their name. That must not be an input (a second run over the folder of the first one would
/// otherwise overwrite pictures that it has yet to read), and not a folder, a pipe or a device.
package struct OutputPlaces {
  private struct Identity: Hashable {
    var device: UInt64
    var inode: UInt64
  }
  private var inputs: [Identity: String] = [:]

  /// - Parameter inputs: files that the command reads.
  package init(inputs: [String]) {
    for path in inputs {
      if let information = Self.information(path) { self.inputs[Self.identity(information)] = path }
    }
  }

  /// Checks a file that is to be written, and that the folder it goes to exists.
  package func check(_ path: String) throws {
    guard !path.isEmpty else { throw Failure(.usage, of: "output", "expected the name of a file, found an empty text") }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    guard let parent = Self.information(folder), parent.st_mode & S_IFMT == S_IFDIR else {
      throw Failure(.cannotCreate, at: path, "cannot be created: there is no folder \(folder)")
    }
    guard let information = Self.information(path) else {
      if errno == ENAMETOOLONG { throw Failure(.cannotCreate, at: path, "cannot be created: its name is too long") }
      return
    }
    switch information.st_mode & S_IFMT {
    case S_IFREG:
      guard let input = inputs[Self.identity(information)] else { return }
      throw Failure(.usage, at: path, "would overwrite the input \(input); expected another place for the output")
    case S_IFDIR: throw Failure(.cannotCreate, at: path, "is a folder; expected the name of a file")
    default: throw Failure(.cannotCreate, at: path, "is a pipe or a device; expected the name of a file")
    }
  }

  private static func information(_ path: String) -> stat? {
    var information = stat()
    return stat(path, &information) == 0 ? information : nil
  }

  private static func identity(_ information: stat) -> Identity {
    Identity(device: UInt64(information.st_dev), inode: UInt64(information.st_ino))
  }
}
