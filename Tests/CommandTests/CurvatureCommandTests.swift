import Foundation
import Testing

@Suite("curvature")
struct CurvatureCommandTests {
  /// Smaller under an emulator, where a gradient takes a second.
  private let rank = Command.launcher.isEmpty ? 8 : 3

  private func arguments(_ more: String...) throws -> [String] {
    ["curvature", "-m", try Golden.model(), "--images", "2", "--rank", String(rank), "-o"] + more
  }

  @Test("the copy holds a curvature, the same for any number of threads; info shows it and invert uses it")
  func measure() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    let json = try Command.succeed(try arguments("m.idinv", "--json", "--threads", "1"), in: place).json
    #expect(json["rank"] as? Int == rank && json["path"] as? String == "m.idinv")
    let written = try place.bytes("m.idinv")
    #expect(json["bytes"] as? Int == written.count)
    try Command.succeed(try arguments("n.idinv", "-q", "--threads", "2"), in: place)
    #expect(try written == place.bytes("n.idinv"))
    let info = try Command.succeed(["info", "m.idinv", "--check"], in: place).output
    #expect(info.contains("curvature   rank \(rank)") && info.contains("all checksums match"))

    // What was measured is no part of what it is verified against.
    try Command.succeed(
      [
        "verify", "-q", "m.idinv", "--minimum-psnr", "100", "--against", Golden.path("res32", "generator.pth"),
        Golden.path("res32", "encoder.pth"), Golden.perceptual, Golden.attributes,
      ], in: place)

    func losses(_ model: String, _ options: [String]) throws -> String {
      try Command.succeed(
        ["invert", "-q", "-m", model, "a.png", "-o", "out", "--iterations", "4"] + options, in: place)
      return try place.text("out/losses.jsonl").replacing(/"seconds":[0-9.e-]+/, with: "")
    }
    let plain = try Golden.model()
    #expect(try losses("m.idinv", []) != losses(plain, []))
    #expect(try losses("m.idinv", ["--optimizer", "adam"]) == losses(plain, ["--optimizer", "adam"]))
    #expect(try losses("m.idinv", ["--optimizer", "adam"]) != losses("m.idinv", []))
  }

  @Test("what cannot be measured is refused, and leaves nothing behind")
  func refusals() throws {
    let place = try Folder()
    for (status, call) in [
      (64, try arguments("m.idinv", "--images", "0")), (64, try arguments("m.idinv", "--rank", "0")),
      (65, ["curvature", "-m", try Golden.generatorModel(), "-o", "m.idinv"]),
      (66, ["curvature", "-m", "none.idinv", "-o", "m.idinv"]),
      (73, try arguments("none/m.idinv")),
    ] {
      let result = try Command.run(call, in: place)
      #expect(result.status == Int32(status), "\(call): \(result.status) \(result.errors)")
      #expect(result.errors.split(separator: "\n").count >= 1)
    }
    #expect(place.contents() == [])
  }
}
