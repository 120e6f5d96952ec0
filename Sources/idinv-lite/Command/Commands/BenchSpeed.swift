import ArgumentParser
import Files
import Foundation
import Inversion
import Reports
import Runtime
import SIMDKernels
import Workflows

/// `idinv-lite bench speed`, and `idinv-lite bench` where no subcommand is named
struct BenchSpeed: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "speed",
    abstract: "Measure this machine's speed on a model: each network, and one refinement step.",
    discussion: """
      Example: idinv-lite bench --graph

      Figures are medians. A step is forward and backward of all terms that the model has networks for. The peak is \
      that of the f32 matrix kernel on data in the first-level cache, measured in the same run.

      To report the speed of a board, use --submit-file and attach the file to an issue.
      """)

  /// What there is to measure.
  enum Part: String, CaseIterable, ExpressibleByArgument {
    case generator, encoder, perceptual, step
  }

  @OptionGroup var model: ModelOption
  @OptionGroup(title: "Speed and memory") var memoryOption: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions

  @Option(help: ArgumentHelp("Timed runs of each.", valueName: "n"))
  var runs = 10

  @Option(help: ArgumentHelp("Images at once.", valueName: "n"))
  var batch = 1

  @Option(help: "Measure only this; repeatable. Default: all that the model has.")
  var only: [Part] = []

  @Flag(help: "List every operator with its time, GFLOP/s, share of the peak, minimum bytes to move and GB/s.")
  var graph = false

  @Flag(help: "Show where the memory is: packed weights, mapped weights, arena, the rest.")
  var memory = false

  @Flag(help: "Print as one JSON object.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "Also write figures, processor, system, clock rates and temperatures to this JSON file, to report a board's speed. "
        + "It contains no names of hosts, users or files.", valueName: "file"))
  var submitFile: String?

  mutating func validate() throws {
    guard runs > 0 else { throw ValidationError("--runs: expected 1 or more, found \(runs)") }
    guard batch > 0 else { throw ValidationError("--batch: expected 1 or more, found \(batch)") }
  }

  func run() throws {
    try reporting {
      let files = SystemFiles.current
      let topology = CoreTopology(files)
      let kernels = try engine.kernels()
      let loaded = try model.load()
      if let submitFile { try OutputPlaces(inputs: [loaded.path]).check(submitFile) }
      let cpus = Processor.allowedCPUs
      let probe = ConditionProbe(files, cpus: cpus)
      let before = probe.read()
      let specification = loaded.file.specification
      let missing = { (part: Part) in
        switch part {
        case .generator, .step: specification.generator == nil
        case .encoder: specification.encoder == nil
        case .perceptual: specification.perceptual == nil
        }
      }
      // What is asked for by name and is not there is refused by the networks themselves.
      let parts = only.isEmpty ? Part.allCases.filter { !missing($0) } : only
      let choice = try memoryOption.limit.choose(loaded, batches: [batch], kernels: kernels) {
        (model, kernels, batch) throws(InversionError) in
        try ModelBenchmark(model, batch: batch, kernels: kernels).graphs(
          networks: parts.compactMap { NetworkKind(rawValue: $0.rawValue) }, step: parts.contains(.step))
      }
      let model = choice.model
      let benchmark = ModelBenchmark(model, batch: batch, kernels: kernels)
      var listing = SpeedResults(
        threads: kernels.threadCount, cpus: cpus, compute: kernels.computeName(model),
        tier: kernels.table.tier.rawValue,
        batch: batch, peak_gflops: kernels.measurePeak() * 1e-9,
        memory_gb_per_s: kernels.measureMemoryBandwidth() * 1e-9)
      Self.forgetPeakResidentBytes()
      func timing(_ timing: GraphTiming) -> SpeedResults.Timing {
        SpeedResults.Timing(
          median_s: timing.median, least_s: timing.seconds.min() ?? .nan, runs: runs,
          gflop: Double(timing.operations.reduce(0) { $0 + $1.work }) * 1e-9,
          arena_bytes: timing.memoryPlan.byteCount, arena_lower_bound_bytes: timing.memoryPlan.lowerBound,
          operators: graph
            ? timing.operations.map { OperatorFigures($0, peak: listing.peak_gflops * 1e9) } : nil)
      }
      if parts.contains(.generator) { listing.generator = timing(try benchmark.time(.generator, runs: runs)) }
      if parts.contains(.encoder) { listing.encoder = timing(try benchmark.time(.encoder, runs: runs)) }
      if parts.contains(.perceptual) { listing.perceptual = timing(try benchmark.time(.perceptual, runs: runs)) }
      if parts.contains(.step) { listing.step = timing(try benchmark.timeStep(runs: runs)) }
      listing.peak_rss_bytes = ProcessMemory.peakByteCount
      if memory { listing.memory = MemoryFigures(model.memoryAccount) }
      listing.plan = choice.figures
      if let submitFile {
        let submission = try BenchSubmission(
          model, machine: MachineDescription(files, topology: topology, used: cpus), before: before,
          after: probe.read(), bench: listing)
        try JSONOutput.write(submission, to: submitFile)
      }
      if json {
        try JSONOutput.print(listing)
      } else {
        try StandardStreams.printOutput(text(listing) + (choice.line.map { "  \($0)\n" } ?? ""))
      }
    }
  }

  private func text(_ listing: SpeedResults) -> String {
    var text = "tier \(listing.tier), \(listing.compute), \(listing.threads) threads, batch \(batch), "
    text += "median of \(runs) runs; "
    text += printed("peak %.1f GFLOP/s, ", listing.peak_gflops)
    text += printed("memory read at %.1f GB/s\n", listing.memory_gb_per_s)
    for (name, timing) in listing.timings {
      text += "  " + name.padding(toLength: 11, withPad: " ", startingAt: 0)
      text += String(
        format: "%9.2f ms  %8.2f GFLOP  %7.1f GFLOP/s  arena ", timing.median_s * 1e3, timing.gflop,
        timing.gflop / timing.median_s)
      text += "\(humanBytes(timing.arena_bytes)) (lower bound \(humanBytes(timing.arena_lower_bound_bytes)))\n"
    }
    text += "  peak memory \(humanBytes(listing.peak_rss_bytes))\n"
    for (name, timing) in listing.timings {
      guard let operators = timing.operators else { continue }
      text += "\n\(name)\n" + operatorTable(operators)
    }
    return text + (listing.memory?.text ?? "")
  }

  /// Lets the peak begin anew (proc(5), clear_refs): the memory that the bandwidth was measured on is no part of it.
  private static func forgetPeakResidentBytes() {
    SystemFile.write("5", to: "/proc/self/clear_refs")
  }
}
