import Foundation
import Testing

@testable import Imaging

@Suite("Output files")
struct AtomicFileTests {
  @Test("a file is written whole, replaced whole, and leaves nothing else behind")
  func writes() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/out.bin"
    try AtomicFile.write([1, 2, 3], to: path)
    try AtomicFile.write("four", to: path)
    #expect(FileManager.default.contents(atPath: path) == Data("four".utf8))
    try AtomicFile.write([], to: path)
    #expect(FileManager.default.contents(atPath: path) == Data())
    #expect(folder.contents == ["out.bin"])
  }

  @Test("what killed programs left is removed, and nothing else")
  func leftovers() throws {
    let folder = try TemporaryFolder()
    let own = ".idinv-\(ProcessInfo.processInfo.processIdentifier)-1.tmp"
    // Beyond any process number that Linux gives.
    for name in [own, ".idinv-2000000000-7.tmp", ".idinv-x-7.tmp", ".idinv-2000000000-7", "idinv-2000000000-7.tmp"] {
      _ = try folder.file(name, text: "half")
    }
    AtomicFile.removeLeftovers(in: folder.path)
    #expect(!folder.contents.contains(".idinv-2000000000-7.tmp"))
    #expect(folder.contents.count == 4)
    AtomicFile.removeLeftovers(in: folder.path + "/none")
  }

  @Test("a link is followed, not replaced")
  func followsLinks() throws {
    let folder = try TemporaryFolder()
    let target = try folder.file("real/out.txt", text: "old")
    let link = folder.path + "/link.txt"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    try AtomicFile.write("new", to: link)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
    #expect(FileManager.default.contents(atPath: target) == Data("new".utf8))
  }

  @Test("a device is written to, not replaced by a file")
  func writesToDevices() throws {
    try AtomicFile.write("away", to: "/dev/null")
    #expect(throws: ImagingError.notRegularFile(path: "/dev/null")) { try PNG.read("/dev/null") }
  }

  @Test("a folder in the way, a folder that lacks, a full disk: each is said as such")
  func refuses() throws {
    let folder = try TemporaryFolder()
    let base = folder.path
    let inTheWay = thrown { () throws(ImagingError) in try AtomicFile.write("x", to: base) }
    #expect(inTheWay == .notWritten(path: base, operation: "open", reason: "is a folder; expected a file"))
    let lacking = base + "/none/x.png"
    let error = thrown { () throws(ImagingError) in try AtomicFile.write("x", to: lacking) }
    #expect(error == .notWritten(path: lacking, operation: "create", reason: "No such file or directory"))
    if FileManager.default.fileExists(atPath: "/dev/full") {
      let full = thrown { () throws(ImagingError) in try AtomicFile.write("x", to: "/dev/full") }
      #expect(
        full == .notWritten(path: "/dev/full", operation: "write", reason: "No space left on device"))
    }
    #expect(folder.contents == [])
  }

  @Test("an output folder is made with the folders above it, and may exist")
  func createsFolders() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.createFolder(folder.path + "/a/b//c/")
    try AtomicFile.createFolder(folder.path + "/a/b/c")
    try AtomicFile.createFolder("/")
    #expect(folder.contents == ["a"])
    let file = try folder.file("file", [1])
    #expect(
      thrown { () throws(ImagingError) in try AtomicFile.createFolder(file) }
        == .folderNotCreated(path: file, reason: "a file of this name exists"))
    #expect(
      thrown { () throws(ImagingError) in try AtomicFile.createFolder(file + "/x") }
        == .folderNotCreated(path: file + "/x", reason: "\(file) is a file"))
    #expect(
      thrown { () throws(ImagingError) in try AtomicFile.createFolder("") }
        == .folderNotCreated(path: "''", reason: "the name is empty"))
  }
}
