import Checkpoint
import Foundation
import Imaging
import Testing

/// Layers of one code in another, and a part of one picture in another.
extension EditingCommandTests {
  @Test("mix gives every style's late layers to every content")
  func mix() throws {
    let place = try Folder()
    let styles = try Self.writeCodes("styles.npy", count: 2, in: place)
    let contents = try Self.writeCodes("contents.npy", count: 3, seed: 4, in: place)
    let arguments = ["mix", "-m", try Golden.model(), "--styles", "styles.npy", "--contents", "contents.npy"]
    for (layers, chosen) in [([], [6, 7]), (["--layers", "0,5-6"], [0, 5, 6])] {
      let json = try Command.succeed(arguments + layers + ["-o", "out", "--json"], in: place).json
      #expect(json["layers"] as? [Int] == chosen)
      let mixed = try place.array("out/mixed_codes.npy")
      #expect(mixed.shape == [2, 3, 8, 32])
      var expected: [Float] = []
      var names: [String] = []
      for style in 0..<2 {
        // The contents' names come after the styles': the first two are taken.
        for (content, name) in ["code0000-2", "code0001-2", "code0002"].enumerated() {
          for entry in 0..<Self.codeCount {
            expected.append(
              chosen.contains(entry / 32)
                ? styles[style * Self.codeCount + entry] : contents[content * Self.codeCount + entry])
          }
          names.append("out/code000\(style)_on_\(name).png")
        }
      }
      #expect(mixed.floats == expected)
      try NumpyArray(shape: [6, 8, 32], floats: mixed.floats).write(to: place.at("mixed.npy"))
      try Self.expectPictures(names, of: "mixed.npy", in: place)
      try Self.expectPage("out/mixing.html", in: place)
    }
  }

  // MARK: diffuse

  @Test("diffuse pastes the target's part, and refines the code of the pasted picture within it")
  func diffuse() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    try place.writePicture("b.png", index: 1)
    let model = try Golden.model()
    let arguments = ["diffuse", "-m", model, "--targets", "a.png", "--contexts", "b.png", "a.png"]
    let json = try Command.succeed(
      arguments + ["-o", "out", "--json", "--iterations", "30", "-s", "16", "-x", "16", "-y", "16"], in: place
    ).json
    let (target, context) = (try PNG.read(place.at("a.png")), try PNG.read(place.at("b.png")))
    let pasted = try PNG.read(place.at("out/a_to_b_ori.png"))
    for row in 0..<32 {
      for column in 0..<32 {
        let isTarget = (8..<24).contains(row) && (8..<24).contains(column)
        #expect(pasted[row, column] == (isTarget ? target : context)[row, column])
      }
    }
    #expect(try place.array("out/inverted_codes.npy").shape == [2, 8, 32])
    #expect(try place.text("out/image_list.txt") == "a_to_b.png\na_to_a.png\n")
    #expect(
      try place.text("out/target_list.txt") == "a.png\n" && place.text("out/context_list.txt") == "b.png\na.png\n")
    // The start is the encoder's code of the pasted picture, the end is better within the mask.
    try Command.succeed(["encode", "-q", "-m", model, "out/a_to_b_ori.png", "-o", "encoded"], in: place)
    let encoded = try place.array("encoded/encoded_codes.npy").floats
    #expect(Array(try place.array("out/encoded_codes.npy").floats[..<256]) == encoded)
    let pairs = try #require(json["pairs"] as? [[String: Any]])
    for pair in pairs {
      let (first, last) = (pair["first_losses"] as? [String: Any], pair["last_losses"] as? [String: Any])
      let (start, end) = (try #require(first?["total"] as? Double), try #require(last?["total"] as? Double))
      #expect(end < start)
      #expect(first?["domain"] as? Double == 0)
    }
    try Self.expectPictures(["out/a_to_b_inv.png", "out/a_to_a_inv.png"], of: "out/inverted_codes.npy", in: place)
    #expect(try place.text("out/losses.jsonl").split(separator: "\n").count == 60)
    try Self.expectPage("out/diffusion.html", in: place)

    // The same part as a mask picture gives the same codes, and so do pairs one at a time.
    try Command.succeed(
      arguments + ["-q", "-o", "masked", "--iterations", "30", "--mask", "out/mask.png", "--batch", "1"], in: place)
    #expect(try place.bytes("masked/inverted_codes.npy") == place.bytes("out/inverted_codes.npy"))
    // A result folder for the other commands.
    try Self.writeBoundary("smile.npy", in: place)
    try Command.succeed(
      ["manipulate", "-q", "-m", model, "--from", "out", "-b", "smile.npy", "-o", "edited"], in: place)
  }

  @Test("the published crop box is taken at the model's scale")
  func defaultBox() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    try place.writePicture("b.png", index: 1)
    let json = try Command.succeed(
      [
        "diffuse", "-m", Golden.model(), "--targets", "a.png", "--contexts", "b.png", "-o", "out", "--iterations", "0",
        "--json",
      ], in: place
    ).json
    #expect(json["mask_pixels"] as? Int == 14 * 14)
  }
}
