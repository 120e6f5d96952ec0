import Glibc

/// An output file that is whole or absent: a reader never sees half of one, and a full disk or a lost power supply leaves the
/// previous version in place. Programs that have the old one mapped keep it.
///
/// The bytes go to a temporary name in the same folder, to the disk (`fsync`), and then take the final name (`rename`).
/// The temporary file is locked as long as its writer lives. What can be locked by others was left by a killed program,
/// whichever machine or container that ran on (`removeLeftovers`).
package final class AtomicFile {
  /// What becomes of a link that has the file's name.
  package enum Links: Sendable {
    /// The file that it leads to is replaced: a place that the user named.
    case followed
    /// It is replaced itself: a name in an output folder, where anyone may have put a link.
    case replaced
  }

  package let path: String
  /// Where the bytes end up: the path, or the file that it links to.
  private let destination: String
  /// Where the bytes are until `commit`.
  package let temporaryPath: String
  private var descriptor: Int32

  /// - Throws: where the folder is absent or not writable, or the path leads to something else than a file.
  package init(path: String, links: Links = .followed) throws(FileError) {
    let status = links == .followed ? systemStatus(path) : systemStatusOfLink(path)
    if let status {
      if status.isFolder { throw FileError(path, .create, .isFolder) }
      guard status.isRegular || links == .replaced else { throw FileError(path, .create, .isNotRegular) }
    }
    self.path = path
    destination = status != nil && links == .followed ? Self.resolved(path) : path
    (descriptor, temporaryPath) = try Self.createTemporary(beside: destination, path)
  }

  deinit { discard() }

  /// Writes the elements' bytes at a place of the file.
  package func write<Element: BitwiseCopyable>(_ elements: [Element], at offset: Int) throws(FileError) {
    let (done, code) = elements.withUnsafeBytes { writeAll(descriptor, $0, at: offset) }
    guard code == 0 else { throw FileError(path, .write, .system(code), offset: offset + done) }
  }

  /// Gives the file its name.
  ///
  /// - Parameter isSynced: whether to wait for the disk. Without, a reader still never sees half a file, but after a
  ///   lost power supply it may be empty: for the many files of a run that ends with `Folder.synchronize`.
  package func commit(isSynced: Bool = true) throws(FileError) {
    if isSynced {
      let code = systemSynchronize(descriptor)
      guard code == 0 else { throw FileError(path, .synchronize, .system(code)) }
    }
    let renamed = PathText.withSystemPath(temporaryPath) { from in
      PathText.withSystemPath(destination) { rename(from, $0) }
    }
    guard renamed == 0 else { throw FileError(path, .rename, .system(errno)) }
    let closed = close(descriptor)
    let code = errno
    descriptor = -1
    guard closed == 0 || code == EINTR else { throw FileError(path, .close, .system(code)) }
    // The new name lives in the folder, which is synced apart; of no consequence for the caller if refused.
    if isSynced {
      let folder = PathText.folder(of: destination)
      try? Folder.synchronize(folder.isEmpty ? "." : folder)
    }
  }

  /// Removes the unfinished file; does nothing after `commit`.
  package func discard() {
    guard descriptor >= 0 else { return }
    // While it is locked: afterwards the name may be another's.
    Folder.removeFile(temporaryPath)
    close(descriptor)
    descriptor = -1
  }

  /// Writes a whole file, replacing an existing one. Where the path leads to something else than a file (`/dev/stdout`, a
  /// pipe), it is written to directly.
  package static func write(
    _ bytes: [UInt8], to path: String, links: Links = .followed, isSynced: Bool = true
  ) throws(FileError) {
    if links == .followed, let status = systemStatus(path), !status.isRegular, !status.isFolder {
      return try writeDirectly(bytes, to: path)
    }
    let file = try AtomicFile(path: path, links: links)
    try file.write(bytes, at: 0)
    try file.commit(isSynced: isSynced)
  }

  /// Writes a text file in UTF-8, replacing an existing one.
  package static func write(_ text: String, to path: String, links: Links = .followed) throws(FileError) {
    try write([UInt8](text.utf8), to: path, links: links)
  }

  private static func writeDirectly(_ bytes: [UInt8], to path: String) throws(FileError) {
    // A pipe without a reader is refused and not waited for.
    let descriptor = systemOpen(path, O_WRONLY | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError(path, .create, .system(errno)) }
    defer { close(descriptor) }
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
    let (done, code) = bytes.withUnsafeBytes { writeAll(descriptor, $0) }
    guard code == 0 else { throw FileError(path, .write, .system(code), offset: done) }
  }

  private static func resolved(_ path: String) -> String {
    guard let name = PathText.withSystemPath(path, { realpath($0, nil) }) else { return path }
    defer { free(name) }
    return PathText.text(UnsafeRawBufferPointer(start: name, count: strlen(name)))
  }

  // MARK: Temporary files

  private static let prefix = ".idinv-", suffix = ".tmp"

  /// A new locked file of a name that no one else uses, with the permissions of an ordinary new file.
  private static func createTemporary(
    beside target: String, _ path: String
  ) throws(FileError) -> (descriptor: Int32, name: String) {
    for _ in 0..<100 {
      let number = String(UInt64.random(in: 0...UInt64.max), radix: 36)
      let name = PathText.folder(of: target) + prefix + number + suffix
      let descriptor = systemOpen(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
      guard descriptor >= 0 else {
        if errno == EEXIST { continue }
        throw FileError(path, .create, .system(errno))
      }
      // Someone who looks for leftovers may have been quicker with the lock: then the file has no name any more.
      while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
      var status = stat()
      if fstat(descriptor, &status) == 0, status.st_nlink == 0 {
        close(descriptor)
        continue
      }
      return (descriptor, name)
    }
    throw FileError(path, .create, .system(EEXIST))
  }

  /// Removes temporary files that killed programs left in a folder.
  ///
  /// On a file system without locks only those go that nobody has written to for a day.
  package static func removeLeftovers(in folder: String) {
    for name in (try? Folder.names(in: folder)) ?? [] where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
      let path = PathText.path(name, in: folder)
      guard let status = systemStatusOfLink(path), status.isRegular else { continue }
      let descriptor = systemOpen(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        guard errno != EWOULDBLOCK, errno != EINTR, time(nil) - status.st_mtim.tv_sec > 86_400 else { continue }
      }
      Folder.removeFile(path)
    }
  }

  /// Removes what killed programs left where a file is to be written.
  package static func removeLeftovers(beside path: String) {
    let folder = PathText.folder(of: systemStatus(path) == nil ? path : resolved(path))
    removeLeftovers(in: folder.isEmpty ? "." : folder)
  }
}

/// Writes all bytes, at `offset` or, where that is nil, where the file stands.
///
/// - Returns: bytes written, and 0 or the number of the error that stopped it.
package func writeAll(
  _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int? = nil
) -> (count: Int, code: Int32) {
  var done = 0
  while done < bytes.count, let start = bytes.baseAddress {
    // A gigabyte at a time: Linux writes at most 2 GiB per call.
    let piece = min(bytes.count - done, 1 << 30)
    let count =
      offset.map { pwrite(descriptor, start + done, piece, off_t($0 + done)) } ?? write(descriptor, start + done, piece)
    if count > 0 {
      done += count
    } else if count == 0 {
      return (done, EIO)
    } else if errno == EAGAIN {
      // A stream that another program made non-blocking: wait until it takes more.
      var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      _ = poll(&state, 1, -1)
    } else if errno != EINTR {
      return (done, errno)
    }
  }
  return (done, 0)
}
