import Glibc

/// A file that is read: the one opener of everything that comes from outside.
///
/// Only regular files are opened, and never by waiting: a pipe that nobody writes to, a terminal or a device is refused. Its
/// identity is taken when it is opened, so that a change shows.
package final class InputFile: Sendable {
  package let path: String
  package let identity: FileIdentity
  let descriptor: Int32

  /// Size when it was opened.
  package var byteCount: Int { identity.byteCount }

  /// - Throws: where the path names no regular file that may be read.
  package init(path: String) throws(FileError) {
    // Looked at before: opening some devices does something.
    guard let before = systemStatus(path) else { throw FileError(path, .open, .system(errno)) }
    try Self.checkKind(before, path)
    // Without O_NONBLOCK a pipe that took its place would wait for a writer that may never come.
    let descriptor = systemOpen(path, O_RDONLY | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError(path, .open, .system(errno)) }
    var status = stat()
    do throws(FileError) {
      guard fstat(descriptor, &status) == 0 else { throw FileError(path, .open, .system(errno)) }
      try Self.checkKind(status, path)
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
    identity = FileIdentity(status)
  }

  deinit { close(descriptor) }

  private static func checkKind(_ status: stat, _ path: String) throws(FileError) {
    if status.isFolder { throw FileError(path, .open, .isFolder) }
    guard status.isRegular else { throw FileError(path, .open, .isNotRegular) }
  }

  /// The bytes of a range.
  ///
  /// - Throws: `.endsEarly` where the file is shorter.
  package func read(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    let bytes = try readUpTo(range.count, at: range.lowerBound)
    guard bytes.count == range.count else {
      throw FileError(path, .read, .endsEarly, offset: range.lowerBound + bytes.count)
    }
    return bytes
  }

  /// The bytes from `offset` on, at most `count`; fewer only at the file's end.
  package func readUpTo(_ count: Int, at offset: Int) throws(FileError) -> [UInt8] {
    var code: Int32 = 0
    var reached = offset
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      (filled, code) = readAll(descriptor, buffer.baseAddress, count, at: offset)
      reached += filled
    }
    guard code == 0 else { throw FileError(path, .read, .system(code), offset: reached) }
    return bytes
  }

  /// Calls `body` with the whole file in pieces.
  package func forEachPiece(
    byteCount: Int = 1 << 20, _ body: ([UInt8]) throws(FileError) -> Void
  ) throws(FileError) {
    var offset = 0
    while true {
      let piece = try readUpTo(byteCount, at: offset)
      guard !piece.isEmpty else { return }
      try body(piece)
      offset += piece.count
    }
  }

  /// Checks that the file still is what was opened: the same bytes as far as the system knows, in an inode that nobody
  /// has written to.
  ///
  /// - Throws: `.hasChanged`.
  package func verifyUnchanged() throws(FileError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(path, .read, .system(errno)) }
    guard FileIdentity(status) == identity else { throw FileError(path, .read, .hasChanged) }
  }

  /// A whole file, which is no longer than `limit`.
  ///
  /// - Throws: also `.isTooLarge`.
  package static func bytes(of path: String, limit: Int = .max) throws(FileError) -> [UInt8] {
    let file = try InputFile(path: path)
    guard file.byteCount <= limit else { throw FileError(path, .read, .isTooLarge(limit: limit)) }
    return try file.readUpTo(file.byteCount, at: 0)
  }
}

/// Small text files by which the system describes the machine and the process (`/proc`, `/sys`): they have no size.
package enum SystemFile {
  /// nil where there is no such file, as in many containers.
  package static func text(_ path: String) -> String? {
    guard let bytes = try? InputFile(path: path).readUpTo(1 << 20, at: 0) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  /// Writes to such a file. That it cannot be written is no failure.
  package static func write(_ text: String, to path: String) {
    let descriptor = systemOpen(path, O_WRONLY | O_NONBLOCK)
    guard descriptor >= 0 else { return }
    let bytes = [UInt8](text.utf8)
    _ = bytes.withUnsafeBytes { writeAll(descriptor, $0) }
    close(descriptor)
  }
}

/// Reads until `count` bytes are there or the file ends.
///
/// - Returns: bytes read, and 0 or the number of the error.
func readAll(
  _ descriptor: Int32, _ start: UnsafeMutableRawPointer?, _ count: Int, at offset: Int
) -> (count: Int, code: Int32) {
  var done = 0
  while done < count, let start {
    // A gigabyte at a time: Linux reads at most 2 GiB per call.
    let got = pread(descriptor, start + done, min(count - done, 1 << 30), off_t(offset + done))
    if got > 0 {
      done += got
    } else if got == 0 {
      break
    } else if errno != EINTR {
      return (done, errno)
    }
  }
  return (done, 0)
}
