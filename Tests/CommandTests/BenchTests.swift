import Foundation
import Testing

@Suite("bench")
struct BenchTests {
  private func succeed(_ arguments: [String], in place: Folder) throws -> Command.Result {
    try Command.succeed(arguments, in: place, environment: Command.silentMachine)
  }

  @Test("CSV has a line for each network, operator or kernel, with the columns that it names")
  func csv() throws {
    let place = try Folder()
    func table(_ arguments: [String]) throws -> [[String: String]] {
      let lines = try succeed(arguments, in: place).output.split(separator: "\n").map { line -> [String] in
        // Commas within quotes belong to a field.
        var fields = [""]
        var isQuoted = false
        for character in line {
          if character == "\"" {
            isQuoted.toggle()
          } else if character == ",", !isQuoted {
            fields.append("")
          } else {
            fields[fields.count - 1].append(character)
          }
        }
        return fields
      }
      let columns = try #require(lines.first)
      #expect(lines.count > 1 && lines.allSatisfy { $0.count == columns.count })
      return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(columns, $0)) }
    }
    let speed = ["bench", "speed", "--runs", "1", "--csv", "--model", try Golden.model()]
    let networks = try table(speed)
    #expect(networks.map { $0["network"] } == ["generator", "encoder", "perceptual", "step"])
    for row in networks {
      let seconds = try #require(Double(row["median_s"] ?? "")), work = try #require(Double(row["gflop"] ?? ""))
      let rate = try #require(Double(row["gflops"] ?? ""))
      #expect(seconds > 0 && work > 0 && abs(rate * seconds - work) <= 1e-6 * work)
    }
    let operators = try table(speed + ["--graph"])
    #expect(operators.count > networks.count && operators.allSatisfy { Double($0["median_s"] ?? "") != nil })
    try place.write(
      "s.json", text: #"[{"name": "a", "form": "3x3", "inputs": 16, "outputs": 16, "side": 8}]"#)
    let kernels = try table(["bench", "kernels", "s.json", "--runs", "1", "--csv"])
    #expect(
      Set(kernels.map { $0["direction"] }) == ["forward", "backward"] && kernels.allSatisfy { $0["shape"] == "a" })
    for command in [speed, ["bench", "kernels", "s.json", "--csv"]] {
      let both = try Command.run(command + ["--json"], in: place)
      #expect(both.status == 64 && both.errors.contains("--csv"), "\(both.errors)")
    }
  }

  @Test("figures are there under their names, and add up")
  func figures() throws {
    let place = try Folder()
    let json = try succeed(
      ["bench", "--runs", "2", "--graph", "--json", "--model", Golden.model()], in: place
    ).json
    let peak = try #require(json["peak_gflops"] as? Double)
    let peaks = try #require(json["peaks_gflops"] as? [String: Double])
    #expect(peak > 0.01 && peaks["f32"] == peak)
    #expect(try #require(json["memory_gb_per_s"] as? Double) > 0.01)
    #expect(try #require(json["threads"] as? Int) >= 1 && ["f32", "f16"].contains(json["compute"] as? String))
    #expect(try #require(json["peak_rss_bytes"] as? Int) > 1 << 20)
    for part in ["generator", "encoder", "perceptual", "step"] {
      let timing = try #require(json[part] as? [String: Any], "\(part)")
      #expect(timing["runs"] as? Int == 2)
      let median = try #require(timing["median_s"] as? Double), least = try #require(timing["least_s"] as? Double)
      #expect(least > 0 && least <= median)
      let operators = try #require(timing["operators"] as? [[String: Any]])
      var gflop = 0.0
      for figures in operators {
        let seconds = max(1e-9, try #require(figures["median_s"] as? Double))
        let work = try #require(figures["gflop"] as? Double)
        let bytes = Double(try #require(figures["bytes"] as? Int))
        let share = try #require(figures["share_of_peak"] as? Double)
        let bandwidth = try #require(figures["gb_per_s"] as? Double)
        gflop += work
        let executed = try #require(figures["executed_gflop"] as? Double)
        let transforms = try #require(figures["transform_bytes"] as? Int)
        #expect((executed > 0) == (work > 0) && transforms >= 0, "\(part): \(figures)")
        #expect(bytes > 0, "\(part): \(figures)")
        let arithmetic = try #require(figures["arithmetic"] as? String)
        let limit = try #require(peaks[arithmetic])
        #expect(abs(share - executed / seconds / limit) <= 1e-6 * (1 + share))
        #expect(abs(bandwidth - bytes * 1e-9 / seconds) <= 1e-6 * (1 + bandwidth))
      }
      #expect(abs(gflop - (try #require(timing["gflop"] as? Double))) <= 1e-9)
    }
  }

  @Test("a dense layer moves its weights, once, and its vectors")
  func bytes() throws {
    let place = try Folder()
    let json = try succeed(
      ["bench", "--runs", "1", "--only", "encoder", "--graph", "--json", "--model", Golden.model()], in: place
    ).json
    #expect(json["generator"] == nil && json["step"] == nil)
    let encoder = try #require(json["encoder"] as? [String: Any])
    let last = try #require((encoder["operators"] as? [[String: Any]])?.last)
    #expect(last["name"] as? String == "dense")
    // 2 · outputs · inputs operations; 4 bytes of weights for each pair of them, and both vectors.
    let pairs = Int((try #require(last["gflop"] as? Double) * 1e9 / 2).rounded())
    let outputs = try #require(
      (last["output"] as? String)?.split(whereSeparator: { !$0.isNumber }).last.flatMap { Int($0) })
    let expected = 4 * (pairs + outputs + pairs / outputs)
    #expect(last["bytes"] as? Int == expected)
  }

  @Test("a table for people, and only on request")
  func table() throws {
    let place = try Folder()
    let model = try Golden.generatorModel()
    let short = try succeed(["bench", "--runs", "1", "--model", model], in: place).output
    #expect(short.contains("peak ") && short.contains("step") && !short.contains("encoder"))
    #expect(!short.contains("noise-bias-activation"))
    let long = try succeed(["bench", "--runs", "1", "--graph", "--model", model], in: place).output
    #expect(long.contains("noise-bias-activation") && long.contains("GB/s"))
  }

  @Test("single kernels are timed by every algorithm they have, and files of shapes are read with care")
  func kernels() throws {
    let place = try Folder()
    try place.write(
      "shapes.json",
      text: """
        [{"name": "a", "form": "3x3", "inputs": 16, "outputs": 20, "side": 8},
         {"name": "b", "form": "up3x3", "inputs": 3, "outputs": 5, "side": 7},
         {"name": "c", "form": "dense", "inputs": 33, "outputs": 7}]
        """)
    let json = try succeed(["bench", "kernels", "shapes.json", "--runs", "2", "--json"], in: place).json
    let rows = try #require(json["kernels"] as? [[String: Any]])
    #expect(try #require(json["peak_gflops"] as? Double) > 0.01)
    for row in rows {
      let seconds = try #require(row["median_s"] as? Double), gflop = try #require(row["gflop"] as? Double)
      let speed = try #require(row["gflops"] as? Double)
      #expect(seconds > 0 && abs(speed - gflop / seconds) <= 1e-6 * speed)
    }
    func algorithms(_ name: String, _ direction: String) -> [String] {
      rows.filter { $0["name"] as? String == name && $0["direction"] as? String == direction }
        .compactMap { $0["algorithm"] as? String }
    }
    // Where the processor has them, products of 16 and 8 bits come on top.
    func exact(_ name: String, _ direction: String) -> [String] {
      algorithms(name, direction).filter { !$0.hasSuffix("-16") && !$0.hasSuffix("-8") }
    }
    #expect(exact("a", "forward").prefix(2) == ["direct", "winograd"])
    #expect(exact("b", "backward") == ["direct"])
    #expect(exact("c", "forward") == ["direct"] && exact("c", "backward") == ["direct"])
    let work = rows.first { $0["name"] as? String == "a" }?["gflop"] as? Double
    #expect(abs((work ?? 0) - 2.0 * 16 * 20 * 9 * 64 * 1e-9) < 1e-12)
    let table = try succeed(["bench", "kernels", "shapes.json", "--runs", "1", "--compute", "f32"], in: place)
    #expect(table.output.contains("winograd ") && !table.output.contains("-16"))

    for (text, status, words) in [
      ("[{\"name\": \"x\", \"form\": \"5x5\", \"inputs\": 1, \"outputs\": 1, \"side\": 4}]", 65, "form \"5x5\""),
      ("[{\"name\": \"x\", \"form\": \"3x3\", \"inputs\": 0, \"outputs\": 1, \"side\": 4}]", 65, "expected 1 to 65536"),
      ("[{\"name\": \"x\", \"form\": \"3x3\", \"inputs\": 1, \"outputs\": 1}]", 65, "side missing"),
      ("[{\"name\": \"x\", \"form\": \"3x3\", \"inputs\": 65536, \"outputs\": 65536, \"side\": 4}]", 65, "too large"),
      ("{}", 65, "expected a JSON list"),
    ] as [(String, Int32, String)] {
      try place.write("bad.json", text: text)
      let result = try Command.run(["bench", "kernels", "bad.json"], in: place)
      #expect(result.status == status && result.errors.contains(words), "\(result.errors)")
    }
    let missing = try Command.run(["bench", "kernels", "none.json"], in: place)
    #expect(missing.status == 66 && missing.errors.contains("none.json"))
  }

  @Test("the project's files of shapes can be read")
  func projectShapes() throws {
    let place = try Folder()
    let folder = Golden.tests.deletingLastPathComponent().appendingPathComponent("bench/shapes")
    let awkward = folder.appendingPathComponent("awkward.json").path
    #expect(
      try succeed(["bench", "kernels", awkward, "--runs", "1"], in: place).output.contains("odd channels"))
    for name in ["published-256.json", "shipped-64.json"] {
      let data = try Data(contentsOf: folder.appendingPathComponent(name))
      let list = try #require(JSONSerialization.jsonObject(with: data) as? [[String: Any]])
      #expect(list.count > 10 && Set(list.compactMap { $0["name"] as? String }).count > 10)
    }
  }

  @Test("a network that the model does not have is bad data")
  func missing() throws {
    let place = try Folder()
    let result = try Command.run(["bench", "--only", "encoder", "--model", Golden.generatorModel()], in: place)
    #expect(result.status == 65 && result.output.isEmpty)
    #expect(result.errors.contains("encoder") && result.errors.split(separator: "\n").count == 1)
  }
}
