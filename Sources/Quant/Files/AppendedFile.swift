import Glibc

/// A file of lines that only grows, and that one process at a time may write: what journals are made of.
package final class AppendedFile {
  package let path: String
  private let descriptor: Int32
  /// Where the next bytes go.
  package private(set) var end = 0
  private var isSynced = true

  package enum Purpose: Sendable {
    /// An empty file, in place of what had the name.
    case begin
    case append
    case read
  }

  /// Opens a file; to write, it is locked before it is looked at or emptied. File systems that know no locks are trusted.
  ///
  /// - Throws: `.isInUse` where another process writes it; `.isLink` where a link has its name; what opening throws.
  package init(path: String, for purpose: Purpose) throws(FileError) {
    let flags =
      switch purpose {
      case .begin: O_RDWR | O_CREAT | O_NOFOLLOW
      case .append: O_RDWR | O_NOFOLLOW
      case .read: O_RDONLY
      }
    let descriptor = systemOpen(path, flags | O_NONBLOCK)
    let operation: FileError.Operation = purpose == .begin ? .create : .open
    guard descriptor >= 0 else {
      throw FileError(path, operation, errno == ELOOP && purpose != .read ? .isLink : .system(errno))
    }
    self.path = path
    self.descriptor = descriptor
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(path, operation, .system(errno)) }
    guard status.isRegular else { throw FileError(path, operation, status.isFolder ? .isFolder : .isNotRegular) }
    guard purpose != .read else { return }
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { throw FileError(path, .lock, .isInUse) }
    if purpose == .begin { try truncate(to: 0) }
  }

  deinit { close(descriptor) }

  /// Cuts off what follows a byte; the next bytes go there.
  package func truncate(to byteCount: Int) throws(FileError) {
    guard ftruncate(descriptor, off_t(byteCount)) == 0 else {
      throw FileError(path, .truncate, .system(errno), offset: byteCount)
    }
    end = byteCount
  }

  package func append(_ bytes: [UInt8]) throws(FileError) {
    isSynced = false
    let (done, code) = bytes.withUnsafeBytes { writeAll(descriptor, $0, at: end) }
    guard code == 0 else { throw FileError(path, .write, .system(code), offset: end + done) }
    end += bytes.count
  }

  /// Waits until all that was appended is on the disk.
  package func synchronize() throws(FileError) {
    guard !isSynced else { return }
    let code = systemSynchronize(descriptor)
    guard code == 0 else { throw FileError(path, .synchronize, .system(code)) }
    isSynced = true
  }

  /// The bytes of a range.
  package func read(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    let bytes = try readUpTo(range.count, at: range.lowerBound)
    guard bytes.count == range.count else { throw FileError(path, .read, .endsEarly, offset: range.lowerBound) }
    return bytes
  }

  /// Calls `body` with each complete line, without its break, and its offset.
  ///
  /// - Parameter limit: longest line that is read, in bytes.
  /// - Returns: where the last complete line ends.
  /// - Throws: `.isTooLarge` for a longer line.
  @discardableResult
  package func forEachLine(limit: Int, _ body: (ArraySlice<UInt8>, Int) throws -> Void) throws -> Int {
    var rest: [UInt8] = []
    var start = 0
    var offset = 0
    while true {
      let piece = try readUpTo(1 << 20, at: offset)
      guard !piece.isEmpty else { return start }
      offset += piece.count
      // What is left of the lines before holds no break: it is not searched again.
      var searched = rest.count
      rest += piece
      var position = 0
      while let lineEnd = rest[searched...].firstIndex(of: 0x0a) {
        try body(rest[position..<lineEnd], start)
        start += lineEnd - position + 1
        position = lineEnd + 1
        searched = position
      }
      rest.removeFirst(position)
      guard rest.count < limit else { throw FileError(path, .read, .isTooLarge(limit: limit), offset: start) }
    }
  }

  private func readUpTo(_ count: Int, at offset: Int) throws(FileError) -> [UInt8] {
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      (filled, code) = readAll(descriptor, buffer.baseAddress, count, at: offset)
    }
    guard code == 0 else { throw FileError(path, .read, .system(code), offset: offset) }
    return bytes
  }
}
