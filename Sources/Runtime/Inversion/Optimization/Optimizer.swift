/// A minimizer of one image's objective, by asking and telling: it proposes a code, and is told what that code is worth.
///
/// It knows neither networks nor clocks, so that any number of images can share one prepared graph, each with its own.
/// An optimizer is deterministic: the same observations give the same proposals, bit for bit.
package protocol Optimizer: Sendable {
  /// The code to evaluate next, [L·D].
  var proposal: [Float] { get }

  /// Whether the optimizer knows of no better code: further proposals would be wasted.
  var isConverged: Bool { get }

  /// Takes the value of the objective at `proposal`, and moves on to the next one.
  ///
  /// - Parameters:
  ///   - loss: may be infinite or not a number, where the objective is.
  ///   - gradient: by the code, [L·D].
  mutating func observe(loss: Float, gradient: [Float])

  /// All that it remembers; `init(_:)` goes on from it with the same bits.
  var memory: OptimizerMemory { get }
}

/// What an optimizer remembers, in a form that any file can hold.
package struct OptimizerMemory: Sendable, Equatable {
  package var integers: [Int]
  package var numbers: [Double]
  /// Each [L·D].
  package var vectors: [[Float]]

  package init(integers: [Int] = [], numbers: [Double] = [], vectors: [[Float]] = []) {
    self.integers = integers
    self.numbers = numbers
    self.vectors = vectors
  }
}

/// The optimizers to choose from; docs/OPTIMIZERS.md has what was tried.
package enum OptimizerKind: String, Sendable, CaseIterable, Codable {
  /// The best that was found: L-BFGS on the model's mean curvature; for a model without, Adam with a rate that grows at
  /// first. The best code is the result, and a collapse is noticed and undone.
  case auto
  /// The published one: Adam at a constant rate, and the last code is the result.
  case adam

  /// - Parameter curvature: the model's, where it has one.
  func start(at code: [Float], learningRate: Float, curvature: Curvature? = nil) -> any Optimizer {
    if self == .auto, let curvature { return LBFGS(start: code, curvature: curvature) }
    return AdamOptimizer(start: code, learningRate: learningRate, isWarmedUp: self == .auto)
  }

  /// Goes on from what an optimizer of this kind remembered; nil where that is not its memory.
  func resume(
    _ memory: OptimizerMemory, count: Int, learningRate: Float, curvature: Curvature? = nil
  ) -> (any Optimizer)? {
    guard memory.vectors.allSatisfy({ $0.count == count }) else { return nil }
    let adam = AdamOptimizer(memory, learningRate: learningRate, isWarmedUp: self == .auto)
    return switch self {
    case .adam: adam
    case .auto: curvature == nil ? adam ?? LBFGS(memory) : LBFGS(memory, curvature: curvature)
    }
  }
}
