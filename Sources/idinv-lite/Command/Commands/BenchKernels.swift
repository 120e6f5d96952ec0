import ArgumentParser
import Workflows

/// `idinv-lite bench kernels`
struct BenchKernels: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels", abstract: "Time single convolutions and dense layers by every algorithm.",
    discussion: """
      Example: idinv-lite bench kernels bench/shapes/published-256.json

      A file of shapes is a JSON list of {"name", "form", "inputs", "outputs", "side"}. The form is "3x3", "1x1", \
      "up3x3" (upsampling by 2 first), "down3x3" (stride 2), "transposed3x3" (of stride 2) or "dense" (without "side", the side of the \
      input). Figures are medians. GFLOP/s count the operations of the definition. The share of the peak counts what is executed, and the peak \
      is that of the matrix kernel of the same arithmetic, measured in the same run. IDINV_ISA limits the instruction set.
      """)

  @Argument(help: ArgumentHelp("Files of shapes.", valueName: "shapes.json"))
  var files: [String]

  @OptionGroup(title: "Speed and memory") var engine: EngineOptions

  @Option(help: ArgumentHelp("Timed runs of each.", valueName: "n"))
  var runs = 10

  @Flag(help: "Print as one JSON object.")
  var json = false

  @Flag(help: "Print as CSV: a line for each kernel.")
  var csv = false

  mutating func validate() throws {
    guard runs > 0 else { throw ValidationError("--runs: expected 1 or more, found \(runs)") }
    guard !csv || !json else { throw ValidationError("--csv: prints in place of --json; drop one of them") }
  }

  func run() throws {
    try reporting {
      let kernels = try engine.kernels()
      let run = try KernelBenchRun(files: files, runs: runs, isReduced: engine.compute != .f32)
      let figures = try run(
        kernels, began: { if isTable { try StandardStreams.printOutput($0.heading) } },
        timed: { if isTable { try StandardStreams.printOutput($0.line) } })
      BenchSpeed.warn(otherLoad: figures.other_load)
      if json { try JSONOutput.print(figures) }
      if csv { try StandardStreams.printOutput(figures.csv) }
    }
  }

  private var isTable: Bool { !json && !csv }
}
