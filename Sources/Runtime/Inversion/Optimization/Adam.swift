/// Adam (Kingma and Ba, ICLR 2015, algorithm 1), bias-corrected, as PyTorch computes it.
package struct Adam: Sendable {
  package var learningRate: Float
  package let beta1: Float = 0.9
  package let beta2: Float = 0.999
  package let epsilon: Float = 1e-8
  /// Steps taken so far.
  package private(set) var stepCount = 0
  package private(set) var firstMoment: [Float]
  package private(set) var secondMoment: [Float]

  package init(learningRate: Float = 0.01, count: Int) {
    self.learningRate = learningRate
    firstMoment = [Float](repeating: 0, count: count)
    secondMoment = [Float](repeating: 0, count: count)
  }

  /// Goes on where another run stopped.
  package init(learningRate: Float, stepCount: Int, firstMoment: [Float], secondMoment: [Float]) {
    precondition(firstMoment.count == secondMoment.count)
    self.learningRate = learningRate
    self.stepCount = stepCount
    self.firstMoment = firstMoment
    self.secondMoment = secondMoment
  }

  /// Moves `parameters` one step down the gradient.
  package mutating func update(_ parameters: inout [Float], gradient: [Float]) {
    precondition(parameters.count == firstMoment.count && gradient.count == firstMoment.count)
    stepCount += 1
    let stepSize = learningRate / Float(1 - power(Double(beta1), stepCount))
    let correction = Float((1 - power(Double(beta2), stepCount)).squareRoot())
    for index in parameters.indices {
      let g = gradient[index]
      firstMoment[index] += (g - firstMoment[index]) * (1 - beta1)
      secondMoment[index] = secondMoment[index] * beta2 + (1 - beta2) * g * g
      let denominator = secondMoment[index].squareRoot() / correction + epsilon
      parameters[index] -= stepSize * (firstMoment[index] / denominator)
    }
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    var result = 1.0
    for _ in 0..<exponent { result *= base }
    return result
  }
}

/// Adam as an optimizer: every evaluated code is followed by one update. Nothing stops it from rising.
///
/// As published, its first steps are as long as all others, in directions that one gradient alone has named: the loss rises
/// far above the start's and comes back after some twenty steps. A rate that grows over the first steps avoids the detour
/// (docs/OPTIMIZERS.md).
struct AdamOptimizer: Optimizer {
  /// Steps over which the rate of a warmed-up run grows, in proportion, from `firstShare` to the whole.
  static let warmUpLength = 30
  static let firstShare: Float = 0.2

  private(set) var proposal: [Float]
  private var adam: Adam
  private let learningRate: Float
  /// Whether the first steps are shorter; not so in the published procedure.
  private let isWarmedUp: Bool

  init(start: [Float], learningRate: Float, isWarmedUp: Bool = false) {
    proposal = start
    adam = Adam(learningRate: learningRate, count: start.count)
    self.learningRate = learningRate
    self.isWarmedUp = isWarmedUp
  }

  init?(_ memory: OptimizerMemory, learningRate: Float, isWarmedUp: Bool = false) {
    guard memory.integers.count == 1, memory.integers[0] >= 0, memory.vectors.count == 3 else { return nil }
    proposal = memory.vectors[0]
    adam = Adam(
      learningRate: learningRate, stepCount: memory.integers[0], firstMoment: memory.vectors[1],
      secondMoment: memory.vectors[2])
    self.learningRate = learningRate
    self.isWarmedUp = isWarmedUp
  }

  var isConverged: Bool { false }

  mutating func observe(loss: Float, gradient: [Float]) {
    if isWarmedUp {
      let progress = min(1, Float(adam.stepCount + 1) / Float(Self.warmUpLength))
      adam.learningRate = learningRate * (Self.firstShare + (1 - Self.firstShare) * progress)
    }
    adam.update(&proposal, gradient: gradient)
  }

  var memory: OptimizerMemory {
    OptimizerMemory(integers: [adam.stepCount], vectors: [proposal, adam.firstMoment, adam.secondMoment])
  }
}
