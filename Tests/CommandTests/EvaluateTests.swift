import Checkpoint
import Foundation
import Imaging
import Testing

@Suite("evaluate", .serialized)
struct EvaluateTests {
  /// Four pictures, boundaries for two attributes of the golden model, and one that it does not know.
  private func place() throws -> Folder {
    let place = try Folder()
    try place.writePicture("in/a.png")
    try place.writePicture("in/b.png", index: 1)
    try place.writePicture("in/c.png", height: 50, width: 50)
    try place.writePicture("in/d.png", index: 1, height: 21, width: 21)
    for (index, name) in ["smile", "glasses", "shoes"].enumerated() {
      let values = (0..<32).map { Float(($0 * 7 + index * 5) % 11) - 5 }
      let folder = place.at("boundaries")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try NumpyArray(shape: [1, 32], floats: values).write(to: "\(folder)/\(name).npy")
    }
    return place
  }

  private func arguments(_ more: [String] = []) throws -> [String] {
    let model = try Golden.model()
    return [
      "evaluate", "-m", model, "in", "--conventional", model, "--boundaries", "boundaries", "--iterations", "6",
      "--free-iterations", "7",
    ] + more
  }

  private func rows(_ object: [String: Any], _ part: String) throws -> [[String: Any]] {
    try #require(object[part] as? [[String: Any]])
  }

  @Test("all parts are measured, the figures are those of invert, and a second run does nothing again")
  func parts() throws {
    let place = try place()
    let text = try Command.succeed(arguments(["-o", "out"]), in: place).output
    #expect(text.hasPrefix("4 images, ") && text.hasSuffix("report: out/evaluation.html\n"))
    #expect(
      place.contents("out") == [
        "evaluation.csv", "evaluation.html", "evaluation.journal", "evaluation.json", "precision_recall.csv",
      ])
    let object = try place.json("out/evaluation.json")
    let reconstruction = try rows(object, "reconstruction")
    let methods = ["in-domain", "encoder", "conventional", "image2stylegan", "w"]
    #expect(reconstruction.map { $0["method"] as? String } == methods)
    #expect(reconstruction.map { $0["iterations"] as? Int } == [6, 0, 0, 7, 7])
    #expect(try rows(object, "ablation").map { $0["lambda_domain"] as? Double } == [0, 0.5, 2, 10, 40])
    #expect(try rows(object, "edits").map { $0["method"] as? String } == ["in-domain", "image2stylegan"])
    #expect(try rows(object, "interpolation").count == 2)
    #expect(((object["samples"] as? [String: Any])?["samples"] as? Int) == 64)
    let notes = try #require(object["notes"] as? [String])
    #expect(notes.count == 1 && notes[0].contains("shoes.npy"))
    let attributes = try #require(rows(object, "analysis")[0]["attributes"] as? [[String: Any]])
    #expect(attributes.map { $0["name"] as? String } == ["glasses", "smile"])
    // The same encoder twice gives the same figures; W and W+ do not.
    let mse = try reconstruction.map { try #require($0["mse_pm1"] as? Double) }
    #expect(mse[1] == mse[2] && mse[3] != mse[4])

    for (method, options) in [
      (0, ["--iterations", "6"]), (1, ["--iterations", "0"]),
      (3, ["--iterations", "7", "--start", "mean", "--lambda-domain", "0"]),
      (4, ["--iterations", "7", "--start", "mean", "--lambda-domain", "0", "--space", "w"]),
    ] {
      let inversion = [
        "invert", "-q", "-m", try Golden.model(), "in", "-o", "inverted\(method)", "--optimizer", "adam",
      ]
      try Command.succeed(inversion + options, in: place)
      let images = try rows(place.json("inverted\(method)/summary.json"), "images")
      let expected = try images.map { try #require(($0["inverted"] as? [String: Any])?["mse_pm1"] as? Double) }
      let found = try #require(reconstruction[method]["images"] as? [[String: Any]])
      #expect(found.map { $0["mse_pm1"] as? Double } == expected)
    }

    let page = try place.text("out/evaluation.html")
    #expect(page.contains("Semantic analysis") && page.contains("data:image/png;base64,"))
    #expect(!page.contains("src=\"http") && !page.contains(">NaN"))
    let lines = try place.text("out/evaluation.csv").split(separator: "\n")
    #expect(lines[0] == "part,subject,item,metric,value")
    #expect(lines.allSatisfy { $0.split(separator: ",").count == 5 })

    let (journal, before) = (try place.bytes("out/evaluation.journal"), try figures(place, "out"))
    try Command.succeed(arguments(["-o", "out"]), in: place)
    #expect(try place.bytes("out/evaluation.journal") == journal)
    #expect(try figures(place, "out") == before)
  }

  /// `evaluation.json` without times.
  private func figures(_ place: Folder, _ folder: String) throws -> String {
    func timeless(_ value: Any) -> Any {
      if let object = value as? [String: Any] {
        return object.filter { $0.key != "seconds" && $0.key != "seconds_per_image" && $0.key != "findings" }
          .mapValues(timeless)
      }
      return (value as? [Any])?.map(timeless) ?? value
    }
    let data = try JSONSerialization.data(
      withJSONObject: timeless(try place.json("\(folder)/evaluation.json")), options: [.sortedKeys])
    return String(decoding: data, as: UTF8.self)
  }

  @Test("a run that was interrupted and goes on gives the figures of an undisturbed one")
  func resume() throws {
    let place = try place()
    // So that there is time to interrupt; an emulator takes long enough by itself.
    let iterations = Command.isQuick ? "40" : "3"
    let arguments = try arguments(["-q", "--methods", "in-domain,image2stylegan", "--iterations", iterations])
    try Command.succeed(arguments + ["-o", "whole"], in: place)
    for signal in [SIGINT, SIGKILL] {
      let running = try Command.Running(arguments + ["-o", "out\(signal)"], in: place)
      #expect(
        running.wait(until: { ((try? place.bytes("out\(signal)/evaluation.journal").count) ?? 0) > 2000 }))
      running.send(signal)
      let result = try running.wait()
      #expect(result.status == (signal == SIGINT ? 130 : -SIGKILL))
      #expect(!place.has("out\(signal)/evaluation.json"))
      if signal == SIGINT {
        #expect(result.errors.hasPrefix("idinv-lite: interrupted") && result.errors.split(separator: "\n").count == 1)
      }
      let before = try place.bytes("out\(signal)/evaluation.journal").count
      try Command.succeed(arguments + ["-o", "out\(signal)"], in: place)
      #expect(try place.bytes("out\(signal)/evaluation.journal").count > before)
      #expect(try figures(place, "out\(signal)") == figures(place, "whole"))
    }
  }

  @Test("a stored part that does not hang together is measured again, though its checksum fits")
  func foreignPart() throws {
    let place = try place()
    let call = try arguments(["-q", "--methods", "in-domain", "-o", "out"])
    try Command.succeed(call, in: place)
    let (journal, expected) = (try place.text("out/evaluation.journal"), try figures(place, "out"))
    for (key, value) in [("steps", -1), ("steps", 1 << 62), ("in_domain_mean_square", [0.5])] as [(String, Any)] {
      let text = try JournalText.changed(journal, key, value)
      #expect(text != journal)
      try place.write("out/evaluation.journal", text: text)
      try Command.succeed(call, in: place)
      #expect(try figures(place, "out") == expected, "\(key) \(value)")
    }
  }

  @Test("a model without attributes, or without boundaries, is measured by what it has")
  func less() throws {
    let place = try place()
    let result = try Command.succeed(
      [
        "evaluate", "--json", "-m", try Golden.model(), "in", "-o", "out", "--limit", "2", "--iterations", "2",
        "--free-iterations", "2", "--compute", "f32",
      ], in: place)
    let object = try result.json
    #expect(object["images"] as? Int == 2)
    #expect(try rows(object, "analysis").isEmpty && rows(object, "edits").isEmpty)
    #expect(try rows(object, "ablation").count == 5 && rows(object, "reconstruction").count == 4)
    #expect((object["notes"] as? [String])?.count == 2)

    // Codes that another arithmetic found are not taken for its own.
    let journal = try place.bytes("out/evaluation.journal").count
    let again = try Command.run(
      [
        "evaluate", "-q", "-m", try Golden.model(), "in", "-o", "out", "--limit", "2", "--iterations", "2",
        "--free-iterations", "2", "--compute", "f16",
      ], in: place)
    guard again.status != 69 else { return }
    #expect(try place.json("out/evaluation.json")["compute"] as? String != object["compute"] as? String)
    #expect(try place.bytes("out/evaluation.journal").count > journal)
  }

  static let refusals = [
    Refusal("no perceptual network", 65, ["perceptual"], ["evaluate", "-m", "GENERATOR", "a.png", "-o", "out"]),
    Refusal(
      "an unknown method", 64, ["--methods", "'best'", "image2stylegan"],
      ["evaluate", "-m", "MODEL", "a.png", "-o", "out", "--methods", "in-domain,best"]),
    Refusal(
      "a method that cannot be", 64, ["conventional", "--conventional"],
      ["evaluate", "-m", "MODEL", "a.png", "-o", "out", "--methods", "conventional"]),
    Refusal(
      "an encoder of another model", 65, ["[10, 48]", "[8, 32]"],
      ["evaluate", "-m", "MODEL", "a.png", "-o", "out", "--conventional", "OTHER"]),
    Refusal(
      "an encoder of another model for invert", 65, ["[10, 48]", "[8, 32]"],
      ["invert", "-m", "MODEL", "a.png", "-o", "out", "--encoder", "OTHER"]),
    Refusal(
      "an encoder without a start for it", 64, ["--encoder", "--start"],
      ["invert", "-m", "MODEL", "a.png", "-o", "out", "--encoder", "OTHER", "--start", "mean"]),
    Refusal(
      "no folder of boundaries", 66, ["nowhere"],
      ["evaluate", "-m", "MODEL", "a.png", "-o", "out", "--boundaries", "nowhere"]),
    Refusal(
      "a boundary of another model", 65, ["smile", "[1, 32]", "[1, 33]"],
      ["evaluate", "-m", "MODEL", "a.png", "-o", "out", "--boundaries", "b"],
      prepare: { place in
        try FileManager.default.createDirectory(atPath: place.at("b"), withIntermediateDirectories: true)
        try NumpyArray(shape: [1, 33], floats: [Float](repeating: 1, count: 33)).write(to: place.at("b/smile.npy"))
      }),
    Refusal("no steps", 64, ["--iterations"], ["evaluate", "-m", "MODEL", "a.png", "-o", "out", "--iterations", "0"]),
    Refusal("no images", 64, ["--limit"], ["evaluate", "-m", "MODEL", "a.png", "-o", "out", "--limit", "0"]),
    Refusal(
      "a journal of something else", 65, ["evaluation.journal", "delete"],
      ["evaluate", "-m", "MODEL", "a.png", "-o", "out"],
      prepare: { place in try place.write("out/evaluation.journal", text: "something else\n") }),
  ]

  @Test("bad input ends in one line", arguments: refusals)
  func refuses(_ refusal: Refusal) throws { try RefusalTests.expect(refusal) }
}
