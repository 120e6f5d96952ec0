import ArgumentParser
import Foundation
import Inversion
import Runtime
import SIMDKernels

/// `idinv-lite bench`
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure this machine's speed on a model: each network, and one refinement step.",
    discussion: "Figures are medians. A step is forward and backward of all terms that the model has networks for.")

  @OptionGroup var model: ModelOption
  @OptionGroup var engine: EngineOptions

  @Option(help: ArgumentHelp("Timed runs of each.", valueName: "n"))
  var runs = 10

  @Option(help: ArgumentHelp("Images at once.", valueName: "n"))
  var batch = 1

  @Flag(help: "List every operator of the step, with its time and GFLOP/s, and the memory plan.")
  var graph = false

  @Flag(help: "Print as one JSON object.")
  var json = false

  mutating func validate() throws {
    guard runs > 0 else { throw ValidationError("--runs: expected 1 or more, found \(runs)") }
    guard batch > 0 else { throw ValidationError("--batch: expected 1 or more, found \(batch)") }
  }

  private struct Timing: Encodable {
    var median_s: Double
    var runs: Int
    var gflop: Double
    var arena_bytes: Int
    var arena_lower_bound_bytes: Int
  }

  private struct Listing: Encodable {
    var threads: Int
    var compute = "f32"
    var tier: String
    var batch: Int
    var peak_rss_bytes: Int
    var generator: Timing?
    var encoder: Timing?
    var perceptual: Timing?
    var step: Timing?
  }

  func run() throws {
    try reporting {
      let kernels = try engine.kernels()
      let model = try model.load()
      let benchmark = ModelBenchmark(model, batch: batch, kernels: kernels)
      func timing(_ timing: GraphTiming) -> Timing {
        Timing(
          median_s: timing.median, runs: runs, gflop: Double(timing.operations.reduce(0) { $0 + $1.work }) * 1e-9,
          arena_bytes: timing.memoryPlan.byteCount, arena_lower_bound_bytes: timing.memoryPlan.lowerBound)
      }
      var listing = Listing(
        threads: kernels.threadCount, tier: kernels.table.tier.rawValue, batch: batch, peak_rss_bytes: 0)
      let specification = model.file.specification
      if specification.generator != nil { listing.generator = timing(try benchmark.time(.generator, runs: runs)) }
      if specification.encoder != nil { listing.encoder = timing(try benchmark.time(.encoder, runs: runs)) }
      if specification.perceptual != nil {
        listing.perceptual = timing(try benchmark.time(.perceptual, runs: runs))
      }
      var operations: [GraphTiming.Operation] = []
      if specification.generator != nil {
        let step = try benchmark.timeStep(runs: runs)
        listing.step = timing(step)
        operations = step.operations
      }
      listing.peak_rss_bytes = Self.peakResidentBytes()
      if json {
        try JSONOutput.print(listing)
      } else {
        try StandardStreams.printOutput(text(listing) + (graph ? table(operations) : ""))
      }
    }
  }

  private func text(_ listing: Listing) -> String {
    var text = "tier \(listing.tier), \(listing.threads) threads, batch \(batch), median of \(runs) runs\n"
    for (name, timing) in [
      ("generator", listing.generator), ("encoder", listing.encoder), ("perceptual", listing.perceptual),
      ("step", listing.step),
    ] {
      guard let timing else { continue }
      text += "  " + name.padding(toLength: 11, withPad: " ", startingAt: 0)
      text += String(
        format: "%9.2f ms  %8.2f GFLOP  %7.1f GFLOP/s  arena ", timing.median_s * 1e3, timing.gflop,
        timing.gflop / timing.median_s)
      text += "\(humanBytes(timing.arena_bytes)) (lower bound \(humanBytes(timing.arena_lower_bound_bytes)))\n"
    }
    return text + "  peak memory \(humanBytes(listing.peak_rss_bytes))\n"
  }

  private func table(_ operations: [GraphTiming.Operation]) -> String {
    var text = "\n      ms  GFLOP/s  operator                        output\n"
    for operation in operations {
      text += String(format: "%8.3f  ", operation.seconds * 1e3)
      text +=
        operation.work > 0 ? String(format: "%7.1f", Double(operation.work) * 1e-9 / operation.seconds) : "      -"
      text += "  " + operation.name.padding(toLength: 30, withPad: " ", startingAt: 0) + "  \(operation.shape)\n"
    }
    return text
  }

  /// The most memory this process has had in use, from the kernel's accounts.
  private static func peakResidentBytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
      return (Int(line.split(whereSeparator: { !$0.isNumber }).first ?? "") ?? 0) * 1024
    }
    return 0
  }
}
