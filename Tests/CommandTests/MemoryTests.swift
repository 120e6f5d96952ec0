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
    let result = try invert(["--memory-budget", "1G", "--json", "-q"], in: place)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    let memory = try #require(try result.json["memory"] as? [String: Any])
    #expect(memory["budget_bytes"] as? Int == 1 << 30)
    let predicted = try #require(memory["predicted_peak_bytes"] as? Int)
    let measured = try #require(memory["peak_rss_bytes"] as? Int)
    #expect(abs(Double(predicted - measured)) <= 0.25 * Double(measured), "\(predicted) and \(measured)")
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
    #expect(distance / Float(codes.floats.count) < 0.02, "\(distance) over \(codes.floats.count)")
  }

  /// What the refusal of a budget names as enough, in MB.
  private func least(_ arguments: [String], in place: Folder) throws -> Int {
    let refused = try Command.run(arguments + ["--memory-budget", "4M"], in: place)
    #expect(refused.status == 69 && refused.output.isEmpty, "\(arguments[0]): \(refused.errors)")
    return try #require(Int(refused.errors.firstMatch(of: /at least (\d+)M/)?.1 ?? ""), "\(refused.errors)")
  }

  @Test("without a budget, a task far beyond the machine is refused before it takes the memory")
  func beyondTheMachine() throws {
    let place = try Folder()
    let result = try Command.run(
      ["bench", "-m", Self.model, "--only", "encoder", "--batch", "1000000"], in: place)
    #expect(result.status == 69 && result.output.isEmpty)
    #expect(
      result.errors.contains(/^idinv-lite: memory: this would take about \d+\.\d+ GB, and .* are left; .*\n$/),
      "\(result.errors)")
  }

  @Test("other commands keep to a budget, too")
  func others() throws {
    let place = try Folder()
    try place.writePicture("a.png", height: 64, width: 64)
    // Under an emulator a sample takes seconds.
    let samples =
      Command.launcher.isEmpty ? ["--samples", "300", "--ratio", "0.1"] : ["--samples", "50", "--ratio", "0.3"]
    for arguments in [
      ["mix", "--styles", "a.png", "--contents", "a.png", "-o", "out", "--iterations", "1"],
      ["bench", "--runs", "1", "--only", "step"], ["encode", "a.png", "-o", "out"],
      ["synthesize", "--seeds", "0-4", "-o", "out"], ["evaluate", "a.png", "-o", "out", "--methods", "encoder"],
      ["bench", "optimizers", "a.png", "-o", "out", "--steps", "2"],
      ["boundary", "train", "--attribute", "smile", "-o", "learnt"] + samples,
      ["boundary", "search-layers", "--boundary", "learnt/smile.npy", "--samples", "2"],
    ] {
      let call = arguments + ["-m", Self.model]
      let least = try least(call, in: place)
      let result = try Command.run(call + ["--memory-budget", "\(least)M"], in: place)
      #expect(result.status == 0 && result.output.contains("memory: about"), "\(arguments[0]): \(result.errors)")
      // What bench measures the memory's speed on is not in its budget.
      guard Command.isQuick, arguments[0] != "bench" else { continue }
      #expect(result.peakByteCount < least << 20, "\(arguments[0]): \(result.peakByteCount) for \(least)M")
    }
  }

  @Test("pictures, codes and attributes of the least memory are those of plenty, up to rounding")
  func networksAlone() throws {
    let place = try Folder()
    try place.writePicture("a.png", height: 64, width: 64)
    func predicted(_ json: [String: Any]) throws -> Int {
      try #require((json["memory"] as? [String: Any])?["predicted_peak_bytes"] as? Int)
    }
    /// `plenty` is what the plan takes that makes nothing smaller: of attributes it is less than a megabyte above the least.
    func run(_ arguments: [String], _ megabytes: Int?, plenty: Int = 0) throws -> [String: Any] {
      let budget = megabytes.map { ["--memory-budget", "\($0)M"] } ?? []
      let json = try Command.succeed(arguments + ["-m", Self.model, "--json"] + budget, in: place).json
      #expect((json["memory"] == nil) == (megabytes == nil), "\(arguments[0])")
      if let megabytes {
        let memory = try #require(json["memory"] as? [String: Any])
        #expect(memory["budget_bytes"] as? Int == megabytes << 20)
        let compact = try #require(memory["convolutions_compact"] as? Int)
        let streamed = try #require(memory["convolutions_streamed"] as? Int)
        #expect((compact + streamed > 0) == (megabytes << 20 < plenty), "\(arguments[0])")
      }
      return json
    }
    // 'auto' makes codes in 8 bits where the processor is fast at that, but not of compact weights.
    for (arguments, array) in [
      (["synthesize", "--seeds", "3", "-o"], "codes.npy"),
      (["encode", "a.png", "--compute", "f32", "-o"], "encoded_codes.npy"),
    ] {
      _ = try run(arguments + ["plain"], nil)
      let plenty = try predicted(run(arguments + ["plenty"], 900))
      let least = try least(arguments + ["least", "-m", Self.model], in: place)
      #expect(least << 20 < plenty, "\(arguments[0])")
      _ = try run(arguments + ["least"], least, plenty: plenty)
      let names = place.contents("plain")
      #expect(names == place.contents("least"))
      for name in names { #expect(try place.bytes("plain/\(name)") == place.bytes("plenty/\(name)"), "\(name)") }
      let (codes, expected) = (try place.array("least/\(array)").floats, try place.array("plain/\(array)").floats)
      #expect(zip(codes, expected).allSatisfy { abs($0 - $1) < 1e-3 })
    }

    let call = ["attributes", "a.png", "--judge", "none"]
    func values(_ json: [String: Any]) throws -> [String: Double] {
      let images = try #require(json["images"] as? [[String: Any]])
      return try #require(images[0]["values"] as? [String: Double])
    }
    let budget = try least(call + ["-m", Self.model], in: place)
    let plenty = try predicted(run(call, 900))
    let (plain, tight) = (try values(run(call, nil)), try values(run(call, budget, plenty: plenty)))
    for (name, value) in plain {
      let difference = abs(try #require(tight[name]) - value)
      #expect(difference < 4e-3, "\(name): \(difference)")
    }
    // The table stays one.
    let table = try Command.succeed(call + ["-m", Self.model, "--memory-budget", "\(budget)M"], in: place).output
    #expect(table.hasPrefix("image\t") && table.split(separator: "\n").count == 2)
  }

  @Test("an evaluation within a budget measures the same, and says what it took")
  func evaluation() throws {
    let place = try Folder()
    try place.writePicture("a.png", height: 64, width: 64)
    try place.writePicture("b.png", index: 1, height: 64, width: 64)
    // Beside a copy there are no boundaries. Under an emulator their experiments take ten minutes.
    let copy = try place.write("model.idinv", place.bytes(Self.model))
    let call = [
      "evaluate", "a.png", "b.png", "-m", Command.launcher.isEmpty ? Self.model : copy, "--methods", "in-domain",
      "--iterations", Command.launcher.isEmpty ? "2" : "1", "--json",
    ]
    func run(_ output: String, _ budget: [String]) throws -> [String: Any] {
      try Command.succeed(call + ["-o", output] + budget, in: place).json
    }
    func figures(_ json: [String: Any]) throws -> [Double] {
      let rows = try #require(json["reconstruction"] as? [[String: Any]]) + (json["ablation"] as? [[String: Any]] ?? [])
      return try rows.map { try #require($0["lpips_style"] as? Double) }
    }
    let (plain, within) = (try run("plain", []), try run("within", ["--memory-budget", "900M"]))
    #expect(try figures(plain) == figures(within) && figures(plain).count == 6)
    #expect(plain["memory"] == nil)
    let memory = try #require(within["memory"] as? [String: Any])
    #expect(memory["batch"] as? Int == 2)
    let predicted = try #require(memory["predicted_peak_bytes"] as? Int)
    let measured = try #require(memory["peak_rss_bytes"] as? Int)
    #expect(!Command.isQuick || abs(Double(predicted - measured)) <= 0.35 * Double(measured))
    #expect(try place.text("within/evaluation.html").contains("nothing given up for memory"))
    let tight = try run("tight", ["--memory-budget", "\(try least(call + ["-o", "none"], in: place))M"])
    for (found, expected) in zip(try figures(tight), try figures(plain)) {
      #expect(abs(found - expected) < 0.02 * expected, "\(found), \(expected)")
    }
    #expect((tight["memory"] as? [String: Any])?["batch"] as? Int == 1)
  }

  @Test("bench quality: what cannot keep to the budget says how much it needs", .enabled(if: Command.isQuick))
  func quality() throws {
    let place = try Folder()
    try place.writePicture("a.png", height: 64, width: 64)
    let call = [
      "bench", "quality", "a.png", "-m", Self.model, "-o", "out", "--iterations", "0,1", "--optimizers", "adam",
      "--compute", "f32", "--rounds", "1", "--edits", "0", "--json",
    ]
    let least = try least(call, in: place)
    // Each thread has memory of its own.
    let json = try Command.succeed(
      call + ["--threads", "1,128", "--memory-budget", "\(least)M"], in: place
    ).json
    #expect(json["memory_budget_bytes"] as? Int == least << 20)
    let rows = try #require(json["configurations"] as? [[String: Any]])
    #expect(rows.count == 4)
    for row in rows {
      let failure = row["failure"] as? String
      #expect((failure == nil) == (row["threads"] as? Int == 1), "\(failure ?? "")")
      if let failure { #expect(failure.contains("memory budget: expected at least ")) }
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
      try Command.succeed(arguments + ["--json"], in: place, environment: Command.silentMachine).json["memory"]
        as? [String: Any])
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
    let table = try Command.succeed(arguments, in: place, environment: Command.silentMachine).output
    #expect(table.contains("arena: tensors within a run"))
  }
}
