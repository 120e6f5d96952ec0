import Inversion
import Reports
import Runtime

/// How much memory a run may take.
package struct MemoryLimit {
  /// nil for what the machine or its control group has left, less a reserve.
  package var byteCount: Int?

  package init(byteCount: Int? = nil) { self.byteCount = byteCount }

  /// Chooses how the graphs of a run keep to the budget.
  ///
  /// - Parameters:
  ///   - batches: how many images side by side, the favorite first.
  ///   - extra: bytes that the run needs besides its graphs, more than a run of its kind does anyway.
  ///   - workload: builds the graphs.
  package func choose(
    _ model: Model, batches: [Int] = [1], extra: Int = 0, kernels: Kernels, workload: @escaping MemoryBudget.Workload
  ) throws -> MemoryChoice {
    try choose(
      model, ways: batches.map { SideBySide($0) }, extra: extra, kernels: kernels, workload: workload)
  }

  /// The same for images that are refined side by side in lanes.
  package func choose(
    _ model: Model, ways: [SideBySide], extra: Int = 0, kernels: Kernels, workload: @escaping MemoryBudget.Workload
  ) throws -> MemoryChoice {
    // What there is of the file by now is chance.
    model.file.adviseDontNeed()
    let resident = ProcessMemory.now.resident
    let side = try model.imageResolution()
    let budget = MemoryBudget(
      model, base: resident + Self.reserve + extra + side * side * Self.bytesPerPixel, kernels: kernels,
      workload: workload)
    let plan: MemoryBudget.Plan
    if let byteCount {
      plan = try budget.plan(budget: byteCount, ways: ways)
    } else {
      let available = AvailableMemory.byteCount()
      plan = try budget.plan(
        budget: available.map { resident + $0 - max(64 << 20, $0 / 10) }, ways: ways,
        sideBySide: available.map { resident + $0 / 2 }, isBinding: false)
      // A prediction errs, and swap helps a little; beyond that the system would kill the process, or trouble others.
      if let available, plan.predictedByteCount > 2 * (resident + available) {
        throw Failure(
          .unavailable, remedies: ["memory-budget"],
          "memory: this would take about \(humanBytes(plan.predictedByteCount)), and \(humanBytes(available)) are "
            + "left; expected a smaller task, such as a smaller batch, or a memory budget, to try all the same")
      }
    }
    return MemoryChoice(
      model: try Model(file: model.file, path: model.path, memory: plan.policy), plan: plan,
      budgetByteCount: byteCount)
  }

  /// The same for a run that uses networks by themselves, one picture or code at a time.
  ///
  /// - Parameter codeCount: codes that it keeps, in three copies at the most.
  package func choose(
    _ model: Model, networks: [NetworkKind], codeCount: Int = 0, kernels: Kernels
  ) throws -> MemoryChoice {
    let specification = model.file.specification
    let length = specification.generator.map { $0.layerCount * $0.wDimension }
    return try choose(
      model, extra: 3 * 4 * codeCount * (length ?? specification.encoder.map { $0.layerCount * $0.wDimension } ?? 0),
      kernels: kernels
    ) { (model, kernels, batch) throws(InversionError) in
      var graphs: [AnyObject] = []
      for kind in networks { graphs.append(try NetworkRunner(kind, of: model, batch: batch, kernels: kernels)) }
      return graphs
    }
  }

  /// Code, stacks, pages of a mapped model and buffers that a run touches later than its planning; little of it where
  /// weights are packed.
  private static let reserve = 14 << 20
  /// Copies of a picture on its way: read, planar, masked, rendered, encoded, shown.
  private static let bytesPerPixel = 96
}

/// A model that keeps to a memory plan.
package struct MemoryChoice {
  package var model: Model
  package var plan: MemoryBudget.Plan
  /// nil where none was asked for.
  package var budgetByteCount: Int?

  /// For the terminal; nil where there is nothing to tell.
  package var line: String? {
    guard budgetByteCount != nil || plan.isLimited else { return nil }
    let limit = budgetByteCount.map { " of \(humanBytes($0))" } ?? ""
    return "memory: about \(humanBytes(plan.predictedByteCount))\(limit); \(plan.description)"
  }

  /// Among the options of a report; empty where there is nothing to tell.
  package var options: [(name: String, value: String)] { line.map { [("memory", String($0.dropFirst(8)))] } ?? [] }

  /// Of the run so far; nil where there is nothing to tell: summaries of undisturbed and of resumed runs are the same.
  package var figures: MemoryUse? {
    guard line != nil else { return nil }
    return MemoryUse(
      budget_bytes: budgetByteCount, predicted_peak_bytes: plan.predictedByteCount,
      peak_rss_bytes: ProcessMemory.peakByteCount, batch: plan.batch, estimated_slowdown: plan.slowdown,
      convolutions_fastest: plan.fastestCount, convolutions_compact: plan.compactCount,
      convolutions_streamed: plan.streamedCount, streams_dense: plan.policy.streamsDense,
      recomputed_operators: plan.recomputedCount)
  }
}

extension InversionOptions {
  /// The graphs of an inversion: that of the steps, those of the start code and the features, and the one that renders.
  package func workload(isMasked: Bool = false, readsAttributes: Bool = false) -> MemoryBudget.Workload {
    { (model, kernels, batch) throws(InversionError) in
      var graphs: [AnyObject] = [
        try Objective(model, weights: weights, space: space, batch: batch, isMasked: isMasked, kernels: kernels),
        try Reconstructor(model, readsAttributes: readsAttributes, kernels: kernels),
      ]
      // The encoder alone reads the start, and the pictures of the usual in-domain score.
      let measuresUsual = model.hasEncoder && model.file.specification.inDomain == nil
      if startEncoder == nil && start == .encoder || measuresUsual {
        graphs.append(try NetworkRunner(.encoder, of: model, batch: 1, kernels: kernels))
      }
      if let features = try Objective.targetFeatures(of: model, weights: weights, kernels: kernels) {
        graphs.append(features)
      }
      return graphs
    }
  }
}
