import Glibc

/// The lock of a folder that one process at a time writes to. It ends with the value, or with the process.
package final class FolderLock: Sendable {
  private let descriptor: Int32

  /// Locks a folder without waiting. File systems that know no locks are trusted.
  ///
  /// - Throws: `.isInUse` where another process holds it.
  package init(_ path: String) throws(FileError) {
    let descriptor = systemOpen(path, O_RDONLY | O_DIRECTORY)
    guard descriptor >= 0 else { throw FileError(path, .lock, .system(errno)) }
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      close(descriptor)
      throw FileError(path, .lock, .isInUse)
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}
