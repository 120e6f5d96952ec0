import Files
import Quant

/// A file, or a file within a file, that is read at given places; every read is checked against its size first.
final class ByteFile {
  private enum Backing {
    case file(InputFile)
    case extent(ByteExtent)
  }
  /// Of the file, or of the one that it lies in.
  let path: String
  let byteCount: Int
  private let backing: Backing

  /// - Throws: `.file` where the path names no readable regular file.
  init(path: String) throws(CheckpointError) {
    let file = try CheckpointError.files { () throws(FileError) in try InputFile(path: path) }
    self.path = path
    backing = .file(file)
    byteCount = file.byteCount
  }

  /// A file that is a part of another.
  init(_ extent: ByteExtent, path: String) {
    self.path = path
    backing = .extent(extent)
    byteCount = extent.count
  }

  /// The bytes of a range.
  ///
  /// - Throws: `.malformed` where the range passes the file's end; `.file`.
  func read(_ range: Range<Int>, format: String) throws(CheckpointError) -> [UInt8] {
    guard range.lowerBound >= 0, range.upperBound <= byteCount else {
      throw .malformed(
        format: format, byteOffset: range.lowerBound, found: "the end of the file at byte \(byteCount)",
        expected: "\(range.count) bytes")
    }
    switch backing {
    case .extent(let extent): return try extent.read(range)
    case .file(let file): return try CheckpointError.files { () throws(FileError) in try file.read(range) }
    }
  }
}

/// A run of bytes: a part of a file, or bytes that were unpacked.
struct ByteExtent {
  private enum Source {
    case file(ByteFile, start: Int)
    case memory([UInt8], start: Int)
  }
  private let source: Source
  let count: Int
  /// For messages: "zip archive", "legacy torch file" …
  let format: String
  /// CRC-32 that all of the bytes must have together, where the container states one.
  let checksum: UInt32?

  /// - Throws: `.malformed` where the range does not lie in the file.
  init(
    _ file: ByteFile, _ range: Range<Int>, format: String, checksum: UInt32? = nil
  ) throws(CheckpointError) {
    guard range.lowerBound >= 0, range.upperBound <= file.byteCount else {
      throw .malformed(
        format: format, byteOffset: range.lowerBound, found: "the end of the file at byte \(file.byteCount)",
        expected: "\(range.count) bytes")
    }
    source = .file(file, start: range.lowerBound)
    count = range.count
    self.format = format
    self.checksum = checksum
  }

  init(_ bytes: [UInt8], format: String) {
    source = .memory(bytes, start: 0)
    count = bytes.count
    self.format = format
    checksum = nil
  }

  /// A part of this extent. A checksum is that of the whole and is not compared.
  ///
  /// - Throws: `.malformed` where the range does not lie in it.
  func part(_ range: Range<Int>, format: String) throws(CheckpointError) -> ByteExtent {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw .malformed(
        format: format, byteOffset: place(of: max(0, range.lowerBound)), found: "\(count) bytes",
        expected: "at least \(range.upperBound)")
    }
    return ByteExtent(part: self, range, format: format)
  }

  private init(part whole: ByteExtent, _ range: Range<Int>, format: String) {
    switch whole.source {
    case .file(let file, let start): source = .file(file, start: start + range.lowerBound)
    case .memory(let bytes, let start): source = .memory(bytes, start: start + range.lowerBound)
    }
    count = range.count
    self.format = format
    checksum = nil
  }

  /// Where byte `offset` is in the file; for unpacked bytes, in them.
  func place(of offset: Int) -> Int {
    switch source {
    case .file(_, let start): start + offset
    case .memory(_, let start): start + offset
    }
  }

  /// - Throws: `.malformed` where the range passes the end; `.file`.
  func read(_ range: Range<Int>) throws(CheckpointError) -> [UInt8] {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw .malformed(
        format: format, byteOffset: place(of: max(0, range.lowerBound)), found: "\(count) bytes",
        expected: "at least \(range.upperBound)")
    }
    switch source {
    case .file(let file, let start):
      return try file.read(start + range.lowerBound..<start + range.upperBound, format: format)
    case .memory(let bytes, let start): return Array(bytes[start + range.lowerBound..<start + range.upperBound])
    }
  }

  /// All bytes, with the checksum compared.
  func readAll() throws(CheckpointError) -> [UInt8] {
    let bytes = try read(0..<count)
    if checksum != nil {
      var crc = CRC32Check(self)
      crc.update(bytes)
      try crc.finish()
    }
    return bytes
  }
}

/// Compares the CRC-32 of an extent's bytes, given in order, with the one it must have.
struct CRC32Check {
  private let extent: ByteExtent
  private var crc = CRC32()

  init(_ extent: ByteExtent) { self.extent = extent }

  mutating func update(_ bytes: [UInt8]) { if extent.checksum != nil { crc.update(bytes) } }

  /// - Throws: `.malformed` where the checksums differ.
  func finish() throws(CheckpointError) {
    guard let expected = extent.checksum, expected != crc.value else { return }
    throw .malformed(
      format: extent.format, byteOffset: extent.place(of: 0), found: "data with CRC-32 \(hexadecimal(crc.value))",
      expected: hexadecimal(expected))
  }
}

/// A forward reader over an extent, for formats whose parts have no stated length.
struct ByteCursor {
  private let extent: ByteExtent
  private var window: [UInt8] = []
  private var windowStart = 0
  /// Bytes taken so far.
  private(set) var offset = 0

  private static let windowByteCount = 1 << 16

  init(_ extent: ByteExtent, from start: Int = 0) {
    self.extent = extent
    offset = start
    windowStart = start
  }

  /// Of the whole extent.
  var byteCount: Int { extent.count }

  /// Where the next byte is in the file.
  var place: Int { extent.place(of: offset) }

  mutating func byte() throws(CheckpointError) -> UInt8 {
    if offset >= windowStart + window.count {
      window = try extent.read(offset..<max(offset + 1, min(extent.count, offset + Self.windowByteCount)))
      windowStart = offset
    }
    offset += 1
    return window[offset - 1 - windowStart]
  }

  mutating func bytes(_ count: Int) throws(CheckpointError) -> [UInt8] {
    guard count <= extent.count - offset else {
      throw .malformed(
        format: extent.format, byteOffset: place, found: "\(extent.count - offset) more bytes", expected: "\(count)")
    }
    if offset >= windowStart, offset + count <= windowStart + window.count {
      offset += count
      return Array(window[offset - count - windowStart..<offset - windowStart])
    }
    offset += count
    return try extent.read(offset - count..<offset)
  }

  /// The next bytes, unread.
  mutating func extent(_ count: Int) throws(CheckpointError) -> ByteExtent {
    guard count <= extent.count - offset else {
      throw .malformed(
        format: extent.format, byteOffset: place, found: "\(extent.count - offset) more bytes", expected: "\(count)")
    }
    offset += count
    return try extent.part(offset - count..<offset, format: extent.format)
  }

  /// An unsigned little-endian integer of 1 to 8 bytes; nil where it passes `Int`.
  mutating func integer(byteCount: Int) throws(CheckpointError) -> Int? {
    var value: UInt64 = 0
    for index in 0..<byteCount { value |= UInt64(try byte()) << (8 * UInt64(index)) }
    return Int(exactly: value)
  }
}
