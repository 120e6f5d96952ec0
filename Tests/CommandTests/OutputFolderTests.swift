import Foundation
import Imaging
import Testing

@Suite("Folders that hold files of the user's own")
struct OutputFolderTests {
  private func invert(_ place: Folder, _ more: [String] = []) throws -> Command.Result {
    try Command.run(
      ["invert", "-q", "-m", try Golden.model(), "a.png", "-o", "out"] + EditingCommandTests.quick + more, in: place)
  }

  @Test("a file that no command has written is not overwritten", arguments: ["summary.json", "a_inv.png"])
  func foreign(name: String) throws {
    let place = try Folder()
    try place.writePicture("a.png")
    try place.write("out/\(name)", text: "mine\n")
    for more in [[], ["--resume"]] as [[String]] {
      let result = try invert(place, more)
      #expect(result.status == 73, "\(result.errors)")
      #expect(result.errors.contains("out/\(name): exists, and is no result of this program"), "\(result.errors)")
      #expect(try place.text("out/\(name)") == "mine\n")
      #expect(place.contents("out") == [name])
    }
    // What has other names may lie there.
    try FileManager.default.moveItem(atPath: place.at("out/\(name)"), toPath: place.at("out/notes.txt"))
    #expect(try invert(place).status == 0)
    #expect(try invert(place).status == 0)
    #expect(try place.text("out/notes.txt") == "mine\n")
  }

  @Test("a folder that was copied without its hidden list can be resumed, and is not begun anew")
  func copied() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    #expect(try invert(place).status == 0)
    let before = try place.bytes("out/summary.json")
    try FileManager.default.removeItem(atPath: place.at("out/.idinv-files.json"))
    #expect(try invert(place).status == 73)
    #expect(try invert(place, ["--resume"]).status == 0)
    #expect(try place.bytes("out/summary.json") == before)
  }

  @Test("a file that a command could have written, but did not, is not removed")
  func unwritten() throws {
    let place = try Folder()
    for (index, name) in ["a.png", "b.png"].enumerated() { try place.writePicture(name, index: index) }
    let call = ["edit", "-q", "--aligned", "-m", try Golden.model(), "-o", "out"] + EditingCommandTests.quick
    try Command.succeed(call + ["a.png"], in: place)
    #expect(place.has("out/a.png") && !place.has("out/a.jpg"))
    try place.write("out/a.jpg", text: "mine\n")
    try Command.succeed(call + ["b.png"], in: place)
    #expect(place.has("out/b.png") && place.has("out/a.png"))
    #expect(try place.text("out/a.jpg") == "mine\n")
    let again = try Command.run(call + ["a.png"], in: place)
    #expect(again.status == 73 && again.errors.contains("out/a.jpg: exists"), "\(again.errors)")
  }

  @Test("a photograph that was edited stays when another one is edited into the same folder")
  func edited() throws {
    let place = try Folder()
    for (index, name) in ["a.png", "b.png"].enumerated() { try place.writePicture(name, index: index) }
    let call = ["edit", "-q", "--aligned", "-m", try Golden.model(), "-o", "out"] + EditingCommandTests.quick
    try Command.succeed(call + ["a.png"], in: place)
    let first = try place.bytes("out/a.png")
    try Command.succeed(call + ["b.png"], in: place)
    #expect(try place.bytes("out/a.png") == first)
    #expect(try place.text("out/edit.json").contains("b.png") && !place.text("out/edit.json").contains("a.png"))
    // And it is still known as a result, which a new one may replace.
    try Command.succeed(call + ["a.png"], in: place)
    #expect(place.has("out/b.png"))
    // The results of an inversion are one whole: codes, list and pictures.
    for name in ["a.png", "b.png"] {
      try Command.succeed(
        ["invert", "-q", "-m", try Golden.model(), name, "-o", "inverted"] + EditingCommandTests.quick, in: place)
    }
    #expect(place.has("inverted/b_inv.png") && !place.has("inverted/a_inv.png"))
  }

  @Test("a new folder does not get the name of a picture", arguments: ["r.webp", "r.PNG"])
  func pictureName(name: String) throws {
    let place = try Folder()
    try place.writePicture("a.png")
    let result = try Command.run(["encode", "-m", try Golden.model(), "a.png", "-o", name], in: place)
    #expect(result.status == 64 && result.errors.contains("\(name): is the name of a picture"), "\(result.errors)")
    #expect(!place.has(name))
    try FileManager.default.createDirectory(atPath: place.at(name), withIntermediateDirectories: false)
    try Command.succeed(["encode", "-q", "-m", try Golden.model(), "a.png", "-o", name], in: place)
  }

  @Test("a finished run that is resumed says why its status is not 0")
  func skipped() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    try place.write("b.png", text: "no picture\n")
    let call = ["invert", "-m", try Golden.model(), "a.png", "b.png", "-o", "out"] + EditingCommandTests.quick
    #expect(try Command.run(call, in: place).status == 65)
    let again = try Command.run(call + ["--resume"], in: place)
    #expect(again.status == 65)
    #expect(again.output.contains("out: is complete, but for 1 image that could not be read"), "\(again.output)")
  }
}
