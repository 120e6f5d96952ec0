import Files
import Checkpoint
import Foundation
import Quant
import TestSupport
import Testing

/// A ZIP archive put together field by field, so that each can be wrong.
struct ZipBuilder {
  struct Entry {
    var name: String
    var data: [UInt8]
    var method: UInt16 = 0
    var flags: UInt16 = 0
    var checksum: UInt32?
    var localName: String?
    var byteCount: UInt32?
    var packedByteCount: UInt32?
    var offset: UInt32?
    var version: UInt8 = 20
    var extra: [UInt8] = []
  }
  var entries: [Entry]
  var entryCount: UInt16?
  var directoryOffset: UInt32?
  var directoryByteCount: UInt32?
  var disk: UInt16 = 0
  /// Entries on this disk.
  var ownEntryCount: UInt16?

  static func little<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
    (0..<Integer.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  func build() -> [UInt8] {
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      var crc = CRC32()
      crc.update(entry.data)
      let offset = UInt32(bytes.count)
      let sizes =
        Self.little(entry.checksum ?? crc.value) + Self.little(entry.packedByteCount ?? UInt32(entry.data.count))
        + Self.little(entry.byteCount ?? UInt32(entry.data.count))
      let common = Self.little(entry.flags) + Self.little(entry.method) + [0, 0, 0, 0] + sizes
      let localName = Array((entry.localName ?? entry.name).utf8)
      // Chains of `+` in two: Swift 6.0 takes minutes to type-check long ones.
      bytes += [0x50, 0x4b, 3, 4, 20, 0] + common + Self.little(UInt16(localName.count))
      bytes += [0, 0] as [UInt8] + localName + entry.data
      let name = Array(entry.name.utf8)
      directory += [0x50, 0x4b, 1, 2, 20, 0, entry.version, 0] + common + Self.little(UInt16(name.count))
      directory += Self.little(UInt16(entry.extra.count)) + [UInt8](repeating: 0, count: 10)
      directory += Self.little(entry.offset ?? offset) + name + entry.extra
    }
    let count = entryCount ?? UInt16(entries.count)
    var end: [UInt8] = [0x50, 0x4b, 5, 6]
    end += Self.little(disk)
    end += [0, 0]
    end += Self.little(ownEntryCount ?? count)
    end += Self.little(count)
    end += Self.little(directoryByteCount ?? UInt32(directory.count))
    end += Self.little(directoryOffset ?? UInt32(bytes.count))
    end += [0, 0]
    return bytes + directory + end
  }
}

@Suite struct ZipTests {
  /// A `.npy` file of one number.
  static let array: [UInt8] = {
    var text = Array("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }".utf8)
    text.append(0x0a)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count), 0] + text + [0, 0, 0x80, 0x3f]
  }()

  private func open(_ builder: ZipBuilder) throws -> Checkpoint {
    let folder = try TemporaryFolder()
    return try CheckpointReader.open(try folder.write(builder.build(), "a.npz"))
  }

  private func found(_ builder: ZipBuilder) -> String {
    let error = checkpointError { _ = try open(builder).floats("a") }
    if case .malformed("zip archive", _, let found, _) = error { return found }
    return "\(String(describing: error))"
  }

  private func one(_ change: (inout ZipBuilder.Entry) -> Void) -> ZipBuilder {
    var entry = ZipBuilder.Entry(name: "a.npy", data: Self.array)
    change(&entry)
    return ZipBuilder(entries: [entry])
  }

  @Test func aPlainArchiveIsRead() throws {
    #expect(try open(one { _ in }).floats("a") == [1])
  }

  @Test func hostileEntriesAreRefused() {
    #expect(found(one { $0.checksum = 5 }).contains("CRC-32"))
    #expect(found(one { $0.localName = "b.npy" }) == "another name")
    #expect(found(one { $0.method = 12 }) == "compression method 12 of a.npy")
    for flags in [1, 0x40, 0x2000] as [UInt16] {
      #expect(found(one { $0.flags = flags }) == "the encrypted entry a.npy")
    }
    #expect(found(one { $0.flags = 0x20 }).contains("a patch or of a later version"))
    #expect(found(one { $0.version = 127 }).contains("a patch or of a later version"))
    #expect(found(one { $0.byteCount = 9 }).contains("9 unpacked"))
    #expect(found(one { $0.packedByteCount = 4_000_000_000 }).contains("4000000000 bytes"))
    #expect(
      found(
        one {
          $0.packedByteCount = 90; $0.byteCount = 90
        }
      ).contains("90 bytes"))
    #expect(found(one { $0.offset = 4_000_000_000 }).contains("at byte 4000000000"))
    #expect(found(one { $0.offset = 1 }) == "no header of a.npy")
    #expect(found(one { $0.method = 8 }) == "damaged deflate data of a.npy")
    #expect(
      found(
        one {
          $0.method = 8; $0.byteCount = 4_000_000_000
        }
      ).contains("4000000000 unpacked"))
    // A zip64 field that says 2⁶³.
    #expect(
      found(
        one {
          $0.byteCount = .max; $0.extra = [1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0x80]
        }
      )
      .contains("9223372036854775808 unpacked"))
  }

  @Test func overlapsAndDuplicatesAreRefused() {
    let entry = ZipBuilder.Entry(name: "a.npy", data: Self.array)
    var other = entry
    other.name = "b.npy"
    other.localName = "a.npy"
    other.offset = 0
    #expect(found(ZipBuilder(entries: [entry, other])) != "nil")
    #expect(found(ZipBuilder(entries: [entry, entry])) == "the name a.npy twice")
    var long = entry
    long.packedByteCount = UInt32(entry.data.count + 20)
    long.byteCount = long.packedByteCount
    let last = ZipBuilder.Entry(name: "c.npy", data: Self.array)
    #expect(found(ZipBuilder(entries: [long, last])).contains("bytes of a.npy"))
  }

  @Test func hostileDirectoriesAreRefused() {
    let entry = ZipBuilder.Entry(name: "a.npy", data: Self.array)
    #expect(found(ZipBuilder(entries: [entry], entryCount: 9)) == "9 entries")
    #expect(found(ZipBuilder(entries: [entry], entryCount: 0)).contains("bytes after the last entry"))
    #expect(found(ZipBuilder(entries: [entry], directoryOffset: 4_000_000_000)).contains("at byte 4000000000"))
    #expect(found(ZipBuilder(entries: [entry], directoryByteCount: 4_000_000_000)).contains("directory of 4000000000"))
    #expect(found(ZipBuilder(entries: [entry], directoryOffset: .max)) == "no zip64 locator")
    #expect(found(ZipBuilder(entries: [entry], directoryOffset: 3)).hasSuffix("bytes at byte 3"))
    #expect(found(ZipBuilder(entries: [entry], disk: 1)) == "an archive in several parts")
    #expect(found(ZipBuilder(entries: [entry, entry], ownEntryCount: 1)) == "an archive in several parts")
  }

  /// An archive with zip64 records, whose end record says `0xff…`, or what they say.
  private func wideArchive(isFull: Bool) -> [UInt8] {
    var bytes = ZipBuilder(entries: [.init(name: "a.npy", data: Self.array)]).build()
    let end = Array(bytes.suffix(22))
    bytes.removeLast(22)
    let place = UInt64(bytes.count)
    func wide(_ range: Range<Int>) -> [UInt8] { end[range] + [UInt8](repeating: 0, count: 8 - range.count) }
    bytes += [0x50, 0x4b, 6, 6] + ZipBuilder.little(UInt64(44)) + [UInt8](repeating: 0, count: 12)
    bytes += wide(8..<10) + wide(10..<12) + wide(12..<16) + wide(16..<20)
    bytes += [0x50, 0x4b, 6, 7, 0, 0, 0, 0] + ZipBuilder.little(place) + [1, 0, 0, 0]
    guard isFull else { return bytes + end }
    bytes += Array(end[..<8]) + [0xff, 0xff, 0xff, 0xff] + [UInt8](repeating: 0xff, count: 8) + [0, 0]
    return bytes
  }

  @Test(arguments: [false, true]) func zip64DirectoriesAreRead(isFull: Bool) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(wideArchive(isFull: isFull), "a.npz")
    #expect(try CheckpointReader.open(path).floats("a") == [1])
  }

  /// Places before the end record: disks, both counts, size and place of the directory; the locator's disks.
  @Test(arguments: [16, 20, 24, 32, 40, 48, 60, 72]) func zip64RecordsAgreeWithTheEndRecord(place: Int) throws {
    let folder = try TemporaryFolder()
    var bytes = wideArchive(isFull: false)
    bytes[bytes.count - 98 + place] += 2
    let path = try folder.write(bytes, "a.npz")
    let error = checkpointError { _ = try CheckpointReader.open(path) }
    guard case .malformed("zip archive", _, _, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func archivesThatAreNoCheckpointAreNamed() throws {
    let folder = try TemporaryFolder()
    func error(_ names: [String]) throws -> CheckpointError? {
      let bytes = ZipBuilder(entries: names.map { .init(name: $0, data: [0x4e, 0x2e]) }).build()
      let path = try folder.write(bytes, "a.pth")
      return checkpointError { _ = try CheckpointReader.open(path) }
    }
    guard
      case .unsupported(_, "a TorchScript archive, which is a program", _) = try error([
        "m/data.pkl", "m/constants.pkl",
      ]),
      case .unsupported(_, "a zip archive without a checkpoint", _) = try error(["readme.txt"]),
      case .unsupported(_, "a zip archive with 2 files named data.pkl", _) = try error(["a/data.pkl", "b/data.pkl"])
    else {
      Issue.record("another error")
      return
    }
    #expect(try error(["m/data.pkl"]) == nil)
  }
}
