import Checkpoint
import Foundation
import Testing

@Suite("convert, info, verify, forward, synthesize, kernels")
struct ModelCommandTests {
  @Test("convert says what it found, inferred and ignored, and info shows what the file holds")
  func convertAndInfo() throws {
    let place = try Folder()
    let arguments = [
      "convert", "--generator", Golden.path("res32", "generator.pth"), "--encoder", Golden.path("res32", "encoder.pth"),
      "--perceptual", Golden.perceptual, "-o", "m.idinv", "--licence", "CC0", "--note", "a note", "--pixel-range",
      "-1,1",
    ]
    let text = try Command.succeed(arguments, in: place).output
    for expected in [
      "generator.pth (torch zip", "inferred: generator: 32×32", "ignored: layer24.weight", "written: m.idinv (f16",
    ] {
      #expect(text.contains(expected), "\(expected)")
    }
    #expect(place.contents() == ["m.idinv"])
    let first = try place.bytes("m.idinv")
    let report = try Command.succeed(arguments + ["--json"], in: place).json
    #expect(report["path"] as? String == "m.idinv")
    #expect(try place.bytes("m.idinv") == first, "the same checkpoints give the same bytes")
    #expect(try Command.succeed(arguments + ["--quiet"], in: place).output.isEmpty)

    let info = try Command.succeed(["info", "m.idinv", "--check", "--tensors"], in: place).output
    for expected in [
      "32×32, 8 layers", "license: CC0", "note: a note", "all checksums match; SHA-256 ", "from encoder encoder.pth",
    ] {
      #expect(info.contains(expected), "\(expected)")
    }
    let json = try Command.succeed(["info", "m.idinv", "--json"], in: place).json
    #expect(json["bytes"] as? Int == first.count && json["precision"] as? String == "f16")
    #expect(
      Set(json.keys).isSuperset(of: [
        "path", "bytes", "format_version", "precision", "licence", "sources", "specification", "tensors",
      ]))
    #expect(try Command.succeed(["info", "m.idinv", "--check", "--quiet"], in: place).output.isEmpty)
  }

  @Test("convert measures the encoder in 8 bits, says so, and takes what stays within --code-error")
  func codeError() throws {
    let place = try Folder()
    let call = [
      "convert", "--generator", Golden.path("res32", "generator.pth"), "--encoder", Golden.path("res32", "encoder.pth"),
      "-o", "m.idinv",
    ]
    func headType() throws -> String? {
      let tensors = try Command.succeed(["info", "m.idinv", "--json"], in: place).json["tensors"] as? [[String: Any]]
      return tensors?.first { $0["name"] as? String == "encoder.head.weight" }?["dtype"] as? String
    }
    let taken = try Command.succeed(call + ["--code-error", "0.9"], in: place).output
    #expect(taken.contains("measured: the encoder's head in int8 moves codes by up to "))
    #expect(taken.contains("of the generator's pictures: stored so\n"))
    #expect(taken.contains(" convolutions may multiply in 8 bits, with the head off by up to "))
    #expect(try headType() == "I8")
    #expect(try Command.succeed(["info", "m.idinv", "--check"], in: place).output.contains("  8 bits      "))
    try Command.succeed(["encode", "-q", "-m", "m.idinv", try place.writePicture("a.png"), "-o", "out"], in: place)

    let refused = try Command.succeed(call + ["--code-error", "1e-9"], in: place).output
    #expect(refused.contains(": not stored so; limit 1e-07 %") && refused.contains("; limit 1e-07 %"))
    #expect(try headType() == "F16")
    for options in [["--code-error", "0"], ["--weights", "f32"]] {
      let text = try Command.succeed(call + options, in: place).output
      #expect(!text.contains("measured: "))
      #expect(try headType() == (options[1] == "f32" ? "F32" : "F16"))
      #expect(!(try Command.succeed(["info", "m.idinv"], in: place).output.contains("  8 bits      ")))
    }
    for value in ["nan", "-1"] {
      #expect(try Command.run(call + ["--code-error", value], in: place).status == 64)
    }
  }

  @Test("weights in each precision verify against their checkpoints", arguments: ["f32", "f16", "int8"])
  func verify(weights: String) throws {
    let place = try Folder()
    let checkpoints = [
      Golden.path("res32", "generator.pth"), Golden.path("res32", "encoder.pth"), Golden.perceptual, Golden.attributes,
    ]
    try Command.succeed(
      [
        "convert", "-q", "--weights", weights, "-o", "m.idinv", "--generator", checkpoints[0], "--encoder",
        checkpoints[1],
        "--perceptual", checkpoints[2], "--attributes", checkpoints[3],
      ], in: place)
    let verify = ["verify", "m.idinv", "--against"] + checkpoints.reversed()
    let json = try Command.succeed(verify + ["--json"], in: place).json
    #expect((json["networks"] as? [[String: Any]])?.count == 5)
    #expect((json["gradients"] as? [[String: Any]])?.count == 3)
    let table = try Command.succeed(verify, in: place).output
    #expect(table.contains("domain gradient") && !table.contains("note: "))
    // The same tensors in another file: an archive with a comment.
    var bytes = try place.bytes(checkpoints[0])
    bytes[bytes.count - 2] = 1
    try place.write("g.pth", bytes + [0x20])
    let other = ["verify", "m.idinv", "--against", "g.pth"] + checkpoints.dropFirst()
    #expect(try Command.succeed(other, in: place).output.contains("note: g.pth: by its SHA-256 not the file"))
    try FileManager.default.removeItem(atPath: place.at("g.pth"))
    #expect(try Command.succeed(verify + ["--quiet"], in: place).output.isEmpty)
    let strict = try Command.run(verify + ["--quiet", "--minimum-psnr", "500"], in: place)
    #expect(strict.status == (weights == "f32" ? 0 : 65), "\(strict.errors)")
    #expect(place.contents() == ["m.idinv"])
  }

  @Test("forward runs each network as the published code does")
  func forward() throws {
    let place = try Folder()
    for (network, input, output) in [
      ("mapping", "z", "mapped_w"), ("truncation", "mapped_w", "truncated_wp"),
      ("generator", "truncated_wp", "synthesized"),
      ("encoder", "image", "encoded"), ("perceptual", "image", ""), ("attributes", "image", ""),
    ] {
      let arguments = [
        "forward", network, "-m", try Golden.model(), "--input", Golden.path("res32", "\(input).npy"), "--output",
        "y.npy",
      ]
      let text = try Command.succeed(arguments, in: place).output
      #expect(text.hasPrefix("\(network): [2, "))
      let found = try place.array("y.npy")
      #expect(found.shape[0] == 2)
      let json = try Command.succeed(arguments + ["--json", "--batch", "1"], in: place).json
      #expect(json["output_shape"] as? [Int] == found.shape)
      #expect(try place.array("y.npy").floats == found.floats, "\(network): a row does not depend on its batch")
      #expect(try Command.succeed(arguments + ["--quiet"], in: place).output.isEmpty)
      guard !output.isEmpty else { continue }
      let expected = try NumpyArray.read(Golden.path("res32", "\(output).npy"))
      #expect(found.shape == expected.shape)
      #expect(zip(found.floats, expected.floats).allSatisfy { abs($0 - $1) < 1e-4 }, "\(network)")
    }
  }

  @Test("synthesize makes the same images of seeds and of the codes that it saved")
  func synthesize() throws {
    let place = try Folder()
    let model = try Golden.generatorModel()
    let text = try Command.succeed(["synthesize", "-m", model, "--seeds", "0-2,42", "-o", "new/a"], in: place).output
    #expect(text == "4 images in new/a\n")
    #expect(place.contents("new/a") == ["codes.npy", "seed0000.png", "seed0001.png", "seed0002.png", "seed0042.png"])
    #expect(try place.array("new/a/codes.npy").shape == [4, 8, 32])
    let json = try Command.succeed(
      ["synthesize", "-m", model, "--codes", "new/a/codes.npy", "-o", "b", "--json"], in: place
    ).json
    #expect(json["images"] as? [String] == ["code0000.png", "code0001.png", "code0002.png", "code0003.png"])
    #expect(try place.bytes("b/code0003.png") == place.bytes("new/a/seed0042.png"))
    #expect(try place.bytes("b/codes.npy") == place.bytes("new/a/codes.npy"))
    try Command.succeed(
      ["synthesize", "-q", "-m", model, "--seeds", "0", "--truncation", "-0.5", "-o", "c"], in: place)
    #expect(try place.bytes("c/seed0000.png") != place.bytes("new/a/seed0000.png"))
  }

  @Test("--truncation is in force, too, where the file truncates nothing")
  func truncation() throws {
    let place = try Folder()
    try Command.succeed(
      [
        "convert", "-q", "--generator", Golden.path("res32", "generator.pth"), "--truncation-psi", "1", "-o", "m.idinv",
      ], in: place)
    func codes(_ options: [String]) throws -> [UInt8] {
      try Command.succeed(["synthesize", "-q", "-m", "m.idinv", "--seeds", "0,1", "-o", "out"] + options, in: place)
      return try place.bytes("out/codes.npy")
    }
    let (plain, whole) = (try codes([]), try codes(["--truncation", "1"]))
    #expect(plain == whole)
    _ = try codes(["--truncation", "0"])
    let mean = try place.array("out/codes.npy").floats
    #expect(Array(mean[..<256]) == Array(mean[256...]))
  }

  @Test("the model comes from IDINV_MODEL where --model is not given")
  func environment() throws {
    let place = try Folder()
    let variables = ["IDINV_MODEL": try Golden.generatorModel()]
    try Command.succeed(["synthesize", "--seeds", "1", "-o", "a", "-q"], in: place, environment: variables)
    #expect(
      try Command.succeed(["info"], in: place, environment: variables).output.hasPrefix(variables["IDINV_MODEL"]!))
    let missing = try Command.run(["info"], in: place, environment: ["IDINV_MODEL": "none.idinv"])
    #expect(missing.status == 66 && missing.errors.contains("none.idinv"))
  }

  @Test("kernels lists the tier that IDINV_ISA asks for")
  func kernels() throws {
    let place = try Folder()
    let json = try Command.succeed(["kernels", "--json"], in: place).json
    let available = try #require(json["available_tiers"] as? [String])
    #expect(available.first == "scalar" && json["tier"] as? String == available.last)
    for tier in available {
      let capped = try Command.succeed(["kernels", "--json"], in: place, environment: ["IDINV_ISA": tier]).json
      #expect(capped["tier"] as? String == tier)
      let names = try #require(capped["kernels"] as? [[String: Any]]).compactMap { $0["name"] as? String }
      #expect(!names.isEmpty && names.contains { $0.hasSuffix("__\(tier)") })
    }
    #expect(try Command.succeed(["kernels"], in: place).output.hasPrefix("tier in force: "))
    let wrong = try Command.run(["kernels"], in: place, environment: ["IDINV_ISA": "pentium"])
    #expect(wrong.status == 64)
    let tiers = "scalar, x86v3, x86v4, x86v4vnni, neon, neonfp16, neondot, neoni8mm"
    #expect(wrong.errors == "idinv-lite: IDINV_ISA=pentium: expected one of \(tiers)\n")
    let foreign = available.contains("neon") ? "x86v3" : "neon"
    let refused = try Command.run(["kernels"], in: place, environment: ["IDINV_ISA": foreign])
    #expect(refused.status == 69 && refused.errors.contains("expected one of \(available.joined(separator: ", "))\n"))
  }

  @Test("figures that cannot be printed are an error")
  func outputStream() throws {
    let place = try Folder()
    for (prelude, errors) in [("exec >/dev/full", "No space left"), ("exec >&-", "Bad file descriptor")] {
      let result = try Command.run(["info", try Golden.model()], in: place, prelude: prelude)
      #expect(result.status == 74 && result.errors.contains("standard output") && result.errors.contains(errors))
    }
  }
}
