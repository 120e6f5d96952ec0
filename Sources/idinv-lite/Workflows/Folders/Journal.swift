import Foundation
import Imaging
import Quant
import Reports

/// A file that only grows: a header and records, each whole or not there, whatever happens to the program or the power.
///
/// One line each: the CRC-32 of the JSON text in 8 hexadecimal digits, a space, the JSON text. A line that breaks off or
/// does not fit its checksum does not count; what follows the last line break is cut off before anything is appended.
package final class Journal<Header: Codable, Record: Codable> {
  package let path: String
  package let header: Header
  /// Records that can be read.
  package private(set) var count = 0
  /// Lines that did not fit their checksums.
  package private(set) var damagedCount = 0
  private let file: FileHandle
  private var places: [(offset: UInt64, byteCount: Int)] = []
  private var end: UInt64 = 0
  private var isSynced = true
  private var nextSync = ContinuousClock.now

  /// Begins a journal, in place of any that has the name.
  package init(creating path: String, header: Header) throws {
    self.path = path
    self.header = header
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o666)
    guard descriptor >= 0 else { throw Self.notWritten(path, "create", errno) }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try Self.lock(descriptor, path)
    guard ftruncate(descriptor, 0) == 0 else { throw Self.notWritten(path, "truncate", errno) }
    try appendLine(try Self.encoded(header))
    try sync()
  }

  /// Whether the file is what a run leaves that was killed before its first line was whole.
  package static func isUnbegun(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? file.close() }
    guard let start = try? file.read(upToCount: 1 << 20) else { return true }  // nil at the end of the file
    let digits = start.prefix(8)
    return !start.contains(0x0a) && start.count < 1 << 20
      && String(decoding: digits, as: UTF8.self).allSatisfy { $0.isHexDigit && !$0.isUppercase }
  }

  /// Opens a journal.
  ///
  /// - Parameters:
  ///   - isAppending: whether it is to grow: locks it, and cuts off what a power cut left unfinished.
  ///   - visit: called with each record, in order, and its number.
  package init(opening path: String, isAppending: Bool, visit: (Record, Int) throws -> Void) throws {
    self.path = path
    let descriptor = open(path, (isAppending ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw Failure(errno == ENOENT ? .missingInput : .inputOutput, "\(path): \(String(cString: strerror(errno)))")
    }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var header: Header?
    var places: [(offset: UInt64, byteCount: Int)] = []
    var damaged = 0
    let foreign = Failure(.badData, at: path, "is no journal of this version; delete it to begin anew")
    // Before it is read: the run that holds it may still append.
    if isAppending { try Self.lock(descriptor, path) }
    end = try Self.forEachLine(of: file, path) { line, offset in
      let text = Self.checked(line)
      if header == nil {
        guard let text, let value = try? Self.decoder().decode(Header.self, from: text) else { throw foreign }
        header = value
      } else if let text, let record = try? Self.decoder().decode(Record.self, from: text) {
        try visit(record, places.count)
        places.append((offset, line.count))
      } else {
        damaged += 1
      }
    }
    guard let header else { throw foreign }
    self.header = header
    self.places = places
    count = places.count
    damagedCount = damaged
    if isAppending, ftruncate(descriptor, off_t(end)) != 0 { throw Self.notWritten(path, "truncate", errno) }
  }

  /// Adds a record. After this a killed program does not lose it; a lost power supply does not within about a second.
  ///
  /// - Returns: its number.
  @discardableResult
  package func append(_ record: Record) throws -> Int {
    let text = try Self.encoded(record)
    places.append((end, text.count + 9))
    count += 1
    try appendLine(text)
    // Where the disk is slow or busy, no more than a twentieth of the time is spent on waiting for it.
    let began = ContinuousClock.now
    if began >= nextSync {
      try sync()
      nextSync = ContinuousClock.now.advanced(by: max(.seconds(1), began.duration(to: .now) * 20))
    }
    return count - 1
  }

  /// A record, read again.
  package func record(_ number: Int) throws -> Record {
    let place = places[number]
    do {
      try file.seek(toOffset: place.offset)
      if let line = try file.read(upToCount: place.byteCount), let text = Self.checked(line) {
        return try Self.decoder().decode(Record.self, from: text)
      }
    } catch {
      throw Failure(.inputOutput, at: path, "cannot be read: \(error.localizedDescription)")
    }
    throw Failure(.inputOutput, at: path, "record \(number + 1) has changed while it was in use")
  }

  /// Waits until all records are on the disk.
  package func sync() throws {
    // Some file systems cannot sync (EINVAL): that is no failure of the write.
    guard isSynced || fsync(file.fileDescriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
      throw Self.notWritten(path, "fsync", errno)
    }
    isSynced = true
  }

  package func remove() { unlink(path) }

  private func appendLine(_ text: Data) throws {
    var crc = CRC32()
    crc.update([UInt8](text))
    var line = Data(printed("%08x ", crc.value).utf8)
    line.append(text)
    line.append(0x0a)
    isSynced = false
    // Not by FileHandle, whose errors do not say why.
    try line.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
        let count = pwrite(file.fileDescriptor, rest.baseAddress, rest.count, off_t(end) + off_t(written))
        if count > 0 {
          written += count
        } else if errno != EINTR {
          throw Self.notWritten(path, "write", errno)
        }
      }
    }
    end += UInt64(line.count)
  }

  /// Two runs on one folder would overwrite each other's results. File systems that know no locks are trusted.
  private static func lock(_ descriptor: Int32, _ path: String) throws {
    guard flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK else { return }
    throw Failure(.cannotCreate, at: path, "another run is at work in this folder; expected a folder of its own")
  }

  // MARK: Lines

  /// Calls `body` with each complete line, without its break, and its offset.
  ///
  /// - Returns: where the last complete line ends.
  private static func forEachLine(
    of file: FileHandle, _ path: String, _ body: (Data, UInt64) throws -> Void
  ) throws -> UInt64 {
    var rest = Data()
    var start: UInt64 = 0
    while true {
      let piece: Data
      do {
        guard let read = try file.read(upToCount: 1 << 20), !read.isEmpty else { return start }
        piece = read
      } catch {
        throw Failure(.inputOutput, at: path, "cannot be read: \(error.localizedDescription)")
      }
      rest.append(piece)
      var position = rest.startIndex
      while let lineEnd = rest[position...].firstIndex(of: 0x0a) {
        try body(Data(rest[position..<lineEnd]), start)
        start += UInt64(lineEnd - position + 1)
        position = lineEnd + 1
      }
      rest = Data(rest[position...])
      guard rest.count < 1 << 28 else {
        throw Failure(.badData, at: path, "is no journal of this version; delete it to begin anew")
      }
    }
  }

  /// The JSON text of a line that fits its checksum.
  private static func checked(_ line: Data) -> Data? {
    guard line.count > 9, line[line.startIndex + 8] == 0x20,
      let expected = UInt32(String(decoding: line.prefix(8), as: UTF8.self), radix: 16)
    else { return nil }
    let text = Data(line.dropFirst(9))
    var crc = CRC32()
    crc.update([UInt8](text))
    return crc.value == expected ? text : nil
  }

  private static func encoded(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try encoder.encode(value)
  }

  private static func decoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }

  private static func notWritten(_ path: String, _ operation: String, _ code: Int32) -> ImagingError {
    .notWritten(path: path, operation: operation, reason: String(cString: strerror(code)))
  }
}
