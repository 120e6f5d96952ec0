import Files
import FoundationEssentials
import Glibc
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
  private let file: AppendedFile
  private var places: [Range<Int>] = []
  private var nextSync = ContinuousClock.now

  /// Begins a journal, in place of any that has the name.
  package init(creating path: String, header: Header) throws {
    self.path = path
    self.header = header
    file = try AppendedFile(path: path, for: .begin)
    try appendLine(try Self.encoded(header))
    try sync()
  }

  /// Whether the file is what a run leaves that was killed before its first line was whole.
  package static func isUnbegun(_ path: String) throws(FileError) -> Bool {
    let limit = 1 << 20
    let start = try InputFile(path: path).readUpTo(limit, at: 0)
    return !start.contains(0x0a) && start.count < limit
      && String(decoding: start.prefix(8), as: UTF8.self).allSatisfy { $0.isHexDigit && !$0.isUppercase }
  }

  /// Opens a journal.
  ///
  /// - Parameters:
  ///   - isAppending: whether it is to grow: locks it, and cuts off what a power cut left unfinished.
  ///   - visit: called with each record, in order, and its number.
  package init(opening path: String, isAppending: Bool, visit: (Record, Int) throws -> Void) throws {
    self.path = path
    // Locked before it is read: the run that holds it may still append.
    file = try AppendedFile(path: path, for: isAppending ? .append : .read)
    var header: Header?
    var places: [Range<Int>] = []
    var damaged = 0
    let foreign = Failure(.badData, at: path, "is no journal of this version; delete it to begin anew")
    let end = try file.forEachLine(limit: 1 << 28) { line, offset in
      let text = Self.checked(line)
      if header == nil {
        guard let text, let value = try? JSONText.decode(Header.self, from: text, namesNonNumbers: true) else {
          throw foreign
        }
        header = value
      } else if let text, let record = try? JSONText.decode(Record.self, from: text, namesNonNumbers: true) {
        try visit(record, places.count)
        places.append(offset..<offset + line.count)
      } else {
        damaged += 1
      }
    }
    guard let header else { throw foreign }
    self.header = header
    self.places = places
    count = places.count
    damagedCount = damaged
    if isAppending { try file.truncate(to: end) }
  }

  /// Adds a record. After this a killed program does not lose it; a lost power supply does not within about a second.
  ///
  /// - Returns: its number.
  @discardableResult
  package func append(_ record: Record) throws -> Int {
    let text = try Self.encoded(record)
    places.append(file.end..<file.end + text.count + 9)
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
    guard let text = Self.checked(try file.read(places[number])[...]) else {
      throw FileError(path, .read, .hasChanged, offset: places[number].lowerBound)
    }
    return try JSONText.decode(Record.self, from: text, namesNonNumbers: true)
  }

  /// Waits until all records are on the disk.
  package func sync() throws { try file.synchronize() }

  package func remove() { Folder.removeFile(path) }

  private func appendLine(_ text: Data) throws {
    var crc = CRC32()
    crc.update([UInt8](text))
    try file.append([UInt8](printed("%08x ", crc.value).utf8) + text + [0x0a])
  }

  /// The JSON text of a line that fits its checksum.
  private static func checked(_ line: ArraySlice<UInt8>) -> Data? {
    guard line.count > 9, line[line.startIndex + 8] == 0x20,
      let expected = UInt32(String(decoding: line.prefix(8), as: UTF8.self), radix: 16)
    else { return nil }
    let text = [UInt8](line.dropFirst(9))
    var crc = CRC32()
    crc.update(text)
    return crc.value == expected ? Data(text) : nil
  }

  private static func encoded(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try encoder.encode(value)
  }
}
