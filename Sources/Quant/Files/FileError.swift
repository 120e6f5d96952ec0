import Glibc

/// What the system, or the state of a file, refused: one error for everything that this module reads, writes or maps.
package struct FileError: Error, Equatable, Sendable {
  /// What was being done.
  package enum Operation: String, Sendable {
    case open, read, map, list, create, write, truncate, close, rename, remove, lock
    case synchronize = "fsync"
    case createFolder = "create the folder"

    /// Whether the file is an input.
    package var isReading: Bool { [.open, .read, .map, .list].contains(self) }
  }

  package enum Reason: Equatable, Sendable {
    /// The system's `errno`.
    case system(Int32)
    /// A folder where a file was expected.
    case isFolder
    /// A pipe, a device or a socket where a file was expected.
    case isNotRegular
    /// A file where a folder was expected; its path.
    case isFile(path: String)
    /// A link where a file of the program's own was expected.
    case isLink
    /// The name is empty.
    case hasNoName
    /// The file ends before what was to be read.
    case endsEarly
    /// The file is larger than what is read of its kind, in bytes.
    case isTooLarge(limit: Int)
    /// The file is not what it was when it was opened.
    case hasChanged
    /// Another process holds the lock.
    case isInUse
  }

  package var path: String
  package var operation: Operation
  package var reason: Reason
  /// Byte of the file, where the operation has one.
  package var offset: Int?

  package init(_ path: String, _ operation: Operation, _ reason: Reason, offset: Int? = nil) {
    self.path = path
    self.operation = operation
    self.reason = reason
    self.offset = offset
  }

  /// Whether an input is not there.
  package var isMissing: Bool {
    operation.isReading && (reason == .system(ENOENT) || reason == .system(ENOTDIR))
  }

  /// Whether the disk failed or is full, as opposed to a place that cannot be written.
  package var isDiskFailure: Bool {
    guard case .system(let code) = reason else { return false }
    return [ENOSPC, EDQUOT, EIO, EFBIG].contains(code)
  }
}

extension FileError: CustomStringConvertible {
  package var description: String {
    let place = offset.map { ", at byte \($0)" } ?? ""
    let path = self.path.isEmpty ? "''" : self.path
    if isMissing { return "\(path): no such file" }
    switch reason {
    case .isFolder where operation.isReading: return "\(path): is a folder; expected a file"
    case .isNotRegular where operation.isReading:
      return "\(path): is neither a file nor a folder (a pipe or a device?); expected a file"
    case .endsEarly: return "\(path): became shorter while it was read\(place)"
    case .isTooLarge(let limit): return "\(path): has more than the \(limit) bytes that are read of such a file"
    case .hasChanged:
      return "\(path): was changed while it was in use; expected a file that stays as it is during a run"
    case .isInUse: return "\(path): another run is at work in this folder; expected a folder of its own"
    default: break
    }
    let what =
      switch reason {
      case .system(let code): String(cString: strerror(code))
      case .isFolder: "is a folder; expected a file"
      case .isNotRegular: "is a pipe or a device; expected a file"
      case .isFile(let file): file == path ? "a file of this name exists" : "\(file) is a file"
      case .isLink: "is a link; expected a file of this program"
      case .hasNoName: "the name is empty"
      case .endsEarly, .isTooLarge, .hasChanged, .isInUse: ""
      }
    if operation.isReading { return "\(path): cannot be read: \(what)\(place)" }
    if operation == .createFolder {
      return "\(path.isEmpty ? "''" : path): the output folder cannot be used: \(what)"
    }
    return "\(path): cannot be written (\(operation.rawValue)): \(what)\(place)"
  }
}
