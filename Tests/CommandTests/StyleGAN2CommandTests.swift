import Foundation
import Testing

@Suite("StyleGAN2 and encoders with style heads, by the commands")
struct StyleGAN2CommandTests {
  private let checkpoint = Golden.path("e4e_res32", "checkpoint.pt")

  @Test("one file gives generator and encoder; info says what they are; images are encoded and inverted")
  func wholeWay() throws {
    let place = try Folder()
    let text = try Command.succeed(
      ["convert", checkpoint, "-o", "m.idinv"], in: place
    ).output
    for expected in ["inferred: generator: StyleGAN2", "inferred: encoder: e4e", "written: m.idinv (f16"] {
      #expect(text.contains(expected), "\(expected)")
    }
    // Each network's tensors are used, and so is the mean of w: none of them is listed as ignored.
    #expect(!text.contains("ignored: state_dict.") && !text.contains("ignored: latent_avg"))
    let info = try Command.succeed(["info", "m.idinv", "--check"], in: place).output
    #expect(info.contains("StyleGAN2") && info.contains("24 IR-SE units, a head for each of 8 layers, progressive"))

    try Command.succeed(["synthesize", "-q", "-m", "m.idinv", "--seeds", "0-1", "-o", "drawn"], in: place)
    let drawn = place.contents("drawn").filter { $0.hasSuffix(".png") }
    #expect(drawn.count == 2)
    try Command.succeed(["encode", "-q", "drawn/\(drawn[0])", "-m", "m.idinv", "-o", "encoded"], in: place)
    #expect(try place.array("encoded/encoded_codes.npy").shape == [1, 8, 32])
    let arguments = [
      "invert", "drawn/\(drawn[0])", "-m", "m.idinv", "-o", "inverted", "--iterations", "5",
      "--lambda-perceptual", "0",
    ]
    let json = try Command.succeed(arguments + ["--json"], in: place).json
    #expect((json["images"] as? [[String: Any]])?.count == 1)
  }

  @Test("a network that the file does not hold is asked for by its name")
  func anotherNetwork() throws {
    let place = try Folder()
    let generator = Golden.path("stylegan2_res32", "converted.pt")
    let result = try Command.run(["convert", "--encoder", generator, "-o", "m.idinv"], in: place)
    #expect(result.status != 0 && result.errors.contains("a StyleGAN2 generator (rosinality's names), not an encoder"))
    #expect(place.contents().isEmpty)
  }
}
