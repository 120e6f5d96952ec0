#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The system's text for an error number.
func systemReason(_ code: Int32) -> String { String(cString: strerror(code)) }

/// Whole regular files as bytes.
enum FileBytes {
  /// What a path leads to, links followed.
  enum Kind { case file, directory, other }

  /// What lies at a path.
  ///
  /// Throws `.missing` where nothing does, `.unreadable` where the system refuses to say.
  static func kind(of path: String) throws(ImagingError) -> Kind {
    var information = stat()
    guard stat(path, &information) == 0 else { throw failure(path, errno) }
    return kind(information)
  }

  /// The first `limit` bytes of a regular file (all of a shorter one), and the file's size.
  ///
  /// Opens without blocking, so that a pipe is refused and not waited for.
  static func read(_ path: String, limit: Int = .max) throws(ImagingError) -> (bytes: [UInt8], size: Int) {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, errno) }
    defer { close(descriptor) }
    var information = stat()
    guard fstat(descriptor, &information) == 0 else { throw failure(path, errno) }
    switch kind(information) {
    case .file: break
    case .directory: throw .isDirectory(path: path)
    case .other: throw .notRegularFile(path: path)
    }
    let size = Int(information.st_size)
    let wanted = min(size, limit)
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      while count < wanted {
        let got = pread(descriptor, buffer.baseAddress! + count, wanted - count, off_t(count))
        if got > 0 {
          count += got
        } else if got == 0 {
          break  // The file became shorter meanwhile: the decoder will call it truncated.
        } else if errno != EINTR {
          code = errno
          break
        }
      }
    }
    guard code == 0 else { throw failure(path, code) }
    return (bytes, size)
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
