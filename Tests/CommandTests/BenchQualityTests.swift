import Checkpoint
import Foundation
import Imaging
import Testing

/// Processes that start themselves cannot be emulated.
@Suite("bench quality", .serialized, .enabled(if: Command.launcher.isEmpty))
struct BenchQualityTests {
  private func place() throws -> Folder {
    let place = try Folder()
    try place.writePicture("in/a.png")
    try place.writePicture("in/b.png", index: 1, height: 45, width: 45)
    for (index, name) in ["smile", "glasses"].enumerated() {
      let values = (0..<32).map { Float(($0 * 7 + index * 5) % 11) - 5 }
      try FileManager.default.createDirectory(atPath: place.at("boundaries"), withIntermediateDirectories: true)
      try NumpyArray(shape: [1, 32], floats: values).write(to: place.at("boundaries/\(name).npy"))
    }
    return place
  }

  private func arguments(_ more: [String]) throws -> [String] {
    ["bench", "quality", "-m", try Golden.model(), "--optimizers", "adam,auto", "--compute", "f32"] + more
  }

  private func rows(_ object: [String: Any]) throws -> [[String: Any]] {
    try #require(object["configurations"] as? [[String: Any]])
  }

  private func number(_ row: [String: Any], _ key: String) throws -> Double {
    try #require(row[key] as? Double, "\(key)")
  }

  @Test("the figures are those of invert, the tables agree, and a second run measures nothing again")
  func figures() throws {
    let place = try place()
    let call = try arguments([
      "in/a.png", "-o", "out", "--iterations", "0,2,4", "--rounds", "2", "--boundaries", "boundaries", "--threads", "1",
    ])
    let text = try Command.succeed(call, in: place).output
    let lines = text.split(separator: "\n")
    let summary = try #require(lines.last)
    #expect(summary.hasPrefix("5 configurations on 1 image, ") && summary.hasSuffix("report: out/quality.html"))
    #expect(lines[0].hasPrefix("| configuration |") && lines[2].hasPrefix("| encoder "))
    #expect(lines.dropLast().allSatisfy { $0.count == lines[0].count })
    #expect(
      place.contents("out") == [
        "quality.csv", "quality.html", "quality.journal", "quality.json", "quality.svg", "quality_images.csv",
      ])
    let object = try place.json("out/quality.json")
    let rows = try rows(object)
    let ids = ["encoder", "adam-2", "adam-4", "auto-2", "auto-4"].map { "\($0)-f32-f32-1" }
    #expect(rows.map { $0["id"] as? String } == ids)
    for (row, (optimizer, iterations)) in zip(
      rows, [("adam", 0), ("adam", 2), ("adam", 4), ("auto", 2), ("auto", 4)])
    {
      #expect(row["iterations"] as? Int == iterations && row["threads"] as? Int == 1)
      #expect(row["weights"] as? String == "f32" && row["compute"] as? String == "f32")
      #expect((row["rounds"] as? [Any])?.count == 2 && row["failure"] == nil)
      #expect(try number(row, "steps_per_image") == Double(iterations))
      for key in ["seconds_per_image", "cpu_seconds_per_image", "startup_seconds"] { #expect(try number(row, key) > 0) }
      #expect(try number(row, "peak_rss_bytes") > 1e6)
      #expect(try (0...1).contains(number(row, "edits_flipped_share")))
      let terms = try number(row, "pixel_loss") + 5e-5 * number(row, "perceptual_loss") + 2 * number(row, "domain_loss")
      let total = try number(row, "total_loss")
      #expect(abs(terms - total) <= 1e-5 * total)

      try expectFigures(
        of: row, asByInvertWith: ["--optimizer", optimizer, "--iterations", "\(iterations)"], in: place)
    }
    try expectFronts(object)
    try expectTable("out/quality.csv", of: rows, in: place)
    let images = try place.text("out/quality_images.csv").split(separator: "\n")
    #expect(images.count == 6 && images[0].hasPrefix("id,image,steps,seconds,"))
    let chart = try place.text("out/quality.svg")
    #expect(chart.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
    expectWellFormed(chart)
    #expect(chart.components(separatedBy: "<circle ").count == 6)
    let page = try place.text("out/quality.html")
    #expect(page.contains("Pareto front") && page.contains("data:image/png;base64,"))
    #expect(!page.contains("src=\"http") && !page.contains(">NaN"))

    let journal = try place.bytes("out/quality.journal")
    let again = try Command.succeed(call + ["--json"], in: place)
    #expect(try place.bytes("out/quality.journal") == journal)
    #expect(try timeless(again.json) == timeless(object))
  }

  /// The command that users call is another way to the same picture and score.
  private func expectFigures(of row: [String: Any], asByInvertWith options: [String], in place: Folder) throws {
    try Command.succeed(
      ["invert", "-q", "--compute", "f32", "-m", Golden.model(), "in/a.png", "-o", "inverted"] + options, in: place)
    let images = try #require(place.json("inverted/summary.json")["images"] as? [[String: Any]])
    let inverted = try #require(images[0]["inverted"] as? [String: Any])
    #expect(try number(row, "psnr_db") == number(inverted, "psnr_db"))
    let score = try number(inverted, "in_domain_mean_square")
    #expect(try abs(number(row, "domain_loss") - score) <= 1e-4 * score)
    try FileManager.default.removeItem(atPath: place.at("inverted"))
  }

  private func expectTable(_ path: String, of rows: [[String: Any]], in place: Folder) throws {
    let table = try place.text(path).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    #expect(table.count == rows.count + 1 && table.allSatisfy { $0.count == table[0].count })
    for (line, row) in zip(table.dropFirst(), rows) {
      for (name, field) in zip(table[0], line) {
        if let value = row[String(name)] as? Double, row[String(name)] as? Bool == nil {
          #expect(abs((Double(field) ?? .nan) - value) <= 1e-12 * abs(value), "\(name)")
        }
        if let value = row[String(name)] as? String { #expect(field == value) }
      }
    }
  }

  @Test("codes and pictures that cannot be the model's are refused, though their checksums fit")
  func foreignResults() throws {
    let place = try place()
    let call = try arguments(["-q", "in/a.png", "-o", "out", "--iterations", "2", "--rounds", "1", "--edits", "0"])
    try Command.succeed(call, in: place)
    let journal = try place.text("out/quality.journal")
    let picture = Data(try place.bytes("in/b.png"))
    for (key, value, reason) in [
      ("code", Data(count: 8), "holds no code of a; expected 256 "),
      ("picture", picture, "holds a picture of 45×45; expected 32×32;"),
    ] {
      let text = try JournalText.changed(journal, key, value.base64EncodedString())
      #expect(text != journal)
      try place.write("out/quality.journal", text: text)
      let result = try Command.run(call, in: place)
      #expect(
        result.status == 65 && result.errors.hasPrefix("idinv-lite: out/quality.journal: \(reason)"),
        "\(result.errors)")
    }
  }

  /// By definition, from the figures in the file.
  private func expectFronts(_ object: [String: Any]) throws {
    let rows = try rows(object)
    let fronts = try #require(object["fronts"] as? [String: [String]])
    for (key, sign) in [("total_loss", 1.0), ("psnr_db", -1), ("lpips_style", 1), ("domain_loss", 1)] {
      let points = try rows.map { (try number($0, "seconds_per_image"), try sign * number($0, key)) }
      let expected = points.indices.filter { index in
        !points.contains {
          $0.0 <= points[index].0 && $0.1 <= points[index].1 && $0 != points[index]
        }
      }
      #expect(Set(try #require(fronts[key])) == Set(expected.compactMap { rows[$0]["id"] as? String }))
    }
    #expect(rows.filter { $0["is_on_front"] as? Bool == true }.count == fronts["total_loss"]?.count)
  }

  /// The figures that do not depend on the machine's mood.
  private func timeless(_ object: [String: Any]) throws -> String {
    let moody = [
      "seconds", "seconds_per_image", "cpu_seconds", "cpu_seconds_per_image", "startup_seconds", "peak_rss_bytes",
      "rounds", "fronts", "is_on_front", "machine", "as_good_as_published",
    ]
    func timeless(_ value: Any) -> Any {
      if let object = value as? [String: Any] {
        return object.filter { !moody.contains($0.key) }.mapValues(timeless)
      }
      return (value as? [Any])?.map(timeless) ?? value
    }
    let data = try JSONSerialization.data(withJSONObject: timeless(object), options: [.sortedKeys])
    return String(decoding: data, as: UTF8.self)
  }

  @Test("a run that was interrupted or killed and goes on gives the figures of an undisturbed one")
  func resume() throws {
    let place = try place()
    let call = try arguments(["-q", "in", "--iterations", "3,40", "--rounds", "2", "--boundaries", "boundaries"])
    try Command.succeed(call + ["-o", "whole"], in: place)
    for (signal, share) in [(SIGINT, 0.2), (SIGTERM, 0.6), (SIGKILL, 0.4)] {
      let folder = "out\(signal)"
      let whole = Double(try place.bytes("whole/quality.journal").count)
      let running = try Command.Running(call + ["-o", folder], in: place)
      #expect(
        running.wait(until: { Double((try? place.bytes("\(folder)/quality.journal").count) ?? 0) > whole * share }))
      running.send(signal)
      let result = try running.wait()
      #expect(result.status == (signal == SIGKILL ? -SIGKILL : 128 + signal))
      if signal != SIGKILL {
        #expect(result.errors.hasPrefix("idinv-lite: interrupted") && result.errors.split(separator: "\n").count == 1)
        #expect(place.contents(folder) == ["quality.journal"])
      }
      // What a kill at another moment would leave; a file of another kind stays.
      let left = [".quality-f16.idinv", ".idinv-2000000000-7.tmp", ".quality-task.json"]
      for name in left + [".quality-f16.notes"] { try place.write("\(folder)/\(name)", [1]) }
      let before = try place.bytes("\(folder)/quality.journal").count
      try Command.succeed(call + ["-o", folder], in: place)
      #expect(try place.bytes("\(folder)/quality.journal").count > before)
      let hidden = place.contents(folder).filter { $0.hasPrefix(".") }
      #expect(hidden == [".quality-f16.notes"])
      #expect(try timeless(place.json("\(folder)/quality.json")) == timeless(place.json("whole/quality.json")))
    }
  }

  @Test("other weights and numbers of threads are measured, judged alike, and leave no files")
  func dimensions() throws {
    let place = try place()
    let object = try Command.succeed(
      arguments([
        "--json", "in", "-o", "out", "--optimizers", "adam", "--iterations", "3", "--weights", "all", "--threads",
        "1,2",
        "--rounds", "1", "--edits", "0",
      ]), in: place
    ).json
    let rows = try rows(object)
    #expect(rows.map { $0["weights"] as? String } == ["f32", "f32", "f16", "f16", "int8", "int8"])
    let losses = try rows.map { try number($0, "total_loss") }
    // Threads do not change a bit; weights do, a little.
    for pair in [0, 2, 4] { #expect(losses[pair] == losses[pair + 1]) }
    #expect(losses[0] != losses[2] && abs(losses[2] / losses[0] - 1) < 0.01)
    #expect(losses[0] != losses[4] && abs(losses[4] / losses[0] - 1) < 0.2)
    #expect(rows.allSatisfy { $0["edits_flipped_share"] == nil })
    #expect(place.contents("out").allSatisfy { $0.hasPrefix("quality") })
  }

  @Test("a picture that cannot be read is skipped, with its reason")
  func skipped() throws {
    let place = try place()
    try place.write("in/c.png", text: "no picture")
    let result = try Command.run(
      arguments(["in", "-o", "out", "--iterations", "1", "--optimizers", "adam", "--rounds", "1"]), in: place)
    #expect(result.status == 65 && result.errors.contains("in/c.png"))
    #expect(result.output.contains("\n1 configuration on 2 images, "))
    let object = try place.json("out/quality.json")
    #expect(object["images"] as? Int == 2 && (object["skipped"] as? [Any])?.count == 1)
  }

  @Test("a task from elsewhere is refused")
  func strayTask() throws {
    let result = try Command.run(["bench", "quality-task"], in: Folder(), prelude: "exec </dev/null")
    #expect(result.status == 64 && result.output.isEmpty && result.errors.contains("'bench quality'"))
  }

  static let refusals = [
    Refusal("no model", 66, ["nowhere.idinv"], ["bench", "quality", "-m", "nowhere.idinv", "a.png", "-o", "out"]),
    Refusal("no image", 66, ["nowhere.png"], ["bench", "quality", "-m", "MODEL", "nowhere.png", "-o", "out"]),
    Refusal(
      "an empty folder", 65, ["empty"], ["bench", "quality", "-m", "MODEL", "empty", "-o", "out"],
      prepare: { place in
        try FileManager.default.createDirectory(atPath: place.at("empty"), withIntermediateDirectories: true)
      }),
    Refusal("no encoder", 65, ["encoder"], ["bench", "quality", "-m", "GENERATOR", "a.png", "-o", "out"]),
    Refusal(
      "an unknown optimiser", 64, ["--optimizers", "adam", "'adam,sgd'"],
      ["bench", "quality", "-m", "MODEL", "a.png", "-o", "out", "--optimizers", "adam,sgd"]),
    Refusal(
      "an empty list", 64, ["--optimizers"],
      ["bench", "quality", "-m", "MODEL", "a.png", "-o", "out", "--optimizers", ""]),
    Refusal(
      "unknown weights", 64, ["--weights", "int8"],
      ["bench", "quality", "-m", "MODEL", "a.png", "-o", "out", "--weights", "f8"]),
    Refusal(
      "an unknown arithmetic", 64, ["--compute"],
      ["bench", "quality", "-m", "MODEL", "a.png", "-o", "out", "--compute", "f32,f8"]),
    Refusal(
      "steps that are no number", 64, ["--iterations"],
      ["bench", "quality", "-m", "MODEL", "a.png", "-o", "out", "--iterations", "5,ten"]),
    Refusal(
      "too many steps", 64, ["--iterations"],
      ["bench", "quality", "-m", "MODEL", "a.png", "-o", "out", "--iterations", "1000001"]),
    Refusal(
      "too many threads", 64, ["--threads"],
      ["bench", "quality", "-m", "MODEL", "a.png", "-o", "out", "--threads", "1,2000"]),
    Refusal("no round", 64, ["--rounds"], ["bench", "quality", "-m", "MODEL", "a.png", "-o", "out", "--rounds", "0"]),
    Refusal("no images", 64, ["--limit"], ["bench", "quality", "-m", "MODEL", "a.png", "-o", "out", "--limit", "0"]),
    Refusal(
      "no folder of boundaries", 66, ["nowhere"],
      ["bench", "quality", "-m", "MODEL", "a.png", "-o", "out", "--boundaries", "nowhere"]),
    Refusal(
      "a journal of something else", 65, ["quality.journal", "delete"],
      ["bench", "quality", "-m", "MODEL", "a.png", "-o", "out"],
      prepare: { place in try place.write("out/quality.journal", text: "something else\n") }),
  ]

  @Test("bad input ends in one line", arguments: refusals)
  func refuses(_ refusal: Refusal) throws { try RefusalTests.expect(refusal) }
}
