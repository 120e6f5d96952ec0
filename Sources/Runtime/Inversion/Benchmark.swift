import Quant
import Runtime

/// How long a prepared graph takes, run after run.
package struct GraphTiming: Sendable {
  /// One line of a per-operator table: an operator, or several that are done together plane by plane.
  package struct Operation: Sendable {
    /// Names of fused operators are joined by " + ".
    package var name: String
    /// Shape of the last output.
    package var shape: String
    /// Median.
    package var seconds: Double
    /// Floating-point operations by definition; 0 where none are counted.
    package var work: Int
    /// What the chosen algorithm executes of it in matrix products.
    package var matrixWork: Int
    /// Of most of these products.
    package var arithmetic: ProductArithmetic
    /// Bytes that its transforms load and store.
    package var transformByteCount: Int
    /// Bytes it must move at least: inputs, output and weights, each once.
    package var traffic: Int
  }

  /// Wall time of each run, in order.
  package var seconds: [Double]
  package var operations: [Operation]
  package var memoryPlan: MemoryPlan

  package var median: Double { medianOf(seconds) }

  init(_ graph: PreparedGraph, runs: Int) {
    graph.run()  // warm caches and page in weights
    let clock = ContinuousClock()
    var byOperation = [[Double]](repeating: [], count: graph.groups.count)
    var totals: [Double] = []
    for _ in 0..<runs {
      let began = clock.now
      var last = began
      graph.run { index in
        let now = clock.now
        byOperation[index].append(last.duration(to: now) / .seconds(1))
        last = now
      }
      totals.append(began.duration(to: last) / .seconds(1))
    }
    seconds = totals
    memoryPlan = graph.memoryPlan
    operations = graph.groups.enumerated().map { index, group in
      let nodes = graph.graph.nodes[group]
      func total(_ counts: [Int]) -> Int { counts[group].reduce(0, +) }
      return Operation(
        name: nodes.map(\.operation.name).joined(separator: " + "),
        shape: "\(graph.graph.shape(of: nodes.last!.output))", seconds: medianOf(byOperation[index]),
        work: total(graph.work), matrixWork: total(graph.matrixWork),
        arithmetic: graph.arithmetics[group.max { graph.matrixWork[$0] < graph.matrixWork[$1] }!],
        transformByteCount: total(graph.transformByteCounts), traffic: graph.traffic[index])
    }
  }
}

/// Times the networks of a model, and one refinement step with all its terms.
package struct ModelBenchmark {
  package let model: Model
  package let kernels: Kernels
  package let batch: Int

  package init(_ model: Model, batch: Int = 1, kernels: Kernels) {
    self.model = model
    self.batch = batch
    self.kernels = kernels
  }

  /// The graphs that would be timed, not run.
  package func graphs(networks: [NetworkKind], step: Bool) throws(InversionError) -> [AnyObject] {
    var graphs: [AnyObject] = []
    for kind in networks { graphs.append(try runner(kind)) }
    if step { graphs.append(try objective()) }
    return graphs
  }

  private func runner(_ kind: NetworkKind) throws(InversionError) -> NetworkRunner {
    try NetworkRunner(kind, of: model, batch: batch, kernels: kernels, keepsEnds: true)
  }

  private func objective() throws(InversionError) -> Objective {
    try Objective(model, weights: ObjectiveWeights(publishedFor: model), batch: batch, kernels: kernels)
  }

  /// One network, forward.
  package func time(_ kind: NetworkKind, runs: Int) throws(InversionError) -> GraphTiming {
    let runner = try runner(kind)
    var random = TorchRandom(seed: 0)
    _ = try runner(random.normals(runner.inputShape.reduce(1, *)))
    return GraphTiming(runner.preparedGraph, runs: runs)
  }

  /// One step of the published objective, forward and backward; terms whose network is missing are left out.
  package func timeStep(runs: Int) throws(InversionError) -> GraphTiming {
    let objective = try objective()
    var random = TorchRandom(seed: 0)
    try objective.setTarget(random.normals(objective.imageValueCount).map { max(-1, min(1, $0)) })
    _ = objective.evaluate(random.normals(objective.codeCount))
    return GraphTiming(objective.preparedGraph, runs: runs)
  }
}

private func medianOf(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return .nan }
  return sorted.count % 2 == 1
    ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
}
