import Foundation
import Testing

@Suite("bench optimizers")
struct BenchOptimizersTests {
  @Test("the published run is that of invert, and the shares follow from the losses")
  func compare() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    let model = try Golden.model()
    let call = ["bench", "optimizers", "-m", model, "a.png", "-o", "out", "--steps", "6", "--threads", "1"]
    let json = try Command.succeed(call + ["--json"], in: place).json
    #expect(place.contents("out") == ["optimizers.csv", "optimizers.html", "optimizers.json"])
    let image = try #require((json["images"] as? [[String: Any]])?.first)
    let runs = try #require(image["runs"] as? [String: [String: Any]])
    // This model has no curvature.
    #expect(Set(runs.keys) == ["auto", "published"])
    func totals(_ method: String) throws -> [Double] { try #require(runs[method]?["total"] as? [Double]) }
    let (published, auto) = (try totals("published"), try totals("auto"))
    #expect(published.count == 7 && auto.count == 6 && published[0] == auto[0])

    try Command.succeed(
      ["invert", "-q", "-m", model, "a.png", "-o", "inverted", "--optimizer", "adam", "--iterations", "6"], in: place)
    let lines = try place.text("inverted/losses.jsonl").split(separator: "\n")
    for (line, total) in zip(lines, published) {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      let found = try #require(object?["total"] as? Double)
      #expect(abs(found - total) < 1e-6 * total)
    }

    let rows = try #require(json["figures"] as? [[String: Any]])
    let row = try #require(rows.first { $0["method"] as? String == "auto" })
    let place2 = auto.firstIndex { $0 <= published[6] }
    #expect(row["reached"] as? Int == (place2 == nil ? 0 : 1))
    if let place2 {
      #expect(row["evaluations_median"] as? Double == Double(place2 + 1) / 6)
    } else {
      #expect(row["evaluations_median"] == nil)
    }
    #expect(row["worse_than_start"] as? Int == 0)
    let text = try Command.succeed(call, in: place).output
    #expect(text.contains("auto: published loss after") && text.hasSuffix("report: out/optimizers.html\n"))
  }

  @Test("senseless options are refused")
  func refusals() throws {
    let place = try Folder()
    for more in [["--steps", "1"], ["--limit", "0"]] {
      #expect(try Command.run(["bench", "optimizers", "a.png", "-o", "out"] + more, in: place).status == 64)
    }
    #expect(
      try Command.run(["bench", "optimizers", "-m", Golden.model(), "none.png", "-o", "out"], in: place).status == 66)
  }
}
