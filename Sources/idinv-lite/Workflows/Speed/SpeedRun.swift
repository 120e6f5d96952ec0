import Files
import Inversion
import SIMDKernels

/// This machine's speed on a model: each network, and one refinement step.
package struct SpeedRun {
  /// What there is to measure.
  package enum Part: String, CaseIterable, Sendable {
    case generator, encoder, perceptual, step

    /// Whether a model has what the part needs.
    fileprivate func isHeld(by model: Model) -> Bool {
      let specification = model.file.specification
      return switch self {
      case .generator, .step: specification.generator != nil
      case .encoder: specification.encoder != nil
      case .perceptual: specification.perceptual != nil
      }
    }
  }

  private let parts: [Part]
  private let runs: Int
  private let batch: Int
  /// Whether every operator is listed.
  private let listsOperators: Bool
  private let machine = SystemFiles.current

  /// - Parameters:
  ///   - only: what to measure; empty for all that the model has. What is asked for and is not there, its network refuses.
  ///   - runs: timed runs of each.
  ///   - batch: images at once.
  package init(_ only: [Part], of model: Model, runs: Int, batch: Int, listsOperators: Bool) {
    parts = only.isEmpty ? Part.allCases.filter { $0.isHeld(by: model) } : only
    self.runs = runs
    self.batch = batch
    self.listsOperators = listsOperators
  }

  package func choose(_ limit: MemoryLimit, _ model: Model, _ kernels: Kernels) throws -> MemoryChoice {
    let networks = parts.compactMap { NetworkKind(rawValue: $0.rawValue) }, hasStep = parts.contains(.step)
    return try limit.choose(model, batches: [batch], kernels: kernels) {
      (model, kernels, batch) throws(InversionError) in
      try ModelBenchmark(model, batch: batch, kernels: kernels).graphs(networks: networks, step: hasStep)
    }
  }

  /// - Parameter showsMemory: whether the result says where the memory is.
  package func callAsFunction(_ choice: MemoryChoice, _ kernels: Kernels, showsMemory: Bool) throws -> SpeedResults {
    let model = choice.model
    let benchmark = ModelBenchmark(model, batch: batch, kernels: kernels)
    let load = OtherLoad(machine, cpus: Processor.allowedCPUs)
    let peaks = kernels.measurePeaks()
    var results = SpeedResults(
      threads: kernels.threadCount, cpus: Processor.allowedCPUs, compute: kernels.computeName(model),
      tier: kernels.table.tier.rawValue, batch: batch, peaks_gflops: peaks.gflops,
      memory_gb_per_s: kernels.measureMemoryBandwidth() * 1e-9)
    // The peak begins anew (proc(5), clear_refs): the memory that the bandwidth was measured on is no part of it.
    SystemFile.write("5", to: "/proc/self/clear_refs")
    func timing(_ timing: GraphTiming) -> SpeedResults.Timing {
      SpeedResults.Timing(timing, runs: runs, peaks: listsOperators ? peaks : nil)
    }
    if parts.contains(.generator) { results.generator = timing(try benchmark.time(.generator, runs: runs)) }
    if parts.contains(.encoder) { results.encoder = timing(try benchmark.time(.encoder, runs: runs)) }
    if parts.contains(.perceptual) { results.perceptual = timing(try benchmark.time(.perceptual, runs: runs)) }
    if parts.contains(.step) { results.step = timing(try benchmark.timeStep(runs: runs)) }
    results.other_load = load.share
    results.peak_rss_bytes = ProcessMemory.peakByteCount
    if showsMemory { results.memory = MemoryFigures(model.memoryAccount) }
    results.plan = choice.figures
    return results
  }

  /// Measures, and writes the figures with what is known of the machine before and after.
  ///
  /// - Parameter path: a JSON file, without names of hosts, users or files.
  package func submit(
    _ choice: MemoryChoice, _ kernels: Kernels, showsMemory: Bool, to path: String
  ) throws -> SpeedResults {
    let topology = CoreTopology(machine), cpus = Processor.allowedCPUs
    let probe = ConditionProbe(machine, cpus: cpus)
    let before = probe.read()
    let results = try self(choice, kernels, showsMemory: showsMemory)
    let submission = try BenchSubmission(
      choice.model, machine: MachineDescription(machine, topology: topology, used: cpus), before: before,
      after: probe.read(), bench: results)
    try JSONOutput.write(submission, to: path)
    return results
  }
}

extension SpeedResults.Timing {
  /// - Parameter peaks: operations per second that operators are compared with; nil where they are not listed.
  fileprivate init(_ timing: GraphTiming, runs: Int, peaks: [ProductArithmetic: Double]?) {
    self.init(
      median_s: timing.median, least_s: timing.seconds.min() ?? .nan, runs: runs,
      gflop: Double(timing.operations.reduce(0) { $0 + $1.work }) * 1e-9,
      arena_bytes: timing.memoryPlan.byteCount, arena_lower_bound_bytes: timing.memoryPlan.lowerBound,
      operators: peaks.map { peaks in timing.operations.map { OperatorFigures($0, peaks: peaks) } })
  }
}
