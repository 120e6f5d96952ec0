import ArgumentParser
import Files
import Glibc
import Reports
import SIMDKernels
import Workflows

/// `idinv-lite bench kernels`
struct BenchKernels: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels", abstract: "Time single convolutions and dense layers by every algorithm.",
    discussion: """
      Example: idinv-lite bench kernels bench/shapes/published-256.json

      A file of shapes is a JSON list of {"name", "form", "inputs", "outputs", "side"}. The form is "3x3", "1x1", \
      "up3x3" (upsampling by 2 first) or "dense" (without "side", the side of the input). Figures are medians. The \
      peak is that of the f32 matrix kernel, measured in the same run. GFLOP/s count the operations of the \
      definition. IDINV_ISA limits the instruction set.
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

  private struct Shape: Decodable {
    var name: String
    var form: String
    var inputs: Int
    var outputs: Int
    var side: Int?

    func shape(_ place: String) throws -> KernelBenchmark.Shape {
      func failure(_ what: String) -> Failure { Failure(.badData, at: place, "\"\(name)\": \(what)") }
      let channels = 1...65536
      guard channels ~= inputs && channels ~= outputs else {
        throw failure("inputs \(inputs), outputs \(outputs): expected 1 to 65536")
      }
      if form == "dense" { return .dense(inputs: inputs, outputs: outputs) }
      let forms: [String: ConvolutionForm] = ["3x3": .same(kernel: 3), "1x1": .same(kernel: 1), "up3x3": .upsample2x]
      guard let convolution = forms[form] else {
        throw failure("form \"\(form)\": expected 3x3, 1x1, up3x3 or dense")
      }
      guard let side, 1...4096 ~= side else {
        throw failure("side \(side.map(String.init) ?? "missing"): expected 1 to 4096")
      }
      // Four bytes for each value of input, output and weights: some 4 GB at most.
      guard max(inputs, outputs) * 4 * side * side <= 1 << 30 && inputs * outputs * 9 <= 1 << 30 else {
        throw failure("too large to time")
      }
      return .convolution(convolution, inputs: inputs, outputs: outputs, side: side)
    }
  }

  private struct Row: Encodable {
    var name: String
    var direction: String
    var algorithm: String
    var median_s: Double
    var gflop: Double
    var gflops: Double
    var share_of_peak: Double
  }

  private struct Listing: Encodable {
    var tier: String
    var threads: Int
    var runs: Int
    var peak_gflops: Double
    var kernels: [Row] = []
  }

  func run() throws {
    try reporting {
      let kernels = try engine.kernels()
      var shapes: [(name: String, shape: KernelBenchmark.Shape)] = []
      for file in files {
        let bytes = try InputFile.bytes(of: file, limit: 1 << 24)
        let decoded: [Shape]
        do { decoded = try JSONText.decode([Shape].self, from: bytes) } catch {
          throw Failure(.badData, at: file, "expected a JSON list of shapes with name, form, inputs, outputs and side")
        }
        for shape in decoded { shapes.append((shape.name, try shape.shape(file))) }
      }
      let peak = kernels.measurePeak()
      var listing = Listing(
        tier: kernels.table.tier.rawValue, threads: kernels.threadCount, runs: runs, peak_gflops: peak * 1e-9)
      var heading = "tier \(listing.tier), \(listing.threads) threads, median of \(runs) runs; "
      heading += printed("peak %.1f GFLOP/s\n", listing.peak_gflops)
      heading += "      ms  GFLOP/s   peak  algorithm          direction  shape\n"
      if isTable { try StandardStreams.printOutput(heading) }
      for (name, shape) in shapes {
        for (direction, title) in [(Direction.forward, "forward"), (.backwardData, "backward")] {
          let benchmark = KernelBenchmark(shape, direction)
          for algorithm in benchmark.algorithms(kernels)
          where engine.compute != .f32 || algorithm != .reducedWinograd && algorithm != .int8 {
            let seconds = max(1e-9, benchmark.time(algorithm, runs: runs, kernels: kernels))
            let row = Row(
              name: name, direction: title, algorithm: algorithm.title, median_s: seconds,
              gflop: Double(benchmark.work) * 1e-9, gflops: Double(benchmark.work) * 1e-9 / seconds,
              share_of_peak: Double(benchmark.work) / seconds / peak)
            listing.kernels.append(row)
            if isTable { try StandardStreams.printOutput(line(row)) }
          }
        }
      }
      if json { try JSONOutput.print(listing) }
      if csv { try StandardStreams.printOutput(table(listing)) }
    }
  }

  private var isTable: Bool { !json && !csv }

  private func table(_ listing: Listing) -> String {
    var table = CSVTable([
      "tier", "threads", "shape", "direction", "algorithm", "median_s", "gflop", "gflops", "share_of_peak",
    ])
    for row in listing.kernels {
      table.add(
        [listing.tier, "\(listing.threads)", row.name, row.direction, row.algorithm]
          + [row.median_s, row.gflop, row.gflops, row.share_of_peak].map { "\($0)" })
    }
    return table.text
  }

  private func line(_ row: Row) -> String {
    var text = printed("%8.3f  %7.1f  %4.0f %%  ", row.median_s * 1e3, row.gflops, row.share_of_peak * 100)
    text += row.algorithm.column(17)
    text += "  " + row.direction.column(9)
    return text + "  \(row.name)\n"
  }
}

extension ConvolutionAlgorithm {
  fileprivate var title: String {
    switch self {
    case .direct: "direct"
    case .winograd: "winograd"
    case .compactWinograd: "winograd, compact"
    case .smallCompactWinograd: "winograd, small"
    case .reducedWinograd: "winograd-16"
    case .int8: "direct-8"
    }
  }
}
