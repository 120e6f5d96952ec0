import Foundation
import Imaging
import Testing

/// What is said of pictures that are far from what a model was trained on.
@Suite("Pictures outside of the domain")
struct DomainTests {
  private var model: String { Golden.path("..", "../models/default.idinv") }
  private var faces: String { Golden.path("..", "../models/examples") }

  /// Noise: nothing that a generator of faces makes.
  private func writeNoise(_ name: String, in place: Folder) throws {
    var state: UInt64 = 1
    let pixels = (0..<64 * 64 * 3).map { _ -> UInt8 in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(state >> 56)
    }
    try place.write(name, PNG.encode(Image8(height: 64, width: 64, pixels: pixels)))
  }

  @Test("noise is called far from the training pictures on the page, in the summary and on the terminal; a face is not")
  func inversion() throws {
    let place = try Folder()
    try writeNoise("in/noise.png", in: place)
    let call = ["invert", "-m", model, "--iterations", "2"]
    let result = try Command.run(call + ["in", "-o", "noise"], in: place)
    #expect(result.status == 0)
    #expect(
      result.errors.hasPrefix("idinv-lite: warning: noise: far from what the model was trained on (in-domain score "))
    let page = try place.text("noise/inversion.html")
    #expect(
      page.contains("this picture is far from what the model was trained on") && !page.contains("near its domain"))
    let image = try #require((try place.json("noise/summary.json")["images"] as? [[String: Any]])?.first)
    #expect(try #require(image["times_usual_in_domain"] as? Double) > 20)

    try Command.succeed(call + ["\(faces)/face-01.png", "-o", "face"], in: place)
    let face = try place.text("face/inversion.html")
    #expect(face.contains("near its domain") && !face.contains("far from what"))
    let known = try #require((try place.json("face/summary.json")["images"] as? [[String: Any]])?.first)
    #expect(try #require(known["times_usual_in_domain"] as? Double) < 4)

    // Where the search does not start from the encoder's code, that code's score says nothing.
    try Command.succeed(call + ["in", "-o", "mean", "--start", "mean"], in: place)
    #expect(!(try place.text("mean/inversion.html")).contains("far from what"))
    // Nor does that of one w for all layers, which is far from the encoder's.
    try Command.succeed(call + ["\(faces)/face-01.png", "-o", "w", "--space", "w"], in: place)
    #expect(!(try place.text("w/inversion.html")).contains("far from what"))
  }

  @Test("edit says so of faces")
  func edit() throws {
    let place = try Folder()
    try writeNoise("noise.png", in: place)
    let call = ["edit", "-m", model, "--aligned", "--iterations", "2"]
    let result = try Command.run(call + ["noise.png", "-o", "out", "--json"], in: place)
    #expect(result.status == 0 && result.errors.contains("warning: noise: far from what"))
    #expect(try place.text("out/edit.html").contains("this picture is far from what the model was trained on"))
  }

  @Test("manipulate --animate makes a film of each image, there and back, that the page shows")
  func film() throws {
    let place = try Folder()
    let call = [
      "manipulate", "-q", "-m", model, "\(faces)/face-01.png", "-b", "smile", "--iterations", "0", "--steps", "3",
    ]
    try Command.succeed(call + ["--animate", "-o", "out"], in: place)
    #expect(place.has("out/face-01_film.gif"))
    let film = String(decoding: try place.bytes("out/face-01_film.png"), as: UTF8.self)
    #expect(film.components(separatedBy: "fcTL").count == 5)
    #expect(try PNG.read(place.at("out/face-01_film.png")) == PNG.read(place.at("out/face-01_step01.png")))
    #expect(try place.text("out/manipulation.html").contains("<figure class=\"film\">"))
    // A run without films takes those of the one before away.
    try Command.succeed(call + ["-o", "out"], in: place)
    #expect(!place.has("out/face-01_film.gif") && !place.has("out/face-01_film.png"))
  }

  @Test("older names of options work, and help does not list them")
  func olderNames() throws {
    let place = try Folder()
    for (command, name) in [
      ("manipulate", "conditional"), ("bench optimizers", "steps"), ("boundary train", "conditional"),
    ] {
      let words = command.split(separator: " ").map(String.init)
      let help = try Command.succeed(["help"] + words, in: place).output
      #expect(!help.contains("--\(name)"), "\(command)")
      let result = try Command.run(words + ["--\(name)", "7", "-o", "out"], in: place)
      #expect(!result.errors.contains("nknown option"), "\(command): \(result.errors)")
    }
  }

  @Test("calibrate puts what is usual into the model, and runs take it from there")
  func calibrated() throws {
    let place = try Folder()
    try Command.succeed(["calibrate", "-q", "-m", model, "--samples", "1", "-o", "m.idinv"], in: place)
    let info = try Command.succeed(["info", "m.idinv"], in: place).output
    #expect(info.contains("  in-domain   usual score "))
    try Command.succeed(
      ["invert", "-q", "-m", "m.idinv", "\(faces)/face-01.png", "-o", "a", "--iterations", "0"], in: place)
    try Command.succeed(
      ["invert", "-q", "-m", model, "\(faces)/face-01.png", "-o", "b", "--iterations", "0"], in: place)
    let stated = try #require(try place.json("a/summary.json")["usual_in_domain_mean_square"] as? Double)
    let measured = try #require(try place.json("b/summary.json")["usual_in_domain_mean_square"] as? Double)
    #expect(stated > 0 && max(stated / measured, measured / stated) < 3)
  }
}
