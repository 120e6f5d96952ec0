import Files
import Quant

/// The directory of a ZIP archive with zip64 (PKWARE APPNOTE 6.3), for stored and deflated entries.
///
/// Everything is checked before it is believed: sizes and places against the file and against each other, so that
/// entries cannot overlap (the trick of most "zip bombs"), and unpacked sizes against what deflate can do.
struct ZipArchive {
  struct Entry {
    var name: String
    var isDeflated: Bool
    var checksum: UInt32
    var packedByteCount: Int
    var byteCount: Int
    var headerOffset: Int
    /// Where the entry's data begins.
    var dataOffset = 0
  }

  let entries: [Entry]
  private let indices: [String: Int]
  private let file: ByteFile

  /// More than one network or archive of arrays ever has.
  static let entryLimit = 100_000
  /// A deflated entry above this size may unpack to at most 200 times its packed size.
  static let freeUnpackedByteCount = 64 << 20

  private static let format = "zip archive"

  /// - Throws: `.malformed`, `.file`.
  init(_ file: ByteFile) throws(CheckpointError) {
    self.file = file
    let end = try Self.directory(of: file)
    let bytes = try file.read(end.offset..<end.offset + end.byteCount, format: Self.format)
    var entries: [Entry] = []
    var at = 0
    while entries.count < end.entryCount {
      entries.append(try Self.entry(bytes, &at, directoryOffset: end.offset))
    }
    guard at == bytes.count else {
      throw Self.fault(end.offset + at, "\(bytes.count - at) bytes after the last entry", "the directory's end")
    }
    var indices: [String: Int] = [:]
    entries.sort { $0.headerOffset < $1.headerOffset }
    for index in entries.indices {
      guard indices.updateValue(index, forKey: entries[index].name) == nil else {
        throw Self.fault(entries[index].headerOffset, "the name \(entries[index].name) twice", "distinct names")
      }
      entries[index].dataOffset = try Self.dataOffset(of: entries[index], in: file)
      let next = index + 1 < entries.count ? entries[index + 1].headerOffset : end.offset
      guard entries[index].packedByteCount <= next - entries[index].dataOffset else {
        throw Self.fault(
          entries[index].headerOffset, "\(entries[index].packedByteCount) bytes of \(entries[index].name)",
          "at most \(max(0, next - entries[index].dataOffset)) before the next entry (no overlap)")
      }
    }
    self.entries = entries
    self.indices = indices
  }

  func entry(_ name: String) -> Entry? { indices[name].map { entries[$0] } }

  /// An entry's data: in place where it is stored, unpacked where it is deflated.
  ///
  /// - Throws: `.malformed` where it does not unpack to its stated size and checksum.
  func extent(_ entry: Entry) throws(CheckpointError) -> ByteExtent {
    let range = entry.dataOffset..<entry.dataOffset + entry.packedByteCount
    guard entry.isDeflated else {
      return try ByteExtent(file, range, format: Self.format, checksum: entry.checksum)
    }
    let packed = try file.read(range, format: Self.format)
    guard let bytes = Inflate.inflate(packed, count: entry.byteCount) else {
      throw Self.fault(
        entry.dataOffset, "damaged deflate data of \(entry.name)", "\(entry.byteCount) bytes when unpacked")
    }
    var checksum = CRC32()
    checksum.update(bytes)
    guard checksum.value == entry.checksum else {
      throw Self.fault(
        entry.dataOffset, "\(entry.name) with CRC-32 \(hexadecimal(checksum.value))", hexadecimal(entry.checksum))
    }
    return ByteExtent(bytes, format: Self.format)
  }

  private static func fault(_ offset: Int, _ found: String, _ expected: String) -> CheckpointError {
    .malformed(format: format, byteOffset: offset, found: found, expected: expected)
  }

  /// Place, size and number of entries of the central directory, from the record at the file's end.
  private static func directory(
    of file: ByteFile
  ) throws(CheckpointError) -> (offset: Int, byteCount: Int, entryCount: Int) {
    let tailStart = max(0, file.byteCount - 22 - 0xffff)
    let tail = try file.read(tailStart..<file.byteCount, format: format)
    var found: Int?
    for at in stride(from: tail.count - 22, through: 0, by: -1)
    where word32(tail, at) == 0x0605_4b50 && at + 22 + Int(word16(tail, at + 20)) == tail.count {
      found = at
      break
    }
    guard let record = found else {
      throw fault(file.byteCount, "no end-of-directory record", "one at the end of the file: is the download complete?")
    }
    guard word16(tail, record + 4) == 0, word16(tail, record + 6) == 0,
      word16(tail, record + 8) == word16(tail, record + 10)
    else {
      throw fault(tailStart + record, "an archive in several parts", "a single file")
    }
    var count = UInt64(word16(tail, record + 10))
    var size = UInt64(word32(tail, record + 12))
    var offset = UInt64(word32(tail, record + 16))
    var limit = tailStart + record
    // PyTorch writes the zip64 record and its locator whether they are needed or not.
    let isWide = record >= 20 && word32(tail, record - 20) == 0x0706_4b50
    if isWide || count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff {
      guard isWide else {
        throw fault(tailStart + record, "no zip64 locator", "one, since the record's fields are full")
      }
      let place = word64(tail, record - 20 + 8)
      guard place <= UInt64(file.byteCount), Int(place) + 56 <= tailStart + record - 20 else {
        throw fault(tailStart + record - 20, "a zip64 record at byte \(place)", "a place inside the file")
      }
      let wide = try file.read(Int(place)..<Int(place) + 56, format: format)
      guard word32(wide, 0) == 0x0606_4b50 else {
        throw fault(Int(place), "no zip64 record", "its signature")
      }
      guard word32(tail, record - 20 + 4) == 0, word32(tail, record - 20 + 16) <= 1, word32(wide, 16) == 0,
        word32(wide, 20) == 0, word64(wide, 24) == word64(wide, 32)
      else {
        throw fault(Int(place), "an archive in several parts", "a single file")
      }
      let (wideCount, wideSize, wideOffset) = (word64(wide, 32), word64(wide, 40), word64(wide, 48))
      guard count == 0xffff || count == wideCount, size == 0xffff_ffff || size == wideSize,
        offset == 0xffff_ffff || offset == wideOffset
      else {
        throw fault(Int(place), "another directory than in the end record", "the same")
      }
      (count, size, offset, limit) = (wideCount, wideSize, wideOffset, Int(place))
    }
    // Readers that look for the directory from its end must find the same one.
    guard size <= UInt64(limit), offset == UInt64(limit) - size else {
      throw fault(
        tailStart + record, "a directory of \(size) bytes at byte \(offset)", "one that ends at byte \(limit)")
    }
    guard count <= UInt64(entryLimit), count * 46 <= size else {
      throw fault(tailStart + record, "\(count) entries", "at most \(min(UInt64(entryLimit), size / 46))")
    }
    return (Int(offset), Int(size), Int(count))
  }

  /// One entry of the central directory; `at` moves behind it.
  private static func entry(
    _ bytes: [UInt8], _ at: inout Int, directoryOffset: Int
  ) throws(CheckpointError) -> Entry {
    let place = directoryOffset + at
    guard bytes.count - at >= 46, word32(bytes, at) == 0x0201_4b50 else {
      throw fault(place, "no directory entry", "its signature and 46 bytes")
    }
    let nameLength = Int(word16(bytes, at + 28))
    let extraLength = Int(word16(bytes, at + 30))
    let total = 46 + nameLength + extraLength + Int(word16(bytes, at + 32))
    guard bytes.count - at >= total else { throw fault(place, "a cut directory entry", "\(total) bytes") }
    guard let name = String(validating: bytes[at + 46..<at + 46 + nameLength], as: UTF8.self) else {
      throw fault(place, "a name that is not UTF-8", "a UTF-8 name")
    }
    let flags = word16(bytes, at + 8)
    guard flags & 0x2041 == 0 else { throw fault(place, "the encrypted entry \(name)", "plain data") }
    // What there is after version 6.3 of the format is not known here.
    guard flags & 0x20 == 0, word16(bytes, at + 6) & 0xff <= 63 else {
      throw fault(place, "\(name), which is a patch or of a later version", "plain data")
    }
    let method = word16(bytes, at + 10)
    guard method == 0 || method == 8 else {
      throw fault(place, "compression method \(method) of \(name)", "0 (stored) or 8 (deflate)")
    }
    var size = UInt64(word32(bytes, at + 24))
    var packed = UInt64(word32(bytes, at + 20))
    var header = UInt64(word32(bytes, at + 42))
    // The zip64 extra field holds those of the three that are full here, in this order.
    var extra = at + 46 + nameLength
    let extraEnd = extra + extraLength
    while extraEnd - extra >= 4 {
      let length = Int(word16(bytes, extra + 2))
      guard extraEnd - extra - 4 >= length else { break }
      if word16(bytes, extra) == 1 {
        var field = extra + 4
        func wide(_ narrow: UInt64) -> UInt64 {
          guard narrow == 0xffff_ffff, extra + 4 + length - field >= 8 else { return narrow }
          defer { field += 8 }
          return word64(bytes, field)
        }
        size = wide(size)
        packed = wide(packed)
        header = wide(header)
      }
      extra += 4 + length
    }
    guard header < UInt64(directoryOffset), packed <= UInt64(directoryOffset) - header else {
      throw fault(place, "\(packed) bytes of \(name) at byte \(header)", "a place before the directory")
    }
    let limit = method == 0 ? packed : max(UInt64(freeUnpackedByteCount), packed * 200)
    guard size <= limit, size <= (packed + 1) * 1032, method == 8 || size == packed else {
      throw fault(place, "\(name) of \(packed) bytes, \(size) unpacked", "at most \(min(limit, (packed + 1) * 1032))")
    }
    defer { at += total }
    return Entry(
      name: name, isDeflated: method == 8, checksum: word32(bytes, at + 16), packedByteCount: Int(packed),
      byteCount: Int(size), headerOffset: Int(header))
  }

  /// The entry's own header repeats the name, and has extra fields of its own length.
  private static func dataOffset(of entry: Entry, in file: ByteFile) throws(CheckpointError) -> Int {
    let at = entry.headerOffset
    let header = try file.read(at..<at + 30, format: format)
    guard word32(header, 0) == 0x0403_4b50 else { throw fault(at, "no header of \(entry.name)", "its signature") }
    let nameLength = Int(word16(header, 26))
    let name = try file.read(at + 30..<at + 30 + nameLength, format: format)
    guard name == [UInt8](entry.name.utf8) else {
      throw fault(at + 30, "another name", "\(entry.name), as in the directory")
    }
    return at + 30 + nameLength + Int(word16(header, 28))
  }
}
