import ArgumentParser
import Foundation
import Inversion
import Quant
import SIMDKernels

/// One way of inverting that `bench quality` measures.
struct QualityConfiguration: Codable, Hashable {
  /// nil where there is nothing to optimise: the encoder alone.
  var optimizer: OptimiserKind?
  /// Steps at most.
  var iterations: Int
  var weights: WeightsPrecision
  /// The arithmetic in force, never `auto`.
  var compute: String
  /// As many as there are, never 0.
  var threads: Int

  /// Short and unique within a grid: `auto-25-f16-auto-2`.
  var id: String { "\(method)-\(weights.rawValue)-\(compute)-\(threads)" }

  /// `auto-25`, or `encoder`.
  var method: String { optimizer.map { "\($0.rawValue)-\(iterations)" } ?? "encoder" }

  /// `--threads` and `--compute`, as all commands take them.
  func engine() throws -> EngineOptions {
    try EngineOptions.parse(["--compute", compute, "--threads", "\(threads)"])
  }

  func inversionOptions(for model: Model) -> InversionOptions {
    InversionOptions(
      iterations: iterations, optimiser: optimizer ?? .adam, weights: ObjectiveWeights(publishedFor: model),
      snapshotCount: 0)
  }
}

/// The values that are combined: all with all.
struct QualityGrid {
  var optimizers: [OptimiserKind]
  var iterations: [Int]
  /// nil stands for the model file's own.
  var weights: [WeightsPrecision?]
  /// nil stands for all that this machine has.
  var compute: [EngineOptions.Compute]?
  var threads: [Int]

  /// The lists as they are given, with commas between values.
  init(optimizers: String, iterations: String, weights: String, compute: String, threads: String) throws {
    self.optimizers = try Self.list(optimizers, "--optimizers", OptimiserKind.allCases.map(\.rawValue)) {
      OptimiserKind(rawValue: $0)
    }
    self.iterations = Self.unique(try IntegerList(iterations, option: "--iterations", limit: 1000).values)
    if let wrong = self.iterations.first(where: { $0 > 1_000_000 }) {
      throw ValidationError("--iterations: expected 0 to 1000000, found \(wrong)")
    }
    let precisions = WeightsPrecision.allCases.map(\.rawValue)
    self.weights = try Self.list(weights, "--weights", ["file"] + precisions, all: precisions) { name in
      name == "file" ? .some(nil) : WeightsPrecision(rawValue: name).map { .some($0) }
    }
    self.compute =
      compute == "all"
      ? nil
      : try Self.list(compute, "--compute", EngineOptions.Compute.allCases.map(\.rawValue)) {
        EngineOptions.Compute(argument: $0)
      }
    self.threads = Self.unique(try IntegerList(threads, option: "--threads", limit: 1000).values)
    if let wrong = self.threads.first(where: { $0 > 1024 }) {
      throw ValidationError("--threads: expected 0 to 1024, found \(wrong)")
    }
  }

  /// All combinations, the encoder alone first, then by optimiser and steps. Refuses what this machine cannot do.
  func configurations(for model: Model) throws -> [QualityConfiguration] {
    var result: [QualityConfiguration] = []
    for weights in weights {
      for compute in compute ?? EngineOptions.Compute.allCases {
        for threads in threads {
          let engine = try EngineOptions.parse(["--compute", compute.rawValue, "--threads", "\(threads)"])
          let kernels: Kernels
          do {
            kernels = try engine.kernels()
          } catch let failure as Failure where failure.status == .unavailable && self.compute == nil {
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

  /// - Parameter all: what `all` stands for.
  private static func list<Value>(
    _ text: String, _ option: String, _ names: [String], all: [String]? = nil, _ value: (String) -> Value?
  ) throws -> [Value] {
    let parts =
      text == "all" ? all ?? names : text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    return try unique(parts).map { part in
      guard let value = value(part) else {
        throw ValidationError(
          "\(option): expected some of \(names.joined(separator: ", ")), with commas between them, or all, found '\(text)'"
        )
      }
      return value
    }
  }

  private static func unique<Value: Hashable>(_ values: [Value]) -> [Value] {
    var seen: Set<Value> = []
    return values.filter { seen.insert($0).inserted }
  }
}
