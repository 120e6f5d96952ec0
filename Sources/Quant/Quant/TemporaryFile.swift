import Foundation

/// A file being written under a temporary name beside its target, which it replaces only when it is complete.
///
/// An interrupted or failed write thus never leaves half a file under the target's name, and programs that have the old
/// file mapped keep it. A link is followed, so that the file it leads to is replaced and not the link.
package final class TemporaryFile {
  package let target: String
  /// Where the bytes end up: the target, or the file that it links to.
  private let destination: String
  package let temporaryPath: String
  private var descriptor: Int32

  /// - Throws: `.cannotWrite` where the target's folder is absent or not writable, or the target is no regular file.
  package init(target: String) throws(ModelFileError) {
    var status = stat()
    let exists = stat(target, &status) == 0
    if exists && status.st_mode & S_IFMT != S_IFREG {
      let kind = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "a pipe or a device"
      throw .cannotWrite(path: target, reason: "it is \(kind)")
    }
    let url = exists ? URL(fileURLWithPath: target).resolvingSymlinksInPath() : URL(fileURLWithPath: target)
    self.target = target
    destination = url.path
    // The process in it tells whether it is a leftover (`AtomicFile.removeLeftovers`).
    let name = ".idinv-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).tmp"
    temporaryPath = url.deletingLastPathComponent().appendingPathComponent(name).path
    descriptor = open(temporaryPath, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw .cannotWrite(path: target, reason: String(cString: strerror(errno)))
    }
  }

  deinit { discard() }

  /// Writes the elements' bytes at a place of the file.
  ///
  /// - Throws: `.cannotWrite` where the disk is full or fails.
  package func write<Element: BitwiseCopyable>(_ elements: [Element], at offset: Int) throws(ModelFileError) {
    let failure: ModelFileError? = elements.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count, let base = bytes.baseAddress {
        let count = pwrite(descriptor, base + done, bytes.count - done, off_t(offset + done))
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else {
          let reason = count < 0 ? String(cString: strerror(errno)) : "nothing was written"
          return .cannotWrite(
            path: target, reason: "\(reason), at byte \(offset + done); the unfinished file was removed")
        }
        done += count
      }
      return nil
    }
    if let failure { throw failure }
  }

  /// Forces the bytes to the disk and gives the file its name.
  package func commit() throws(ModelFileError) {
    let failed = fsync(descriptor) != 0 || rename(temporaryPath, destination) != 0
    guard !failed else { throw .cannotWrite(path: target, reason: String(cString: strerror(errno))) }
    close(descriptor)
    descriptor = -1
    // The new name lives in the folder, which is synced apart; some file systems refuse that, harmlessly.
    let folder = open(URL(fileURLWithPath: destination).deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
    if folder >= 0 {
      _ = fsync(folder)
      close(folder)
    }
  }

  /// Removes the unfinished file; does nothing after `commit`.
  package func discard() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
    unlink(temporaryPath)
  }
}
