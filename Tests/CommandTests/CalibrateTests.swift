import Foundation
import Testing

@Suite("calibrate")
struct CalibrateTests {
  /// The shipped one: the golden models are too small for operands of 8 bits.
  private var model: String { Golden.path("..", "../models/default.idinv") }

  private var isFast: Bool {
    get throws {
      let list = try Command.succeed(["kernels"], in: Folder()).output
      return ["x86v4vnni", "neondot", "neoni8mm"].contains { list.contains("tier in force: \($0)") }
    }
  }

  @Test("the copy names its layers, the same for any number of threads; info shows them and --compute int8 takes them")
  func calibrate() throws {
    let place = try Folder()
    let call = ["calibrate", "-m", model, "--samples", "2"]
    let json = try Command.succeed(call + ["-o", "m.idinv", "--json", "--threads", "1"], in: place).json
    let layers = try #require(json["layers"] as? [[String: Any]])
    #expect(layers.count == 19 && json["path"] as? String == "m.idinv")
    let written = try place.bytes("m.idinv").count
    #expect(json["bytes"] as? Int == written)
    let psnr = try #require(json["psnr"] as? Double), codeError = try #require(json["code_error"] as? Double)
    #expect(psnr >= 40 && codeError <= 0.01)
    #expect(layers.contains { $0["is_granted"] as? Bool == true && $0["network"] as? String == "generator" })
    try Command.succeed(call + ["-o", "n.idinv", "-q", "--threads", "2"], in: place)
    #expect(try place.bytes("m.idinv") == place.bytes("n.idinv"))
    let info = try Command.succeed(["info", "m.idinv", "--check"], in: place).output
    #expect(info.contains("  8 bits      ") && info.contains("all checksums match"))
    // Without an output: the table.
    let table = try Command.succeed(call + ["--psnr", "200", "--code-error", "0"], in: place).output
    #expect(table.contains("encoder.block.0.conv1 ") && table.contains("0 of 19 convolutions in 8 bits"))
    #expect(place.contents() == ["m.idinv", "n.idinv"])

    guard try isFast else { return }
    func image(_ model: String, _ compute: String) throws -> [UInt8] {
      try Command.succeed(
        ["synthesize", "-q", "-m", model, "--seeds", "3", "-o", "out", "--compute", compute], in: place)
      let name = try #require(place.contents("out").first { $0.hasSuffix(".png") })
      return try place.bytes("out/\(name)")
    }
    #expect(try image("m.idinv", "int8") != image("m.idinv", "f32"))
    #expect(try image(model, "int8") == image(model, "auto"))
    try place.writePicture("a.png", height: 64, width: 64)
    let inverted = try Command.succeed(
      ["invert", "-q", "--json", "-m", "m.idinv", "a.png", "-o", "i", "--iterations", "3", "--compute", "int8"],
      in: place
    ).json
    #expect(inverted["compute"] as? String == "int8")
    let auto = try Command.succeed(
      ["invert", "-q", "--json", "-m", "m.idinv", "a.png", "-o", "i", "--iterations", "3"], in: place
    ).json
    #expect(auto["compute"] as? String == "auto")
  }

  @Test("what cannot be measured is refused, and leaves nothing behind")
  func refusals() throws {
    let place = try Folder()
    for (status, call) in [
      (64, ["calibrate", "-m", model, "-o", "m.idinv", "--samples", "0"]),
      (64, ["calibrate", "-m", model, "-o", "m.idinv", "--psnr", "nan"]),
      (64, ["calibrate", "-m", model, "-o", "m.idinv", "--code-error", "-1"]),
      (66, ["calibrate", "-m", "none.idinv", "-o", "m.idinv"]),
      (73, ["calibrate", "-m", model, "-o", "none/m.idinv", "--samples", "1"]),
    ] {
      let result = try Command.run(call, in: place)
      #expect(result.status == Int32(status), "\(call): \(result.status) \(result.errors)")
      #expect(result.errors.split(separator: "\n").count >= 1)
    }
    #expect(place.contents() == [])
    let capped = try Command.run(
      ["synthesize", "-m", model, "--seeds", "3", "-o", "out", "--compute", "int8"], in: place,
      environment: ["IDINV_ISA": "scalar"])
    #expect(capped.status == 69 && capped.errors.contains("tier scalar has no fast 8-bit products"))
  }
}
