import Checkpoint
import Foundation
import Quant
import Testing

/// Checkpoints, codes and directions of other programs, given to the program itself.
@Suite("files of other programs")
struct ForeignFilesTests {
  private let checkpoints = [
    Golden.perceptual, Golden.path("res32", "encoder.pth"), Golden.path("res32", "generator.pth"),
  ]

  @Test("convert takes files in any order, and says what each is")
  func recognized() throws {
    let place = try Folder()
    let text = try Command.succeed(["convert"] + checkpoints + ["-o", "m.idinv"], in: place).output
    #expect(text.contains("encoder.pth is an in-domain encoder\n"))
    #expect(text.contains("generator.pth is a StyleGAN generator (idinvert_pytorch's StyleGAN)\n"))
    #expect(text.contains("is a perceptual network (VGG)\n"))
    let named = [
      "convert", "--perceptual", checkpoints[0], "--encoder", checkpoints[1], "--generator", checkpoints[2], "-o",
      "named.idinv",
    ]
    try Command.succeed(named, in: place)
    #expect(try place.bytes("m.idinv") == place.bytes("named.idinv"))
    try Command.succeed(["verify", "m.idinv", "--against"] + checkpoints, in: place)
  }

  @Test("a converted model knows its usual in-domain score, which is the one that runs would measure")
  func usualScore() throws {
    let place = try Folder()
    let report = try Command.succeed(["convert"] + checkpoints + ["-o", "m.idinv", "--json"], in: place).json
    let information = try Command.succeed(["info", "m.idinv", "--check", "--json"], in: place).json
    #expect(report["sha256"] as? String == information["sha256"] as? String)
    let specification = try #require(information["specification"] as? [String: Any])
    let stored = try #require((specification["inDomain"] as? [String: Any])?["median"] as? Double)
    // Runs measure it where the file does not say it.
    let file = try ModelFile(path: place.at("m.idinv"))
    try file.write(calibration: nil, inDomain: nil, to: place.at("without.idinv"))
    try place.writePicture("a.png")
    let usual = try ["m", "without"].map { name in
      try #require(
        try Command.succeed(
          ["invert", "a.png", "-m", "\(name).idinv", "--iterations", "1", "-o", name, "--json"], in: place
        ).json["usual_in_domain_mean_square"] as? Double)
    }
    #expect(abs(usual[0] - stored) <= 1e-6 * stored && abs(usual[1] - stored) <= 0.01 * stored, "\(usual) \(stored)")
    #expect(try Command.succeed(["info", "without.idinv"], in: place).output.contains("usual score not stored"))
    #expect(try Command.succeed(["info", "m.idinv"], in: place).output.contains("in-domain   usual score"))
  }

  @Test(
    "what is no part of a model is refused by what it is",
    arguments: [
      ("pickles/stylegan3.pkl", "this is a StyleGAN3 generator"), ("res32/z.npy", "an array of shape [2, 32]: codes"),
    ])
  func refused(name: String, expected: String) throws {
    let place = try Folder()
    let path = Golden.tests.appendingPathComponent("Golden/\(name)").path
    let result = try Command.run(["convert", path, "-o", "m.idinv"], in: place)
    #expect(result.status == 65 && result.errors.contains(path) && result.errors.contains(expected), "\(result.errors)")
    #expect(place.contents().isEmpty)
  }

  @Test("two generators are one too many")
  func twice() throws {
    let place = try Folder()
    let result = try Command.run(["convert", checkpoints[2], checkpoints[2], "-o", "m.idinv"], in: place)
    #expect(result.status == 65 && result.errors.contains("say which one is the generator"), "\(result.errors)")
  }

  @Test("[L, D] is one code, whatever the file")
  func codes() throws {
    let place = try Folder()
    try Command.succeed(["convert", checkpoints[2], "-o", "m.idinv"], in: place)
    try Command.succeed(["synthesize", "-m", "m.idinv", "--seeds", "3", "-o", "seed"], in: place)
    let code = try place.array("seed/codes.npy")
    #expect(code.shape == [1, 8, 32])
    for shape in [[8, 32], [1, 8, 32], [256]] {
      try NumpyArray(shape: shape, floats: code.floats).write(to: place.at("c.npy"))
      try Command.succeed(["synthesize", "-m", "m.idinv", "--codes", "c.npy", "-o", "out"], in: place)
      #expect(try place.bytes("out/code0000.png") == place.bytes("seed/seed0003.png"))
      #expect(try place.array("out/codes.npy") == code)
      try Command.succeed(["manipulate", "-m", "m.idinv", "--codes", "c.npy", "-b", "c.npy", "-o", "moved"], in: place)
    }
  }

  @Test("seeds have 64 bits, of which the generator takes the lower 32, as PyTorch's")
  func seeds() throws {
    let place = try Folder()
    try Command.succeed(["convert", checkpoints[2], "-o", "m.idinv"], in: place)
    try Command.succeed(
      ["synthesize", "-m", "m.idinv", "--seeds", "3,4294967299,18446744073709551615", "-o", "out"], in: place)
    #expect(try place.bytes("out/seed0003.png") == place.bytes("out/seed4294967299.png"))
    #expect(place.has("out/seed18446744073709551615.png"))
  }
}
