import Foundation
import Testing

/// `--memory-budget` and `bench --memory`, on the shipped model: the program itself is most of what it needs.
@Suite("memory")
struct MemoryTests {
  private static let model = Golden.tests.deletingLastPathComponent()
    .appendingPathComponent("models/default.idinv").path

  private func invert(_ options: [String], in place: Folder, to output: String = "out") throws -> Command.Result {
    if !place.has("a.png") { try place.writePicture("a.png", height: 64, width: 64) }
    return try Command.run(
      ["invert", "-m", Self.model, "a.png", "-o", output, "--iterations", "5"] + options, in: place)
  }

  @Test("the predicted peak is near the measured one, and both are in the summary")
  func prediction() throws {
    let place = try Folder()
    let result = try invert(["--memory-budget", "1G", "--json"], in: place)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    let memory = try #require(try result.json["memory"] as? [String: Any])
    #expect(memory["budget_bytes"] as? Int == 1 << 30)
    let predicted = try #require(memory["predicted_peak_bytes"] as? Int)
    let measured = try #require(memory["peak_rss_bytes"] as? Int)
    #expect(abs(Double(predicted - measured)) <= 0.2 * Double(measured), "\(predicted) and \(measured)")
    #expect(memory["estimated_slowdown"] as? Double == 1)
    #expect(try place.text("out/inversion.html").contains("nothing given up for memory"))
  }

  @Test("the shipped model needs less than 64 MB", .enabled(if: Command.launcher.isEmpty))
  func shippedModel() throws {
    let place = try Folder()
    let result = try invert(["--quiet"], in: place)
    #expect(result.status == 0)
    #expect(result.peakByteCount < 64 << 20, "\(result.peakByteCount)")
  }

  @Test("a generous budget changes nothing; without one nothing is said")
  func generous() throws {
    let place = try Folder()
    let plain = try invert([], in: place)
    let generous = try invert(["--memory-budget", "900M"], in: place, to: "other")
    #expect(plain.output.split(separator: "\n").count == 1 && generous.output.hasPrefix("memory: about "))
    #expect(try place.json("out/summary.json")["memory"] == nil)
    #expect(try place.bytes("out/inverted_codes.npy") == place.bytes("other/inverted_codes.npy"))
  }

  @Test("an impossible budget is one line that names the least, and the least will do")
  func impossible() throws {
    let place = try Folder()
    let refused = try invert(["--memory-budget", "4M"], in: place)
    #expect(refused.status == 69 && refused.output.isEmpty)
    #expect(refused.errors.split(separator: "\n").count == 1)
    let least = try #require(refused.errors.firstMatch(of: /at least (\d+M)/)?.1)
    let result = try invert(["--optimizer", "adam", "--memory-budget", "\(least)"], in: place, to: "least")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("streamed"), "\(result.output)")
    _ = try invert(["--optimizer", "adam"], in: place)
    let (codes, expected) = (try place.array("least/inverted_codes.npy"), try place.array("out/inverted_codes.npy"))
    // Near a kink another algorithm's rounding takes the other side, and an early step of Adam goes all the way there.
    let distance = zip(codes.floats, expected.floats).reduce(0) { $0 + abs($1.0 - $1.1) }
    #expect(distance / Float(codes.floats.count) < 0.005, "\(distance) over \(codes.floats.count)")
  }

  @Test("editing commands and bench keep to a budget, too")
  func others() throws {
    let place = try Folder()
    try place.writePicture("a.png", height: 64, width: 64)
    for arguments in [
      ["mix", "--styles", "a.png", "--contents", "a.png", "-o", "out", "--iterations", "1", "-m", Self.model],
      ["bench", "--runs", "1", "--only", "step", "-m", Self.model],
    ] {
      let refused = try Command.run(arguments + ["--memory-budget", "4M"], in: place)
      #expect(refused.status == 69, "\(arguments[0]): \(refused.errors)")
      let least = try #require(refused.errors.firstMatch(of: /at least (\d+M)/)?.1)
      let result = try Command.run(arguments + ["--memory-budget", "\(least)"], in: place)
      #expect(result.status == 0 && result.output.contains("memory: about"), "\(arguments[0]): \(result.errors)")
    }
  }

  @Test("sizes that are none are wrong usage", arguments: ["", "M", "-1", "12Q", "1e9", "0", "1.2.3G"])
  func sizes(_ size: String) throws {
    let place = try Folder()
    #expect(try invert(["--memory-budget=\(size)"], in: place).status == 64)
  }

  @Test("bench --memory adds up")
  func account() throws {
    let place = try Folder()
    let arguments = ["bench", "--runs", "1", "--memory", "-m", Self.model]
    let memory = try #require(
      try Command.succeed(arguments + ["--json"], in: place).json["memory"] as? [String: Any])
    func bytes(_ key: String) throws -> Int { try #require(memory[key] as? Int, "\(key)") }
    let packed = try #require(memory["packed"] as? [[String: Any]])
    let sum = packed.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) }
    #expect(try sum == bytes("packed_bytes") && sum > 0)
    var total = sum
    for key in ["mapped_weight_bytes", "arena_bytes", "kept_bytes", "other_bytes"] {
      #expect(try bytes(key) > 0, "\(key)")
      total += try bytes(key)
    }
    #expect(try total == bytes("peak_rss_bytes"))
    #expect(try Command.succeed(arguments, in: place).output.contains("arena: tensors within a run"))
  }
}
