import Quant
import Runtime

/// Finds how the graphs of a run keep to a number of bytes, at the least cost in speed.
///
/// Every way is tried with kernels that do nothing (`Kernels.planning`): the graphs are built as they would be, so what is
/// counted is what would be allocated. The cost is an estimate, good for comparing ways only.
package struct MemoryBudget {
  /// Builds the graphs that a run will have, with so many images side by side. What it returns is kept until they are
  /// counted.
  package typealias Workload = (_ model: Model, _ kernels: Kernels, _ batch: Int) throws(InversionError) -> [AnyObject]

  /// A way to run.
  package struct Plan: Sendable {
    package var policy: MemoryPolicy
    /// Images side by side.
    package var batch: Int { sideBySide.imageCount }
    package var sideBySide: SideBySide
    /// What the graphs keep.
    package var account: MemoryAccount
    /// Peak of the process.
    package var predictedByteCount: Int
    /// Estimated time of a step, as a multiple of the fastest way's.
    package var slowdown: Double
    /// Convolutions by storage.
    package var fastestCount: Int, compactCount: Int, streamedCount: Int
    /// Operators that are computed twice in a run of the largest graph.
    package var recomputedCount: Int
    /// Whether a budget asked for it; else it is what is fastest, or as good as.
    package var isLimited: Bool

    /// "convolutions: 20 fastest, 12 compact; dense weights streamed; 31 operators recomputed".
    package var description: String {
      var parts: [String] = []
      if compactCount + streamedCount > 0 {
        let counts = [(fastestCount, "fastest"), (compactCount, "compact"), (streamedCount, "streamed")]
        parts.append(
          "convolutions: " + counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", "))
      }
      if policy.streamsDense { parts.append("dense weights streamed") }
      if recomputedCount > 0 { parts.append("\(recomputedCount) operators recomputed") }
      return parts.isEmpty ? "nothing given up for memory" : parts.joined(separator: "; ")
    }
  }

  /// Where the fastest graphs of one image would keep more than `byteCount`, a way that keeps less is taken, up to this slowdown.
  package struct Thrift: Sendable {
    package var byteCount: Int
    package var slowdown: Double

    package init(byteCount: Int, slowdown: Double) {
      self.byteCount = byteCount
      self.slowdown = slowdown
    }

    /// A step at 1024 pixels with an encoder of pSp's family takes 0.8 GB less, and a fifth longer (docs/MEMORY.md).
    package static let usual = Thrift(byteCount: 1_700_000_000, slowdown: 1.1)
  }

  let model: Model
  let kernels: Kernels
  let thrift: Thrift
  /// Bytes of the process besides what graphs keep.
  let base: Int
  let workload: Workload

  package init(
    _ model: Model, base: Int, kernels: Kernels, thrift: Thrift = .usual, workload: @escaping Workload
  ) {
    self.thrift = thrift
    self.model = model
    self.kernels = kernels
    self.base = base
    self.workload = workload
  }

  /// The plan for a budget.
  ///
  /// - Parameters:
  ///   - budget: bytes of the whole process; nil for no limit.
  ///   - batches: how many images side by side, the favorite first. A smaller one that costs nothing else is preferred
  ///     to any other means.
  ///   - sideBySide: the most bytes for more than one image at a time; nil for the budget.
  ///   - isBinding: whether a budget that cannot be kept is an error; otherwise the plan that needs least is the result.
  /// - Throws: `.badBudget` where no plan keeps to it.
  package func plan(
    budget: Int?, batches: [Int], sideBySide: Int? = nil, isBinding: Bool = true
  ) throws(InversionError) -> Plan {
    try plan(budget: budget, ways: batches.map { SideBySide($0) }, sideBySide: sideBySide, isBinding: isBinding)
  }

  /// The same for images that are refined side by side in lanes.
  ///
  /// - Parameter ways: the favorite first; the last one has a single lane.
  package func plan(
    budget: Int?, ways: [SideBySide], sideBySide: Int? = nil, isBinding: Bool = true
  ) throws(InversionError) -> Plan {
    precondition(ways.last?.laneCount == 1)
    let hasChoice = ways[0].imageCount > ways[ways.count - 1].imageCount
    var fastest = try estimate(MemoryPolicy(), ways[0])
    for way in ways {
      if way != ways[0] { fastest = try estimate(MemoryPolicy(), way) }
      // Where there is a choice, none that gains nothing.
      if way.imageCount > 1, hasChoice, fastest.account.arenaByteCount > BatchSize.mostArenaBytes { continue }
      let limit = way.imageCount > 1 ? sideBySide ?? budget : budget
      guard let limit, fastest.byteCount > limit else { return try thrifty(fastest) }
    }
    guard let budget else { return try thrifty(fastest) }
    if let best = try cheapest(within: budget, storages(of: fastest), streamsDense: [false, true], of: fastest) {
      return best.plan(against: fastest, isLimited: true)
    }
    let least = try estimate(
      MemoryPolicy(
        convolutions: storages(of: fastest).last ?? [:], streamsDense: true, arenaLimit: 1), fastest.way)
    // A little more: the process itself is not the same size each time.
    if isBinding { throw .badBudget(found: budget, least: least.byteCount + (2 << 20)) }
    return least.plan(against: fastest, isLimited: true)
  }

  // MARK: Ways

  /// The fastest way, or one that needs much less and is about as fast: large layers keep their weights compactly, and operators that
  /// cost little are computed again.
  ///
  /// One image decides, since storage shows in the last bits, and these must not depend on how many are side by side.
  private func thrifty(_ fastest: Estimate) throws(InversionError) -> Plan {
    let single = fastest.way.imageCount == 1 ? fastest : try estimate(MemoryPolicy(), SideBySide(1))
    let limit = base + thrift.byteCount
    let kept = storages(of: single).filter { !$0.values.contains(.streamed) }
    guard single.byteCount > limit,
      let best = try cheapest(within: limit, kept, streamsDense: [false], of: single),
      best.cost <= single.cost * thrift.slowdown
    else { return fastest.plan(against: fastest, isLimited: false) }
    if fastest.way.imageCount == 1 { return best.plan(against: single, isLimited: false) }
    var policy = best.model.memory
    policy.arenaLimit = nil
    return try estimate(policy, fastest.way).plan(against: fastest, isLimited: false)
  }

  /// The way of least cost that keeps to a budget; nil for none.
  private func cheapest(
    within budget: Int, _ storages: [[String: WeightStorage]], streamsDense: [Bool], of fastest: Estimate
  ) throws(InversionError) -> Estimate? {
    var best: Estimate?
    for streamsDense in streamsDense {
      for convolutions in storages {
        var policy = MemoryPolicy(convolutions: convolutions, streamsDense: streamsDense)
        let whole = try estimate(policy, fastest.way)
        // What follows costs more.
        if let best, best.cost <= whole.cost { break }
        if whole.byteCount <= budget {
          best = whole
          break
        }
        let room = budget - (whole.byteCount - whole.account.arenaByteCount)
        // No graph gets along with much less.
        guard room > whole.account.arenaByteCount / 5 else { continue }
        policy.arenaLimit = room
        let tight = try estimate(policy, fastest.way)
        if tight.byteCount <= budget, best.map({ tight.cost < $0.cost }) ?? true { best = tight }
      }
    }
    return best
  }

  /// Storages of the convolutions, from the fastest to the smallest: those that save most per cost become compact first.
  private func storages(of fastest: Estimate) -> [[String: WeightStorage]] {
    let candidates = fastest.model.convolutions.compactMap { weights -> (name: String, saved: Int, price: Double)? in
      let saved = weights.savedByCompactness
      return saved > 0 ? (weights.name, saved, weights.costOfCompactness / Double(saved)) : nil
    }
    .sorted { $0.price == $1.price ? $0.name < $1.name : $0.price < $1.price }
    let total = candidates.reduce(0) { $0 + $1.saved }
    var result: [[String: WeightStorage]] = [[:]]
    for eighth in 1...8 {
      var saved = 0, storage: [String: WeightStorage] = [:]
      for candidate in candidates where saved * 8 < total * eighth {
        storage[candidate.name] = .compact
        saved += candidate.saved
      }
      if storage.count > result.last?.count ?? 0 { result.append(storage) }
    }
    // Then from the file: first those that cost least, which are large and used on few pixels.
    let used = fastest.model.convolutions.filter(\.isUsed)
    let large = candidates.map(\.name).prefix(candidates.count / 2)
    var halfway = result[result.count - 1]
    for name in large { halfway[name] = .streamed }
    result.append(halfway)
    result.append(Dictionary(uniqueKeysWithValues: used.map { ($0.name, WeightStorage.streamed) }))
    return result
  }

  // MARK: Estimates

  private struct Estimate {
    var model: Model
    var way: SideBySide
    var account: MemoryAccount
    var byteCount: Int
    var cost: Double

    func plan(against fastest: Estimate, isLimited: Bool) -> Plan {
      let used = model.convolutions.filter(\.isUsed)
      func count(_ storage: WeightStorage) -> Int { used.count { $0.storage == storage } }
      return Plan(
        policy: model.memory, sideBySide: way, account: account, predictedByteCount: byteCount,
        slowdown: cost / max(fastest.cost, 1), fastestCount: count(.fastest), compactCount: count(.compact),
        streamedCount: count(.streamed), recomputedCount: model.arena.recomputed.nodeCount,
        isLimited: isLimited)
    }
  }

  /// Operations in the time that it takes to fault in one byte of a file that is in the system's cache.
  private static let operationsPerFaultedByte = 16.0

  /// What a lane has besides its arena: buffers of the allocator, a stack.
  private static let laneByteCount = 1 << 20

  private func estimate(_ policy: MemoryPolicy, _ way: SideBySide) throws(InversionError) -> Estimate {
    let trial = try Model(file: model.file, path: model.path, memory: policy)
    let graphs = try workload(trial, kernels.divided(among: way.laneCount)[0].planning, way.rowCount)
    var account = withExtendedLifetime(graphs) { trial.memoryAccount }
    if way.laneCount > 1 {
      // Beside the lanes one more graph renders what they have found.
      let beside = way.renderer(trial, kernels)
      let renderer = try Reconstructor(beside.model, kernels: beside.kernels.planning)
      account.arenaByteCount = account.arenaByteCount * way.laneCount
      account.arenaByteCount += withExtendedLifetime(renderer) { beside.model.arena.byteCount }
      account.keptByteCount *= way.laneCount
    }
    var cost = trial.convolutions.reduce(0) { $0 + $1.cost } + trial.arena.recomputed.cost
    for weights in trial.denses where weights.isPrepared && weights.isStreamed {
      // Forward and backward.
      cost += 2 * Double(weights.byteCount) * Self.operationsPerFaultedByte
    }
    return Estimate(
      model: trial, way: way, account: account,
      byteCount: base + account.total + (way.laneCount - 1) * Self.laneByteCount, cost: cost)
  }
}
