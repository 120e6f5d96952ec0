import ArgumentParser
import Glibc
import Reports
import Workflows

extension SpeedRun.Part: ExpressibleByArgument {}

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

  @OptionGroup var model: ModelOption
  @OptionGroup(title: "Speed and memory") var memoryOption: MemoryOption
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions

  @Option(help: ArgumentHelp("Timed runs of each.", valueName: "n"))
  var runs = 10

  @Option(help: ArgumentHelp("Images at once.", valueName: "n"))
  var batch = 1

  @Option(help: "Measure only this; repeatable. Default: all that the model has.")
  var only: [SpeedRun.Part] = []

  @Flag(help: "List every operator with its time, GFLOP/s, share of the peak, minimum bytes to move and GB/s.")
  var graph = false

  @Flag(help: "Show where the memory is: packed weights, mapped weights, arena, the rest.")
  var memory = false

  @Flag(help: "Print as one JSON object.")
  var json = false

  @Flag(help: "Print as CSV: a line for each network, or with --graph for each operator.")
  var csv = false

  @Option(
    help: ArgumentHelp(
      "Also write figures, processor, system, clock rates and temperatures to this JSON file, to report a board's speed. "
        + "It contains no names of hosts, users or files.", valueName: "file"))
  var submitFile: String?

  mutating func validate() throws {
    guard runs > 0 else { throw ValidationError("--runs: expected 1 or more, found \(runs)") }
    guard !csv || !json else { throw ValidationError("--csv: prints in place of --json; drop one of them") }
    guard batch > 0 else { throw ValidationError("--batch: expected 1 or more, found \(batch)") }
  }

  func run() throws {
    try reporting {
      let kernels = try engine.kernels()
      let loaded = try model.load()
      if let submitFile { try OutputPlaces(inputs: [loaded.path]).check(submitFile) }
      let run = SpeedRun(only, of: loaded, runs: runs, batch: batch, listsOperators: graph)
      let choice = try run.choose(memoryOption.limit, loaded, kernels)
      let results =
        if let submitFile {
          try run.submit(choice, kernels, showsMemory: memory, to: submitFile)
        } else {
          try run(choice, kernels, showsMemory: memory)
        }
      BenchSpeed.warn(otherLoad: results.other_load)
      if json {
        try JSONOutput.print(results)
      } else if csv {
        try StandardStreams.printOutput(results.csv(ofOperators: graph))
      } else {
        try StandardStreams.printOutput(text(results) + (choice.line.map { "  \($0)\n" } ?? ""))
      }
    }
  }

  /// Says on the error stream what makes the figures less than the machine's best.
  static func warn(otherLoad: Double?) {
    for line in SpeedCaveat.lines(otherLoad: otherLoad, CoreTopology()) {
      StandardStreams.printError("idinv-lite: warning: \(line)")
    }
  }

  private func text(_ listing: SpeedResults) -> String {
    var text = "tier \(listing.tier), \(listing.compute), \(listing.threads) threads, batch \(batch), "
    text += "median of \(runs) runs; "
    text += "peak \(peakText(listing.peaks_gflops)), "
    text += printed("memory read at %.1f GB/s\n", listing.memory_gb_per_s)
    for (name, timing) in listing.timings {
      text += "  " + name.column(11)
      text += printed(
        "%9.2f ms  %8.2f GFLOP  %7.1f GFLOP/s  arena ", timing.median_s * 1e3, timing.gflop,
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
}
