import Inversion
import Quant
import SIMDKernels

/// One way of inverting that `bench quality` measures.
package struct QualityConfiguration: Codable, Hashable {
  /// nil where there is nothing to optimize: the encoder alone.
  package var optimizer: OptimizerKind?
  /// Steps at most.
  package var iterations: Int
  package var weights: WeightsPrecision
  /// The arithmetic in force, never `auto`.
  package var compute: String
  /// As many as there are, never 0.
  package var threads: Int

  /// Short and unique within a grid: `auto-25-f16-auto-2`.
  package var id: String { "\(method)-\(weights.rawValue)-\(compute)-\(threads)" }

  /// `auto-25`, or `encoder`.
  package var method: String { optimizer.map { "\($0.rawValue)-\(iterations)" } ?? "encoder" }

  /// Threads and arithmetic, as all runs take them.
  package var engine: EngineSettings { EngineSettings(threads: threads, compute: Compute(rawValue: compute) ?? .auto) }

  package func inversionOptions(for model: Model) -> InversionOptions {
    InversionOptions(
      iterations: iterations, optimizer: optimizer ?? .adam, weights: ObjectiveWeights(publishedFor: model),
      snapshotCount: 0)
  }
}

/// The values that are combined: all with all.
package struct QualityGrid {
  package var optimizers: [OptimizerKind]
  package var iterations: [Int]
  /// nil stands for the model file's own.
  package var weights: [WeightsPrecision?]
  /// nil stands for all that this machine has.
  package var compute: [Compute]?
  package var threads: [Int]

  package init(
    optimizers: [OptimizerKind], iterations: [Int], weights: [WeightsPrecision?], compute: [Compute]? = nil,
    threads: [Int]
  ) {
    self.optimizers = optimizers
    self.iterations = iterations
    self.weights = weights
    self.compute = compute
    self.threads = threads
  }

  /// All combinations, the encoder alone first, then by optimizer and steps. Refuses what this machine cannot do.
  package func configurations(for model: Model) throws -> [QualityConfiguration] {
    var result: [QualityConfiguration] = []
    for weights in weights {
      for compute in compute ?? Compute.allCases {
        for threads in threads {
          let engine = EngineSettings(threads: threads, compute: compute)
          let kernels: Kernels
          do {
            kernels = try engine.kernels()
          } catch let failure as Failure where failure.kind == .unavailable && self.compute == nil {
            continue
          }
          var configuration = QualityConfiguration(
            optimizer: nil, iterations: 0, weights: weights ?? model.file.metadata.precision,
            compute: kernels.computeName(model), threads: kernels.threadCount)
          if iterations.contains(0) { result.append(configuration) }
          for optimizer in optimizers {
            for count in iterations.sorted() where count > 0 {
              configuration.optimizer = optimizer
              configuration.iterations = count
              result.append(configuration)
            }
          }
        }
      }
    }
    return Self.unique(result)
  }

  package static func unique<Value: Hashable>(_ values: [Value]) -> [Value] {
    var seen: Set<Value> = []
    return values.filter { seen.insert($0).inserted }
  }
}
