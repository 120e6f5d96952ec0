import Files
import Reports
import SIMDKernels

/// Single convolutions and dense layers, by every algorithm that there is for them.
package struct KernelBenchRun {
  private let shapes: [(name: String, shape: KernelBenchmark.Shape)]
  private let runs: Int
  /// Whether algorithms with 16-bit and 8-bit operands are timed, too.
  private let isReduced: Bool

  /// - Parameters:
  ///   - files: JSON lists of shapes.
  ///   - runs: timed calls of each.
  /// - Throws: `Failure` of a file.
  package init(files: [String], runs: Int, isReduced: Bool) throws {
    shapes = try files.flatMap { file in
      let bytes = try InputFile.bytes(of: file, limit: 1 << 24)
      let decoded: [Shape]
      do { decoded = try JSONText.decode([Shape].self, from: bytes) } catch {
        throw Failure(.badData, at: file, "expected a JSON list of shapes with name, form, inputs, outputs and side")
      }
      return try decoded.map { ($0.name, try $0.shape(file)) }
    }
    self.runs = runs
    self.isReduced = isReduced
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
      let forms: [String: ConvolutionForm] = [
        "3x3": .same(kernel: 3), "1x1": .same(kernel: 1), "up3x3": .upsample2x, "down3x3": .downsample2x,
        "transposed3x3": .transposed2x,
      ]
      guard let convolution = forms[form] else {
        throw failure("form \"\(form)\": expected 3x3, 1x1, up3x3, down3x3, transposed3x3 or dense")
      }
      guard let side, 1...4096 ~= side else {
        throw failure("side \(side.map(String.init) ?? "missing"): expected 1 to 4096")
      }
      guard convolution != .downsample2x || side % 2 == 0 else { throw failure("side \(side): expected an even one") }
      // Four bytes for each value of input, output and weights: some 4 GB at most.
      guard max(inputs, outputs) * 4 * side * side <= 1 << 30 && inputs * outputs * 9 <= 1 << 30 else {
        throw failure("too large to time")
      }
      return .convolution(convolution, inputs: inputs, outputs: outputs, side: side)
    }
  }

  /// - Parameters:
  ///   - began: is told what is known before anything but the peak is timed.
  ///   - timed: is told each kernel's figures as soon as they are there.
  package func callAsFunction(
    _ kernels: Kernels, began: (KernelFigures) throws -> Void, timed: (KernelFigures.Row) throws -> Void
  ) throws -> KernelFigures {
    let load = OtherLoad(cpus: Processor.allowedCPUs), peaks = kernels.measurePeaks()
    var figures = KernelFigures(
      tier: kernels.table.tier.rawValue, threads: kernels.threadCount, runs: runs,
      peaks_gflops: peaks.gflops)
    try began(figures)
    for (name, shape) in shapes {
      for (direction, title) in [(Direction.forward, "forward"), (.backwardData, "backward")] {
        let benchmark = KernelBenchmark(shape, direction)
        for algorithm in benchmark.algorithms(kernels)
        where isReduced || ![.reducedWinograd, .smallReducedWinograd, .reducedDirect, .int8].contains(algorithm) {
          let (time, execution) = benchmark.time(algorithm, runs: runs, kernels: kernels)
          let seconds = max(1e-9, time), peak = peaks[execution.arithmetic] ?? .infinity
          let row = KernelFigures.Row(
            name: name, direction: title, algorithm: algorithm.title, median_s: seconds,
            gflop: Double(benchmark.work) * 1e-9, gflops: Double(benchmark.work) * 1e-9 / seconds,
            share_of_peak: Double(execution.matrixWork) / seconds / peak, arithmetic: execution.arithmetic.rawValue)
          figures.kernels.append(row)
          try timed(row)
        }
      }
    }
    figures.other_load = load.share
    return figures
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
    case .smallReducedWinograd: "winograd-16, small"
    case .reducedDirect: "direct-16"
    case .int8: "direct-8"
    }
  }
}
