import Reports

/// What `bench speed` measures.
package struct SpeedResults: Encodable {
  package struct Timing: Encodable {
    package var median_s: Double
    /// The fastest run: other programs only ever slow one down.
    package var least_s: Double
    package var runs: Int
    package var gflop: Double
    package var arena_bytes: Int
    package var arena_lower_bound_bytes: Int
    package var operators: [OperatorFigures]?

    package init(
      median_s: Double, least_s: Double, runs: Int, gflop: Double, arena_bytes: Int, arena_lower_bound_bytes: Int,
      operators: [OperatorFigures]? = nil
    ) {
      self.median_s = median_s
      self.least_s = least_s
      self.runs = runs
      self.gflop = gflop
      self.arena_bytes = arena_bytes
      self.arena_lower_bound_bytes = arena_lower_bound_bytes
      self.operators = operators
    }
  }

  package var threads: Int
  package var cpus: [Int]
  package var compute: String
  package var tier: String
  package var batch: Int
  /// Of f32.
  package var peak_gflops: Double
  /// Of each arithmetic that has fast products here.
  package var peaks_gflops: [String: Double]
  package var memory_gb_per_s: Double
  /// Share of the processors that other programs took meanwhile, 0 to 1.
  package var other_load: Double?
  package var peak_rss_bytes = 0
  package var memory: MemoryFigures?
  /// How the graphs keep to the memory there is.
  package var plan: MemoryUse?
  package var generator: Timing?
  package var encoder: Timing?
  package var perceptual: Timing?
  package var step: Timing?

  package init(
    threads: Int, cpus: [Int], compute: String, tier: String, batch: Int, peaks_gflops: [String: Double],
    memory_gb_per_s: Double, peak_rss_bytes: Int = 0, memory: MemoryFigures? = nil, plan: MemoryUse? = nil,
    generator: Timing? = nil, encoder: Timing? = nil, perceptual: Timing? = nil, step: Timing? = nil
  ) {
    self.threads = threads
    self.cpus = cpus
    self.compute = compute
    self.tier = tier
    self.batch = batch
    peak_gflops = peaks_gflops["f32"] ?? .nan
    self.peaks_gflops = peaks_gflops
    self.memory_gb_per_s = memory_gb_per_s
    self.peak_rss_bytes = peak_rss_bytes
    self.memory = memory
    self.plan = plan
    self.generator = generator
    self.encoder = encoder
    self.perceptual = perceptual
    self.step = step
  }

  /// A line for each network and the step, or for each of their operators.
  package func csv(ofOperators isDetailed: Bool) -> String {
    let machine = [tier, compute, "\(threads)", "\(batch)"]
    let machineColumns = ["tier", "compute", "threads", "batch"]
    guard isDetailed else {
      var table = CSVTable(
        machineColumns + [
          "network", "median_s", "least_s", "runs", "gflop", "gflops", "arena_bytes", "arena_lower_bound_bytes",
          "peak_gflops", "memory_gb_per_s", "peak_rss_bytes",
        ])
      for (name, timing) in timings {
        table.add(
          machine + [name, "\(timing.median_s)", "\(timing.least_s)", "\(timing.runs)", "\(timing.gflop)"]
            + ["\(timing.gflop / timing.median_s)", "\(timing.arena_bytes)", "\(timing.arena_lower_bound_bytes)"]
            + ["\(peak_gflops)", "\(memory_gb_per_s)", "\(peak_rss_bytes)"])
      }
      return table.text
    }
    var table = CSVTable(
      machineColumns + [
        "network", "operator", "output", "median_s", "gflop", "executed_gflop", "gflops", "share_of_peak", "arithmetic",
        "bytes",
        "transform_bytes", "gb_per_s",
      ])
    for (name, timing) in timings {
      for row in timing.operators ?? [] {
        table.add(
          machine + [name, row.name, row.output, "\(row.median_s)", "\(row.gflop)", "\(row.executed_gflop)"]
            + [
              "\(row.gflops)", "\(row.share_of_peak)", row.arithmetic, "\(row.bytes)", "\(row.transform_bytes)",
              "\(row.gb_per_s)",
            ])
      }
    }
    return table.text
  }

  package var timings: [(name: String, timing: Timing)] {
    [("generator", generator), ("encoder", encoder), ("perceptual", perceptual), ("step", step)].compactMap {
      name, timing in timing.map { (name, $0) }
    }
  }
}
