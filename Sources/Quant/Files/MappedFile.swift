import Glibc
import Synchronization

/// A file's bytes in memory, read-only, paged in by the kernel as they are touched. Where the file system cannot map, they
/// are read instead.
///
/// A file that is shortened while it is mapped makes a touch behind its end fatal (SIGBUS): `path(mappedAt:)` tells a
/// signal handler which one it was.
///
/// `@unchecked Sendable`: the memory is never written and lives as long as the object.
package final class MappedFile: @unchecked Sendable {
  package let bytes: UnsafeRawBufferPointer
  private let file: InputFile
  private let isMapped: Bool
  private let known = Mutex<FileIdentity?>(nil)

  package var path: String { file.path }

  /// - Throws: as `InputFile`.
  package init(path: String) throws(FileError) {
    file = try InputFile(path: path)
    let count = file.byteCount
    guard count > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      isMapped = false
      return
    }
    if let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, file.descriptor, 0), base != MAP_FAILED {
      bytes = UnsafeRawBufferPointer(start: base, count: count)
      isMapped = true
      MappedRanges.add(bytes, path)
      return
    }
    guard [ENODEV, ENOSYS, ENOTSUP, EINVAL].contains(errno) else { throw FileError(path, .map, .system(errno)) }
    guard let memory = malloc(count) else { throw FileError(path, .map, .system(ENOMEM)) }
    let (read, code) = readAll(file.descriptor, memory, count, at: 0)
    guard read == count else {
      free(memory)
      throw FileError(path, .read, code == 0 ? .endsEarly : .system(code), offset: read)
    }
    bytes = UnsafeRawBufferPointer(start: memory, count: count)
    isMapped = false
  }

  deinit {
    let memory = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
    if isMapped {
      MappedRanges.remove(bytes)
      munmap(memory, bytes.count)
    } else {
      free(memory)
    }
  }

  /// A copy of a range inside the file.
  package func copy(_ range: Range<Int>) -> [UInt8] { [UInt8](bytes[range]) }

  /// Tells the kernel what becomes of the whole pages inside `range`: `MADV_DONTNEED`.
  package func advise(_ range: Range<Int>, _ advice: Int32) {
    guard isMapped, let base = bytes.baseAddress else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let begin = (range.lowerBound + page - 1) / page * page
    let end = range.upperBound / page * page
    guard begin < end else { return }
    _ = madvise(UnsafeMutableRawPointer(mutating: base + begin), end - begin, advice)
  }

  /// Checks that nobody has written to the file since it was opened. One that another file took the name of is as it was:
  /// the mapping keeps it.
  ///
  /// - Parameter isSound: reads the bytes and tells whether they are what they were; called where only the time changed that
  ///   a rename or a new permission changes, too.
  /// - Throws: `.hasChanged`.
  package func verifyUnchanged(isSound: () -> Bool) throws(FileError) {
    guard isMapped else { return }
    var status = stat()
    guard fstat(file.descriptor, &status) == 0 else { throw FileError(path, .read, .system(errno)) }
    let now = FileIdentity(status)
    guard now != (known.withLock { $0 } ?? file.identity) else { return }
    guard now.hasSameContents(as: file.identity), isSound() else { throw FileError(path, .read, .hasChanged) }
    known.withLock { $0 = now }
  }
}

/// Where files are mapped, for a signal handler: read without a lock, written under one.
package enum MappedRanges {
  private struct Entry {
    var start: UInt
    var end: UInt
    var path: UnsafeMutablePointer<CChar>?
  }
  private static let capacity = 64
  nonisolated(unsafe) private static let entries: UnsafeMutablePointer<Entry> = {
    let entries = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
    entries.initialize(repeating: Entry(start: 0, end: 0, path: nil), count: capacity)
    return entries
  }()
  private static let lock = Mutex<Void>(())

  /// Makes the table, so that a signal handler never is the one to do it.
  package static func prepare() { _ = entries }

  /// The path of the file that is mapped at an address, as a line can show it, ending with 0. Async-signal-safe after `prepare`.
  package static func path(at address: UInt) -> UnsafePointer<CChar>? {
    for index in 0..<capacity where entries[index].start <= address && address < entries[index].end {
      return UnsafePointer(entries[index].path)
    }
    return nil
  }

  static func add(_ bytes: UnsafeRawBufferPointer, _ path: String) {
    let start = UInt(bitPattern: bytes.baseAddress)
    lock.withLock { _ in
      guard let index = (0..<capacity).first(where: { entries[$0].path == nil }) else { return }
      entries[index] = Entry(
        start: start, end: start + UInt(bytes.count), path: strdup(PlainText.line(path)))
    }
  }

  static func remove(_ bytes: UnsafeRawBufferPointer) {
    let start = UInt(bitPattern: bytes.baseAddress)
    lock.withLock { _ in
      guard let index = (0..<capacity).first(where: { entries[$0].path != nil && entries[$0].start == start }) else {
        return
      }
      free(entries[index].path)
      entries[index] = Entry(start: 0, end: 0, path: nil)
    }
  }
}
