import Files
import Foundation
import TestSupport
import Testing

@Suite("Names of files")
struct PathTextTests {
  @Test("every name comes back byte for byte")
  func roundTrip() {
    var random = SystemRandomNumberGenerator()
    let names: [[UInt8]] = [
      [], [0x61], [0xe9], [0xff, 0xfe], [UInt8]("é/ü".utf8), [0xc3], [0xc3, 0x28], [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      // U+10FFE9, which stands for the byte E9, as a name of its own.
      [0xf4, 0x8f, 0xbf, 0xa9], [0x61, 0xf0, 0x9f, 0x98, 0x80, 0x80],
    ]
    for name in names + (0..<2000).map({ _ in (0..<12).map { _ in UInt8.random(in: 1...255, using: &random) } }) {
      #expect(PathText.bytes(PathText.text(name)) == name)
    }
    #expect(PathText.text([0x66, 0xfc, 0x72]) != PathText.text([0x66, 0xfd, 0x72]))
    #expect(PlainText.line(PathText.text([0x66, 0xfc, 0x72])) == "f\\xFCr")
  }

  @Test("a file whose name is no UTF-8 is made, listed, read and removed")
  func files() throws {
    let folder = try TemporaryFolder()
    let path = PathText.path(PathText.text([0x66, 0xfc, 0x72, 0x2e, 0x70, 0x6e, 0x67]), in: folder.path)
    try AtomicFile.write([7], to: path)
    let names = try Folder.names(in: folder.path)
    #expect(names.map { PathText.bytes($0) } == [[0x66, 0xfc, 0x72, 0x2e, 0x70, 0x6e, 0x67]])
    #expect(try InputFile.bytes(of: PathText.path(names[0], in: folder.path)) == [7])
    #expect(PathText.stem(of: path).extension == "png")
    try AtomicFile.write([8], to: path)
    #expect(try InputFile.bytes(of: path) == [8])
    Folder.removeFile(path)
    #expect(folder.contents() == [])
  }

  @Test("parts are found by bytes, whatever combines with them")
  func parts() {
    #expect(PathText.lastComponent(of: "a/\u{0301}b/") == "\u{0301}b")
    #expect(PathText.folder(of: "a/\u{0301}b") == "a/")
    #expect(PathText.folder(of: "a") == "" && PathText.folder(of: "/a") == "/")
    #expect(PathText.stem(of: "x/a.b.PNG") == ("a.b", "png"))
    #expect(PathText.stem(of: "x.d/a") == ("a", "") && PathText.stem(of: "/p/.png") == ("", "png"))
    #expect(
      PathText.path("n", in: "") == "n" && PathText.path("n", in: "d/") == "d/n" && PathText.path("n", in: "d") == "d/n"
    )
  }

  @Test("nothing that steers a terminal or turns text around is shown")
  func plain() {
    let text = "a\u{1b}[2Jb\u{9b}31mc\u{202e}gnp.d\u{2066}e\r\nf\u{85}g\u{200f}\u{061c}h"
    #expect(PlainText.line(text) == "a?[2Jb?31mc?gnp.d?e?f?g??h")
    #expect(PlainText.line("ä 顔 🙂") == "ä 顔 🙂")
  }
}
