import Files
import Glibc

/// Standard output and standard error by descriptor: whole writes, errors seen, no shared buffers.
enum StandardStreams {
  /// Writes a line on standard error. That it cannot be written is nobody's business any more.
  static func printError(_ line: String) {
    _ = write([UInt8]((line + "\n").utf8), to: STDERR_FILENO)
  }

  /// Writes on standard output.
  ///
  /// Throws if the stream cannot take it (a full disk behind `>`); figures that got lost must not look like success.
  static func printOutput(_ text: String) throws(FileError) { try printOutput([UInt8](text.utf8)) }

  private static func printOutput(_ bytes: [UInt8]) throws(FileError) {
    let code = write(bytes, to: STDOUT_FILENO)
    guard code == 0 else { throw FileError("standard output", .write, .system(code)) }
  }

  /// Writes all bytes and returns 0, or the number of the error that stopped it.
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    bytes.withUnsafeBytes { writeAll(descriptor, $0).code }
  }

  /// All that standard input has.
  static func readInput() throws(FileError) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileError("standard input", .read, .system(errno)) }
      guard count > 0 else { return bytes }
      bytes += buffer[..<count]
    }
  }

  /// Opens `/dev/null` for each standard stream that is closed, so that no other file gets its number; the wrong way
  /// round, so that using the stream still is an error.
  static func occupyClosed() {
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// Whether standard error is a terminal that understands cursor movements.
  static var errorIsTerminal: Bool {
    guard isatty(STDERR_FILENO) == 1 else { return false }
    guard let kind = getenv("TERM") else { return false }
    return String(cString: kind) != "dumb"
  }

  /// Columns of the terminal behind standard error; 80 if it does not say.
  static var errorWidth: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Whether the locale can show characters beyond ASCII.
  static var localeIsUnicode: Bool {
    for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
      guard let value = getenv(name), value.pointee != 0 else { continue }
      let lowered = String(cString: value).lowercased()
      return lowered.contains("utf-8") || lowered.contains("utf8")
    }
    return false
  }

  /// A line for the user, which is no failure.
  static func tell(_ line: String) { printError("idinv-lite: \(line)") }

  /// Copies a file to standard output.
  static func printFile(_ path: String) throws(FileError) {
    try InputFile(path: path).forEachPiece { piece throws(FileError) in try printOutput(piece) }
  }
}
