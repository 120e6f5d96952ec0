/// What `bench kernels` measures.
package struct KernelFigures: Encodable {
  package struct Row: Encodable {
    package var name: String
    package var direction: String
    package var algorithm: String
    package var median_s: Double
    package var gflop: Double
    package var gflops: Double
    package var share_of_peak: Double

    package init(
      name: String, direction: String, algorithm: String, median_s: Double, gflop: Double, gflops: Double,
      share_of_peak: Double
    ) {
      self.name = name
      self.direction = direction
      self.algorithm = algorithm
      self.median_s = median_s
      self.gflop = gflop
      self.gflops = gflops
      self.share_of_peak = share_of_peak
    }

    /// A line of the table.
    package var line: String {
      var text = printed("%8.3f  %7.1f  %4.0f %%  ", median_s * 1e3, gflops, share_of_peak * 100)
      text += algorithm.column(17)
      text += "  " + direction.column(9)
      return text + "  \(name)\n"
    }
  }

  package var tier: String
  package var threads: Int
  package var runs: Int
  package var peak_gflops: Double
  package var kernels: [Row] = []

  package init(tier: String, threads: Int, runs: Int, peak_gflops: Double) {
    self.tier = tier
    self.threads = threads
    self.runs = runs
    self.peak_gflops = peak_gflops
  }

  /// What stands above the lines.
  package var heading: String {
    "tier \(tier), \(threads) threads, median of \(runs) runs; " + printed("peak %.1f GFLOP/s\n", peak_gflops)
      + "      ms  GFLOP/s   peak  algorithm          direction  shape\n"
  }

  package var csv: String {
    var table = CSVTable([
      "tier", "threads", "shape", "direction", "algorithm", "median_s", "gflop", "gflops", "share_of_peak",
    ])
    for row in kernels {
      table.add(
        [tier, "\(threads)", row.name, row.direction, row.algorithm]
          + [row.median_s, row.gflop, row.gflops, row.share_of_peak].map { "\($0)" })
    }
    return table.text
  }
}
