import Glibc

/// Which file it is, and whether it is still the same: what the system says without reading it.
package struct FileIdentity: Equatable, Sendable {
  /// A time of the file system.
  package struct Time: Equatable, Sendable {
    package var seconds: Int
    package var nanoseconds: Int

    init(_ time: timespec) {
      seconds = Int(time.tv_sec)
      nanoseconds = Int(time.tv_nsec)
    }
  }

  /// Names a file among all that are there.
  package struct Place: Hashable, Sendable {
    package var device: UInt64
    package var inode: UInt64
  }

  package var place: Place
  package var byteCount: Int
  /// When the bytes were last written.
  package var modified: Time
  /// When the bytes, names, owner or permissions last changed. No program can set it back.
  package var changed: Time

  init(_ status: stat) {
    place = Place(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    byteCount = Int(status.st_size)
    modified = Time(status.st_mtim)
    changed = Time(status.st_ctim)
  }

  /// Of what lies at a path, links followed; nil where nothing does.
  package init?(path: String) {
    guard let status = systemStatus(path) else { return nil }
    self.init(status)
  }

  /// Whether the same bytes are there, as far as can be known without the time that the system alone sets.
  package func hasSameContents(as other: FileIdentity) -> Bool {
    byteCount == other.byteCount && modified == other.modified
  }
}

/// What lies at a path, links followed; nil where nothing does, or the system does not say (`errno`).
func systemStatus(_ path: String) -> stat? {
  var status = stat()
  return PathText.withSystemPath(path) { stat($0, &status) } == 0 ? status : nil
}

/// As `systemStatus`, of a link itself.
func systemStatusOfLink(_ path: String) -> stat? {
  var status = stat()
  return PathText.withSystemPath(path) { lstat($0, &status) } == 0 ? status : nil
}

/// Opens a file; the number is below 0 where that fails (`errno`).
func systemOpen(_ path: String, _ flags: Int32) -> Int32 {
  PathText.withSystemPath(path) { open($0, flags | O_CLOEXEC | O_NOCTTY, 0o666) }
}

extension stat {
  var isRegular: Bool { st_mode & S_IFMT == S_IFREG }
  var isFolder: Bool { st_mode & S_IFMT == S_IFDIR }
  var isLink: Bool { st_mode & S_IFMT == S_IFLNK }
}
