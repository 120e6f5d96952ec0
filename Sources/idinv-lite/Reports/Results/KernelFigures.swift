/// What `bench kernels` measures.
package struct KernelFigures: Encodable {
  package struct Row: Encodable {
    package var name: String
    package var direction: String
    package var algorithm: String
    package var median_s: Double
    package var gflop: Double
    package var gflops: Double
    /// Of what is executed, in the peak of its arithmetic: 1 is all of it.
    package var share_of_peak: Double
    /// f32, 16-bit or 8-bit.
    package var arithmetic: String

    package init(
      name: String, direction: String, algorithm: String, median_s: Double, gflop: Double, gflops: Double,
      share_of_peak: Double, arithmetic: String
    ) {
      self.name = name
      self.direction = direction
      self.algorithm = algorithm
      self.median_s = median_s
      self.gflop = gflop
      self.gflops = gflops
      self.share_of_peak = share_of_peak
      self.arithmetic = arithmetic
    }

    /// A line of the table.
    package var line: String {
      var text = printed("%8.3f  %7.1f  %4.0f %% ", median_s * 1e3, gflops, share_of_peak * 100)
      text += arithmetic.column(8)
      text += algorithm.column(17)
      text += "  " + direction.column(9)
      return text + "  \(name)\n"
    }
  }

  package var tier: String
  package var threads: Int
  package var runs: Int
  /// Of f32.
  package var peak_gflops: Double
  /// Of each arithmetic that has fast products here.
  package var peaks_gflops: [String: Double]
  /// Share of the processors that other programs took meanwhile, 0 to 1.
  package var other_load: Double?
  package var kernels: [Row] = []

  package init(tier: String, threads: Int, runs: Int, peaks_gflops: [String: Double]) {
    self.tier = tier
    self.threads = threads
    self.runs = runs
    peak_gflops = peaks_gflops["f32"] ?? .nan
    self.peaks_gflops = peaks_gflops
  }

  /// What stands above the lines.
  package var heading: String {
    "tier \(tier), \(threads) threads, median of \(runs) runs; peak \(peakText(peaks_gflops))\n"
      + "      ms  GFLOP/s   peak of        algorithm          direction  shape\n"
  }

  package var csv: String {
    var table = CSVTable([
      "tier", "threads", "shape", "direction", "algorithm", "median_s", "gflop", "gflops", "share_of_peak",
      "arithmetic",
    ])
    for row in kernels {
      table.add(
        [tier, "\(threads)", row.name, row.direction, row.algorithm]
          + [row.median_s, row.gflop, row.gflops, row.share_of_peak].map { "\($0)" } + [row.arithmetic])
    }
    return table.text
  }
}

/// Peaks of each arithmetic, the slowest first.
package func peakText(_ gflops: [String: Double]) -> String {
  let peaks = gflops.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map {
    printed("%.1f", $0.value) + " (\($0.key))"
  }
  return peaks.joined(separator: ", ") + " GFLOP/s"
}
