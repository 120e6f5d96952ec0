import Foundation

/// A file's bytes in memory, read-only, paged in by the kernel as they are touched.
///
/// `@unchecked Sendable`: the memory is never written and lives as long as the object. The file MUST NOT be shortened
/// while it is mapped (a touch behind its end kills the process): writers of model files replace by renaming, which is safe.
final class FileMapping: @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer

  /// - Throws: `.cannotOpen` where the path names no readable regular file; `.header` where the file is too short.
  init(path: String) throws(ModelFileError) {
    // Without O_NONBLOCK a pipe would wait for a writer that may never come.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .cannotOpen(path: path, reason: "not a regular file")
    }
    let count = Int(status.st_size)
    guard count > SafetensorsHeader.prefixByteCount else {
      throw .header(
        byteOffset: 0, found: "a file of \(count) bytes", expected: "a header length in 8 bytes and a JSON header")
    }
    guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
      throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
    bytes = UnsafeRawBufferPointer(start: base, count: count)
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
  }

  /// A copy of a range inside the file.
  func copy(_ range: Range<Int>) -> [UInt8] { [UInt8](bytes[range]) }

  /// Tells the kernel what becomes of the whole pages inside `range`: `MADV_DONTNEED`.
  func advise(_ range: Range<Int>, _ advice: Int32) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let begin = (range.lowerBound + page - 1) / page * page
    let end = range.upperBound / page * page
    guard begin < end, let base = bytes.baseAddress else { return }
    _ = madvise(UnsafeMutableRawPointer(mutating: base + begin), end - begin, advice)
  }
}
