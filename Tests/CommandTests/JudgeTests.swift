import Foundation
import Testing

@Suite("--judge")
struct JudgeTests {
  /// A place with `judge.idinv`, the golden judge.
  private func place() throws -> Folder {
    let place = try Folder()
    try Command.succeed(
      ["convert", "-q", "--judge", Golden.path("judge", "judge.pth"), "--weights", "f32", "-o", "judge.idinv"],
      in: place)
    try place.writePicture("in/a.png")
    try place.writePicture("in/b.png", index: 1)
    return place
  }

  private func names(_ place: Folder, _ arguments: [String]) throws -> [String]? {
    try Command.succeed(["attributes", "--json", "in"] + arguments, in: place).json["attributes"] as? [String]
  }

  private let theirs = ["yaw", "smile", "glasses", "hair.length"]
  private let own = ["yaw", "smile", "glasses", "5_o_Clock_Shadow", "hair.length"]

  @Test("reads in place of the model, where it is given")
  func attributes() throws {
    let (place, model) = (try place(), try Golden.model())
    #expect(try names(place, ["-m", model, "--judge", "judge.idinv"]) == theirs)
    #expect(try names(place, ["-m", model]) == own)
    let info = try Command.succeed(["info", "judge.idinv"], in: place).output
    #expect(info.contains("judge       32×32, channels 6 10 10 17: yaw smile glasses hair.length"))
    // It reads for a model that cannot.
    #expect(try names(place, ["-m", Golden.generatorModel(), "--judge", "judge.idinv"]) == theirs)
    let verified = try Command.succeed(
      ["verify", "judge.idinv", "--against", Golden.path("judge", "judge.pth")], in: place)
    #expect(verified.output.contains("attributes"))
  }

  @Test("beside the model it is taken only if it reads the same attributes")
  func neighbor() throws {
    let place = try place()
    try FileManager.default.copyItem(atPath: Golden.model(), toPath: place.at("model.idinv"))
    #expect(try names(place, ["-m", "model.idinv"]) == own)
    try FileManager.default.removeItem(atPath: place.at("judge.idinv"))
    try FileManager.default.copyItem(atPath: Golden.model(), toPath: place.at("judge.idinv"))
    #expect(try names(place, ["-m", "model.idinv"]) == own)
    #expect(try names(place, ["-m", "model.idinv", "--judge", "none"]) == own)
  }

  @Test("what is no judge of these images is refused")
  func refused() throws {
    let place = try place()
    let other = try Command.run(["attributes", "-m", Golden.otherModel(), "in", "--judge", "judge.idinv"], in: place)
    #expect(other.status == 65 && other.errors.contains("judge.idinv: reads no attributes of"))
    let none = try Command.run(
      ["attributes", "-m", Golden.model(), "in", "--judge", Golden.generatorModel()], in: place)
    #expect(none.status == 65 && none.errors.contains("reads no attributes"))
    let missing = try Command.run(["attributes", "-m", Golden.model(), "in", "--judge", "no.idinv"], in: place)
    #expect(missing.status == 66 && missing.errors.contains("no.idinv"))
  }

  @Test("scores samples for boundaries, and judges an evaluation")
  func measures() throws {
    let (place, model) = (try place(), try Golden.model())
    try Command.succeed(
      [
        "boundary", "train", "-q", "-m", model, "--judge", "judge.idinv", "--attribute", "smile", "--samples", "40",
        "--ratio", "0.3", "-o", "boundaries",
      ], in: place)
    #expect(try place.json("boundaries/smile.json")["judge"] as? String == "judge.idinv")
    try Command.succeed(
      [
        "evaluate", "-q", "-m", model, "in", "--boundaries", "boundaries", "--judge", "judge.idinv", "--methods",
        "in-domain,encoder", "--iterations", "3", "-o", "out",
      ], in: place)
    let object = try place.json("out/evaluation.json")
    #expect(object["judge"] as? String == "judge.idinv")
    let rows = try #require(object["reconstruction"] as? [[String: Any]])
    for row in rows {
      let r2 = try #require(row["attributes_r2"] as? [String: Double])
      #expect(r2.keys.sorted() == theirs.sorted())
      let mean = try #require(row["attributes_r2_mean"] as? Double)
      #expect(abs(mean - r2.values.reduce(0, +) / 4) < 1e-9 && mean <= 1)
      #expect(try #require(row["sharpness"] as? Double) > 0)
    }
    #expect(try place.text("out/evaluation.html").contains("the judge, judge.idinv"))
    #expect(try place.text("out/evaluation.csv").contains("reconstruction,encoder,hair.length,attributes_r2,"))
  }
}
