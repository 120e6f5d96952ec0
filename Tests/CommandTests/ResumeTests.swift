import Checkpoint
import Foundation
import Imaging
import Testing

@Suite("--resume in a folder that is complete", .serialized)
struct ResumeTests {
  private func expectRefused(
    _ place: Folder, _ arguments: [String], _ reason: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try ManyImagesTests.contents(place, "out")
    let result = try Command.run(arguments, in: place)
    #expect(
      result.status == 65 && result.errors.contains(reason) && result.errors.split(separator: "\n").count == 1,
      "\(result.status) \(result.errors)", sourceLocation: sourceLocation)
    #expect(try ManyImagesTests.contents(place, "out") == before, sourceLocation: sourceLocation)
  }

  @Test("results of invert with other options, images or arithmetic, or of another model, are refused by name and stay")
  func invert() throws {
    let place = try ManyImagesTests.folder(of: 3)
    let arguments = try ManyImagesTests.arguments("-o", "out")
    try Command.succeed(arguments, in: place)
    #expect(!place.has("out/inversion.journal"))
    let resumed = arguments + ["--resume"]
    func expectRefused(
      _ more: [String], _ reason: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      try self.expectRefused(
        place, resumed + more, "out/summary.json: holds results of \(reason)", sourceLocation: sourceLocation)
    }
    try expectRefused(
      ["--learning-rate", "0.02"], "other options (the defaults; expected --learning-rate 0.02); expected the same call"
    )
    try expectRefused(["--crop", "center"], "other options (--crop none; expected --crop center)")
    try expectRefused(["in/seed0001.png"], "another list of images (3; expected 4)")
    try expectRefused(["--shard", "1/2"], "another shard (1/1; expected 1/2)")
    try self.expectRefused(
      place,
      [
        "invert", "-q", "-m", try Golden.otherModel(), "in", "--iterations", "6", "--snapshots", "2", "-o", "out",
        "--resume", "--lambda-perceptual", "0",
      ], "out/summary.json: holds results of another model (")
    // What is this very run's is done; without --resume it is done anew, with whatever options.
    let again = try Command.succeed(arguments.filter { $0 != "-q" } + ["--resume"], in: place)
    #expect(again.output.contains("out: is complete; without"), "\(again.output)")
    try Command.succeed(arguments + ["--learning-rate", "0.02"], in: place)
    try expectRefused([], "other options (--learning-rate 0.02; expected the defaults)")
    // Summaries of earlier versions do not tell the options.
    var summary = try place.json("out/summary.json")
    summary["options"] = nil
    try place.write("out/summary.json", Array(try JSONSerialization.data(withJSONObject: summary)))
    try expectRefused([], "another command or version")
  }

  @Test("results of edit with other options, or of another model, are refused by name and stay")
  func edit() throws {
    let place = try Folder()
    for (index, name) in ["a", "b"].enumerated() { try place.writePicture("photos/\(name).png", index: index) }
    for (count, name) in [(32, "b.npy"), (48, "other.npy")] {
      try NumpyArray(shape: [1, count], floats: (0..<count).map { Float(($0 * 7) % 5) - 2 }).write(to: place.at(name))
    }
    func arguments(_ model: String, boundary: String = "b.npy", _ more: String...) throws -> [String] {
      ["edit", "photos", "--aligned", "-m", model, "-b", boundary, "--iterations", "2", "-o", "out"] + more
    }
    let model = try Golden.model()
    try Command.succeed(try arguments(model, "--alpha", "-1,1"), in: place)
    let journal = try place.bytes("out/edits.jsonl")
    let start = "out/edits.jsonl: holds results of "
    try expectRefused(place, try arguments(model, "--alpha", "-1,2", "--resume"), start + "other options (--alpha ")
    try expectRefused(
      place, try arguments(model, "--alpha", "-1,1", "--blend", "none", "--resume"),
      start + "other options (--blend feather; expected --blend none)")
    try expectRefused(
      place,
      try arguments(
        try Golden.otherModel(), boundary: "other.npy", "--alpha", "-1,1", "--lambda-perceptual", "0", "--resume"),
      start + "another model (")
    // A journal that is none.
    try place.write("out/edits.jsonl", text: "00000000 {}\n")
    try expectRefused(place, try arguments(model, "--alpha", "-1,1", "--resume"), "is no journal of this version")
    // Without results nothing is lost: a run of other options begins anew.
    let header = String(decoding: journal.prefix { $0 != 0x0a }, as: UTF8.self) + "\n"
    try place.write("out/edits.jsonl", text: header)
    try Command.succeed(try arguments(model, "--alpha", "-1,2", "--resume"), in: place)
    #expect(place.has("out/a_alpha+2.png") && place.has("out/a_alpha+1.png"))
    // The same once more does nothing; without --resume all is done anew.
    let picture = try place.bytes("out/a_alpha+2.png")
    let other = try place.bytes("out/a_alpha-1.png")
    try place.write("out/a_alpha+2.png", other)
    try Command.succeed(try arguments(model, "--alpha", "-1,2", "--resume"), in: place)
    #expect(try place.bytes("out/a_alpha+2.png") == other && other != picture)
    try Command.succeed(try arguments(model, "--alpha", "-1,2"), in: place)
    #expect(try place.bytes("out/a_alpha+2.png") == picture)
  }
}
