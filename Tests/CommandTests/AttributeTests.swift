import Checkpoint
import Foundation
import Testing

@Suite("attributes")
struct AttributeTests {
  @Test("the same attributes come from images, from codes and from forward")
  func sameEverywhere() throws {
    let place = try Folder()
    let model = try Golden.model()
    try Command.succeed(["synthesize", "-q", "-m", model, "--seeds", "0-2", "-o", "s"], in: place)
    let json = try Command.succeed(
      ["attributes", "-m", model, "--codes", "s/codes.npy", "-o", "a.npy", "--json", "--compute", "f32"], in: place
    ).json
    #expect(json["attributes"] as? [String] == ["yaw", "smile", "glasses", "5_o_Clock_Shadow", "hair.length"])
    let found = try place.array("a.npy")
    #expect(found.shape == [3, 5])
    for (network, input, output) in [("generator", "s/codes.npy", "x.npy"), ("attributes", "x.npy", "y.npy")] {
      try Command.succeed(["forward", network, "-q", "-m", model, "--input", input, "--output", output], in: place)
    }
    #expect(try place.array("y.npy").floats == found.floats)
    let rows = try #require(json["images"] as? [[String: Any]])
    #expect(rows.map { $0["name"] as? String } == ["code0000", "code0001", "code0002"])
    let smile = try #require((rows[2]["values"] as? [String: Double])?["smile"])
    #expect(abs(Float(smile) - found.floats[11]) < 1e-5)

    // Through PNG files, each pixel is rounded to 1/255; the deviation of the last attribute is 12.5.
    // Beside the pictures there is codes.npy, which is told.
    let listed = try Command.run(["attributes", "-q", "-m", model, "s", "-o", "b.npy"], in: place)
    #expect(listed.status == 0 && listed.errors.contains("left out 1 file: codes.npy"), "\(listed.errors)")
    let rounded = try place.array("b.npy").floats
    for (index, value) in rounded.enumerated() {
      #expect(abs(value - found.floats[index]) < [0.002, 0.005, 0.005, 0.02, 0.15][index % 5], "\(index): \(value)")
    }
    let table = try Command.run(["attributes", "-m", model, "s", "--attribute", "smile,yaw"], in: place).output
    let lines = table.split(separator: "\n").map { $0.split(separator: "\t") }
    #expect(lines.count == 4 && lines[0] == ["image", "smile", "yaw"] && lines[1].count == 3)
    #expect(abs((Float(lines[3][1]) ?? 0) - rounded[11]) < 1e-3)
    #expect(lines[3][0] == "s/seed0002.png")
  }

  @Test("an image that cannot be read does not stop the others")
  func skipped() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    try place.write("b.png", text: "no picture")
    let result = try Command.run(["attributes", "-m", Golden.model(), "a.png", "b.png"], in: place)
    #expect(result.status == 65 && result.output.split(separator: "\n").count == 2)
    #expect(result.errors.contains("b.png"))
  }
}
