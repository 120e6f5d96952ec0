import Foundation
import Imaging
import Testing

@Suite struct AlignTests {
  private static let points = "12 12\n20 13\n16 17\n13 21\n19 22\n"

  @Test func facesAreCutOutAndGoIntoTheEncoder() throws {
    let place = try Folder()
    try place.writePicture("photos/a.png", height: 40, width: 60)
    try place.writePicture("photos/b.png", index: 1)
    _ = try place.write("photos/a.txt", text: Self.points)
    _ = try place.write("photos/b.json", text: "[[12, 12], [20, 13], [16, 17], [13, 21], [19, 22]]")
    let result = try Command.succeed(
      ["align", "photos", "--model", try Golden.model(), "-o", "faces", "--json"], in: place)
    #expect(place.contents("faces") == ["a.png", "b.png"])
    let figures = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(figures["images"] as? [String] == ["a", "b"] && figures["resolution"] as? Int == 32)
    // What the module computes, and nothing else.
    let face = FaceLandmarks(
      leftEye: SIMD2(12, 12), rightEye: SIMD2(20, 13), leftMouth: SIMD2(13, 21), rightMouth: SIMD2(19, 22))
    let expected = try PNG.read(place.at("photos/a.png")).aligned(to: face, resolution: 32, path: "a.png")
    #expect(try PNG.read(place.at("faces/a.png")) == expected)
    try Command.succeed(["encode", "faces", "--model", try Golden.model(), "-o", "codes", "-q"], in: place)
    #expect(try place.array("codes/encoded_codes.npy").shape[0] == 2)
  }

  @Test func landmarksMayLieElsewhereAndImagesWithoutThemAreSkipped() throws {
    let place = try Folder()
    for name in ["a", "b", "c"] { try place.writePicture("\(name).png") }
    _ = try place.write("points/a.pts", text: "version: 1\nn_points: 5\n{\n13 13\n21 14\n17 18\n14 22\n20 23\n}\n")
    _ = try place.write("points/c.csv", text: "1,2\n")
    let result = try Command.run(
      ["align", "a.png", "b.png", "c.png", "--landmarks", "points", "--resolution", "24", "-o", "out", "-q"], in: place)
    #expect(result.status == 65)
    #expect(result.errors.contains("b.png: no landmarks; expected points/b.txt"))
    #expect(!result.errors.contains("--aligned"), "that is no option of align")
    #expect(result.errors.contains("points/c.csv: has 2 numbers"))
    #expect(place.contents("out") == ["a.png"])
    let one = try Command.run(
      ["align", "a.png", "--landmarks", "points/a.pts", "--resolution", "24", "-o", "one", "-q"], in: place)
    #expect(one.status == 0)
    #expect(try place.bytes("one/a.png") == (try place.bytes("out/a.png")))
  }

  @Test("a second face does not take the place of another photograph's, nor of a file that is there")
  func secondFaces() throws {
    let place = try Folder()
    for (index, name) in ["a", "a-2"].enumerated() { try place.writePicture("photos/\(name).png", index: index) }
    let face = "[[12, 12], [20, 13], [16, 17], [13, 21], [19, 22]]"
    try place.write("photos/a.json", text: "[{\"landmarks\": \(face)}, {\"landmarks\": \(face)}]")
    try place.write("photos/a-2.json", text: face)
    let call = ["align", "-q", "--resolution", "24", "--face"]
    try Command.succeed(call + ["all", "photos", "-o", "faces"], in: place)
    #expect(place.contents("faces") == ["a-2.png", "a-3.png", "a.png"])
    try Command.succeed(call + ["largest", "photos", "-o", "first"], in: place)
    #expect(try place.bytes("faces/a-2.png") == place.bytes("first/a-2.png"))
    #expect(try place.bytes("faces/a-3.png") == place.bytes("first/a.png"))
    // What the first run wrote is the command's own; what lies elsewhere under such a name is not.
    try Command.succeed(call + ["all", "photos", "-o", "faces"], in: place)
    try place.write("first/a-3.png", text: "mine\n")
    let refused = try Command.run(call + ["all", "photos", "-o", "first"], in: place)
    #expect(refused.status == 73 && refused.errors.contains("first/a-3.png: exists"), "\(refused.errors)")
    #expect(try place.text("first/a-3.png") == "mine\n")
  }

  static let refusals = [
    Refusal(
      "one file of points for two images", 64, ["points.txt", "several images"],
      ["align", "a.png", "a.png", "--landmarks", "points.txt", "--resolution", "32", "-o", "out"]
    ) { _ = try $0.write("points.txt", text: points) },
    Refusal(
      "no such landmarks", 66, ["none", "no such file"],
      ["align", "a.png", "--landmarks", "none", "--resolution", "32", "-o", "out"]),
    Refusal(
      "no resolution that can be", 64, ["--resolution", "8 to 4096", "7"],
      ["align", "a.png", "--resolution", "7", "-o", "out"]),
  ]

  @Test(arguments: AlignTests.refusals)
  func isRefused(_ refusal: Refusal) throws { try RefusalTests.expect(refusal) }
}
