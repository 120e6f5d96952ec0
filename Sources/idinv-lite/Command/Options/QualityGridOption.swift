import ArgumentParser
import Inversion
import Quant
import Workflows

extension QualityGrid {
  /// The lists as they are given, with commas between values.
  init(optimizers: String, iterations: String, weights: String, compute: String, threads: String) throws {
    let optimizers = try Self.list(optimizers, "--optimizers", OptimiserKind.allCases.map(\.rawValue)) {
      OptimiserKind(rawValue: $0)
    }
    let iterations = Self.unique(try IntegerList(iterations, option: "--iterations", limit: 1000).values)
    if let wrong = iterations.first(where: { $0 > 1_000_000 }) {
      throw ValidationError("--iterations: expected 0 to 1000000, found \(wrong)")
    }
    let precisions = WeightsPrecision.allCases.map(\.rawValue)
    let weights: [WeightsPrecision?] = try Self.list(weights, "--weights", ["file"] + precisions, all: precisions) {
      name in
      name == "file" ? .some(nil) : WeightsPrecision(rawValue: name).map { .some($0) }
    }
    let compute: [Compute]? =
      compute == "all"
      ? nil
      : try Self.list(compute, "--compute", Compute.allCases.map(\.rawValue)) {
        Compute(argument: $0)
      }
    let threads = Self.unique(try IntegerList(threads, option: "--threads", limit: 1000).values)
    if let wrong = threads.first(where: { $0 > 1024 }) {
      throw ValidationError("--threads: expected 0 to 1024, found \(wrong)")
    }
    self.init(optimizers: optimizers, iterations: iterations, weights: weights, compute: compute, threads: threads)
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
}
