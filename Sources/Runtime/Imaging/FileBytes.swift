#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The system's text for an error number.
func systemReason(_ code: Int32) -> String { String(cString: strerror(code)) }

/// `open`, by another name: `FileBytes.open` hides it.
private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(FileName.bytes(of: path), flags) }

/// Whole regular files as bytes.
enum FileBytes {
  /// What a path leads to, links followed.
  enum Kind { case file, directory, other }

  /// What lies at a path.
  ///
  /// Throws `.missing` where nothing does, `.unreadable` where the system refuses to say.
  static func kind(of path: String) throws(ImagingError) -> Kind {
    var information = stat()
    guard stat(FileName.bytes(of: path), &information) == 0 else { throw failure(path, errno) }
    return kind(information)
  }

  /// Whether there is anything at a path.
  static func exists(_ path: String) -> Bool { access(FileName.bytes(of: path), F_OK) == 0 }

  /// The first `limit` bytes of a regular file (all of a shorter one), and the file's size.
  static func read(_ path: String, limit: Int = .max) throws(ImagingError) -> (bytes: [UInt8], size: Int) {
    let (descriptor, size) = try open(path)
    defer { close(descriptor) }
    return (try read(descriptor, at: 0, count: min(size, limit), path: path), size)
  }

  /// Opens a regular file, without blocking, so that a pipe is refused and not waited for.
  static func open(_ path: String) throws(ImagingError) -> (descriptor: Int32, size: Int) {
    let descriptor = systemOpen(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, errno) }
    var information = stat()
    guard fstat(descriptor, &information) == 0 else {
      defer { close(descriptor) }
      throw failure(path, errno)
    }
    switch kind(information) {
    case .file: return (descriptor, Int(information.st_size))
    case .directory:
      close(descriptor)
      throw .isDirectory(path: path)
    case .other:
      close(descriptor)
      throw .notRegularFile(path: path)
    }
  }

  /// At most `count` bytes from `offset` on: fewer where the file ends, or became shorter meanwhile.
  static func read(
    _ descriptor: Int32, at offset: Int, count wanted: Int, path: String
  ) throws(ImagingError) -> [UInt8] {
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      while count < wanted {
        let got = pread(descriptor, buffer.baseAddress! + count, wanted - count, off_t(offset + count))
        if got > 0 {
          count += got
        } else if got == 0 {
          break
        } else if errno != EINTR {
          code = errno
          break
        }
      }
    }
    guard code == 0 else { throw failure(path, code) }
    return bytes
  }

  private static func kind(_ information: stat) -> Kind {
    switch information.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .directory
    default: .other
    }
  }

  private static func failure(_ path: String, _ code: Int32) -> ImagingError {
    code == ENOENT || code == ENOTDIR
      ? .missing(path: path) : .unreadable(path: path, reason: systemReason(code))
  }
}
