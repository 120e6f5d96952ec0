import Foundation
import Testing

@Suite("bench")
struct BenchTests {
  @Test("figures are there under their names, and add up")
  func figures() throws {
    let place = try Folder()
    let json = try Command.succeed(
      ["bench", "--runs", "2", "--graph", "--json", "--model", Golden.model()], in: place
    ).json
    let peak = try #require(json["peak_gflops"] as? Double)
    #expect(peak > 0.01)
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
        #expect(abs(share - work / seconds / peak) <= 1e-6 * (1 + share))
        #expect(abs(bandwidth - bytes * 1e-9 / seconds) <= 1e-6 * (1 + bandwidth))
      }
      #expect(abs(gflop - (try #require(timing["gflop"] as? Double))) <= 1e-9)
    }
  }

  @Test("a dense layer moves its weights, once, and its vectors")
  func bytes() throws {
    let place = try Folder()
    let json = try Command.succeed(
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
    let short = try Command.succeed(["bench", "--runs", "1", "--model", model], in: place).output
    #expect(short.contains("peak ") && short.contains("step") && !short.contains("encoder"))
    #expect(!short.contains("noise-bias-activation"))
    let long = try Command.succeed(["bench", "--runs", "1", "--graph", "--model", model], in: place).output
    #expect(long.contains("noise-bias-activation") && long.contains("GB/s"))
  }

  @Test("a network that the model does not have is bad data")
  func missing() throws {
    let place = try Folder()
    let result = try Command.run(["bench", "--only", "encoder", "--model", Golden.generatorModel()], in: place)
    #expect(result.status == 65 && result.output.isEmpty)
    #expect(result.errors.contains("encoder") && result.errors.split(separator: "\n").count == 1)
  }
}
