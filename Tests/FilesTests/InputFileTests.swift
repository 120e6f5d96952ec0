import Files
import Foundation
import TestSupport
import Testing

@Suite("Input files")
struct InputFileTests {
  @Test("only regular files are opened, and nothing is waited for", .timeLimit(.minutes(20)))
  func kinds() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.path("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    func reason(_ path: String) -> FileError.Reason? {
      thrown { () throws(FileError) in _ = try InputFile(path: path) }?.reason
    }
    #expect(reason(pipe) == .isNotRegular)
    #expect(reason("/dev/zero") == .isNotRegular)
    #expect(reason(folder.path) == .isFolder)
    #expect(reason(folder.path("none")) == .system(ENOENT))
    #expect(reason("/dev/null/x") == .system(ENOTDIR))
    #expect(throws: FileError(pipe, .open, .isNotRegular)) { try MappedFile(path: pipe) }
    #expect(thrown { () throws(FileError) in _ = try AppendedFile(path: pipe, for: .read) }?.reason == .isNotRegular)
  }

  @Test("ranges are read, a short file is said to be one, and a limit holds")
  func reading() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("f", Array(0..<100))
    let file = try InputFile(path: path)
    #expect(file.byteCount == 100)
    #expect(try file.read(10..<13) == [10, 11, 12])
    #expect(try file.read(100..<100) == [])
    #expect(try file.readUpTo(50, at: 90) == Array(90..<100))
    #expect(
      thrown { () throws(FileError) in _ = try file.read(90..<101) } == FileError(path, .read, .endsEarly, offset: 100))
    #expect(try InputFile.bytes(of: path, limit: 100).count == 100)
    #expect(
      thrown { () throws(FileError) in _ = try InputFile.bytes(of: path, limit: 99) }?.reason == .isTooLarge(limit: 99))
    var pieces: [Int] = []
    try file.forEachPiece(byteCount: 40) { pieces.append($0.count) }
    #expect(pieces == [40, 40, 20])
    #expect(try MappedFile(path: path).copy(3..<6) == [3, 4, 5])
    let empty = try folder.file("empty", [])
    #expect(try MappedFile(path: empty).bytes.count == 0)
  }

  @Test("a file that is written to while it is in use is noticed; one that loses its name is not the worse for it")
  func changes() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("f", [1, 2, 3])
    let input = try InputFile(path: path)
    let mapped = try MappedFile(path: path)
    try input.verifyUnchanged()
    try mapped.verifyUnchanged { false }
    // Another permission changes a time, and no byte: the bytes are looked at, once.
    chmod(path, 0o600)
    var looks = 0
    for _ in 0..<2 {
      try mapped.verifyUnchanged {
        looks += 1
        return true
      }
    }
    #expect(looks == 1)
    try AtomicFile.write([9, 9, 9], to: path)
    try mapped.verifyUnchanged { mapped.copy(0..<3) == [1, 2, 3] }
    let second = try MappedFile(path: path)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.write(contentsOf: Data([8]))
    try handle.close()
    // Not even by a program that sets the time back.
    var times = [timespec](repeating: timespec(tv_sec: 5, tv_nsec: 0), count: 2)
    #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
    #expect(
      thrown { () throws(FileError) in try second.verifyUnchanged { true } } == FileError(path, .read, .hasChanged))
  }

  @Test("a handler finds the file that is mapped at an address")
  func mappedRanges() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("f", [UInt8](repeating: 1, count: 5000))
    var address: UInt = 0
    do {
      let mapped = try MappedFile(path: path)
      address = UInt(bitPattern: mapped.bytes.baseAddress)
      #expect(MappedRanges.path(at: address + 4999).map { String(cString: $0) } == path)
      #expect(MappedRanges.path(at: address + 5000) == nil)
    }
    #expect(MappedRanges.path(at: address) == nil)
  }

  @Test("a file of lines is written by one at a time, cut where it broke off, and never through a link")
  func appending() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("j")
    do {
      let file = try AppendedFile(path: path, for: .begin)
      try file.append([UInt8]("one\ntwo\nhal".utf8))
      try file.synchronize()
      for purpose in [AppendedFile.Purpose.begin, .append] {
        #expect(
          thrown { () throws(FileError) in _ = try AppendedFile(path: path, for: purpose) }
            == FileError(path, .lock, .isInUse))
      }
      #expect(try file.read(4..<7) == [UInt8]("two".utf8))
    }
    let file = try AppendedFile(path: path, for: .append)
    var lines: [String] = []
    let end = try file.forEachLine(limit: 100) { line, offset in
      lines.append("\(offset) \(String(decoding: line, as: UTF8.self))")
    }
    #expect(lines == ["0 one", "4 two"] && end == 8)
    try file.truncate(to: end)
    try file.append([UInt8]("three\n".utf8))
    #expect(folder.bytes("j") == [UInt8]("one\ntwo\nthree\n".utf8))
    let long = try folder.file("long", [UInt8](repeating: 65, count: 200))
    #expect(throws: FileError(long, .read, .isTooLarge(limit: 100), offset: 0)) {
      try AppendedFile(path: long, for: .read).forEachLine(limit: 100) { _, _ in }
    }
    let link = folder.path("link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: long)
    #expect(thrown { () throws(FileError) in _ = try AppendedFile(path: link, for: .begin) }?.reason == .isLink)
    #expect(folder.bytes("long")?.count == 200)
  }
}
