import Files
import Foundation
import TestSupport
import Testing

@Suite("Output files")
struct AtomicFileTests {
  @Test("a file is written whole, replaced whole, and leaves nothing else behind")
  func writes() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("out.bin")
    try AtomicFile.write([1, 2, 3], to: path)
    try AtomicFile.write("four", to: path)
    #expect(folder.bytes("out.bin") == [UInt8]("four".utf8))
    try AtomicFile.write([], to: path)
    #expect(folder.bytes("out.bin") == [])
    #expect(folder.contents() == ["out.bin"])
  }

  @Test("a file that is written in parts has its name once it is complete, and none where it is given up")
  func parts() throws {
    let folder = try TemporaryFolder()
    let file = try AtomicFile(path: folder.path("a"))
    try file.write([UInt16(0x0201), 0x0403], at: 2)
    try file.write([UInt8(9), 8], at: 0)
    #expect(folder.bytes("a") == nil && folder.contents().count == 1)
    try file.commit()
    file.discard()
    #expect(folder.bytes("a") == [9, 8, 1, 2, 3, 4] && folder.contents() == ["a"])
    do { try AtomicFile(path: folder.path("b")).write([UInt8(1)], at: 0) }
    #expect(folder.contents() == ["a"])
    let left = try AtomicFile(path: folder.path("c"))
    left.discard()
    #expect(folder.contents() == ["a"])
  }

  @Test("a folder's disk is waited for once; where there is no folder, that is said")
  func disk() throws {
    let folder = try TemporaryFolder()
    for name in ["a", "b"] { try AtomicFile.write([1], to: folder.path(name), isSynced: false) }
    try Folder.synchronizeDisk(of: folder.path)
    let none = folder.path("none")
    #expect(throws: FileError(none, .synchronize, .system(ENOENT))) { try Folder.synchronizeDisk(of: none) }
  }

  @Test("what killed programs left is removed; what is being written, by whatever process, stays")
  func leftovers() throws {
    let folder = try TemporaryFolder()
    for name in [".idinv-4f.tmp", ".idinv-2000000000-7.tmp", ".idinv-1-7", "idinv-1-7.tmp"] {
      _ = try folder.file(name, [1])
    }
    // A pipe of that name, which nobody writes to, is not waited for.
    #expect(mkfifo(folder.path(".idinv-p.tmp"), 0o600) == 0)
    // Another open file of the same name stands for another process: its lock is not this one's.
    let busy = try AtomicFile(path: folder.path("busy"))
    AtomicFile.removeLeftovers(in: folder.path)
    #expect(folder.contents().count == 4)
    try busy.write([UInt8(5)], at: 0)
    try busy.commit()
    AtomicFile.removeLeftovers(in: folder.path)
    #expect(folder.contents() == [".idinv-1-7", ".idinv-p.tmp", "busy", "idinv-1-7.tmp"])
    #expect(folder.bytes("busy") == [5])
    AtomicFile.removeLeftovers(in: folder.path("none"))
  }

  @Test("a link is followed where the user named the place, and replaced where anyone may have put it")
  func links() throws {
    let folder = try TemporaryFolder()
    let target = try folder.file("target", [1])
    let link = folder.path("link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    try AtomicFile.write("new", to: link)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
    #expect(folder.bytes("target") == [UInt8]("new".utf8))
    try AtomicFile.write("own", to: link, links: .replaced)
    #expect(folder.bytes("target") == [UInt8]("new".utf8) && folder.bytes("link") == [UInt8]("own".utf8))
    #expect(throws: (any Error).self) { try FileManager.default.destinationOfSymbolicLink(atPath: link) }
    // Nor does a pipe of that name hold up the run.
    #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
    #expect(
      thrown { () throws(FileError) in try AtomicFile.write("x", to: folder.path("pipe")) }?.reason == .system(ENXIO))
    try AtomicFile.write("x", to: folder.path("pipe"), links: .replaced)
    #expect(folder.bytes("pipe") == [UInt8]("x".utf8))
  }

  @Test("a device is written to, not replaced by a file")
  func writesToDevices() throws {
    try AtomicFile.write("away", to: "/dev/null")
    #expect(thrown { () throws(FileError) in _ = try InputFile(path: "/dev/null") }?.reason == .isNotRegular)
  }

  @Test("a folder in the way, a folder that lacks, a full disk: each is said as such")
  func refuses() throws {
    let folder = try TemporaryFolder()
    let base = folder.path
    #expect(
      thrown { () throws(FileError) in try AtomicFile.write("x", to: base) } == FileError(base, .create, .isFolder))
    let lacking = base + "/none/x.png"
    #expect(
      thrown { () throws(FileError) in try AtomicFile.write("x", to: lacking) }
        == FileError(lacking, .create, .system(ENOENT)))
    if Folder.exists("/dev/full") {
      let full = thrown { () throws(FileError) in try AtomicFile.write("x", to: "/dev/full") }
      #expect(full == FileError("/dev/full", .write, .system(ENOSPC), offset: 0) && full?.isDiskFailure == true)
    }
    #expect(folder.contents() == [])
  }

  @Test("an output folder is made with the folders above it, and may exist")
  func createsFolders() throws {
    let folder = try TemporaryFolder()
    try Folder.create(folder.path("a/b//c/"))
    try Folder.create(folder.path("a/b/c"))
    try Folder.create("/")
    #expect(folder.contents() == ["a"])
    let file = try folder.file("file", [1])
    func refusal(_ path: String) -> FileError? { thrown { () throws(FileError) in try Folder.create(path) } }
    #expect(refusal(file) == FileError(file, .createFolder, .isFile(path: file)))
    #expect(refusal(file + "/x") == FileError(file + "/x", .createFolder, .isFile(path: file)))
    #expect(refusal("") == FileError("", .createFolder, .hasNoName))
  }
}
