import Testing

@testable import Inversion

/// A function with its gradient.
private typealias Function = @Sendable ([Float]) -> (loss: Float, gradient: [Float])

/// ½ Σ cᵢ (xᵢ − i)², condition 1,000; minimum 0 at 0, 1, 2, …
private let quadratic: Function = { x in
  var (loss, gradient): (Float, [Float]) = (0, [])
  for (index, value) in x.enumerated() {
    let curvature = index % 2 == 0 ? Float(0.01) : 10
    let distance = value - Float(index)
    loss += curvature * distance * distance / 2
    gradient.append(curvature * distance)
  }
  return (loss, gradient)
}

/// Rosenbrock's valley; minimum 0 at (1, 1).
private let rosenbrock: Function = { x in
  let (a, b) = (1 - x[0], x[1] - x[0] * x[0])
  return (a * a + 100 * b * b, [-2 * a - 400 * x[0] * b, 200 * b])
}

@Suite struct OptimizerTests {
  private func run(
    _ optimizer: any Optimizer, _ function: Function, steps: Int
  ) -> (losses: [Float], last: any Optimizer) {
    var optimizer = optimizer
    var losses: [Float] = []
    for _ in 0..<steps where !optimizer.isConverged {
      let (loss, gradient) = function(optimizer.proposal)
      losses.append(loss)
      optimizer.observe(loss: loss, gradient: gradient)
    }
    return (losses, optimizer)
  }

  @Test func lbfgsFindsTheMinimumOfAQuadratic() {
    let losses = run(LBFGS(start: [5, -3, 8, 1, 0, 2]), quadratic, steps: 60).losses
    #expect(losses.min()! < 1e-6 * losses[0])
  }

  @Test func lbfgsFollowsRosenbrocksValley() {
    let losses = run(LBFGS(start: [-1.2, 1]), rosenbrock, steps: 100).losses
    #expect(losses.min()! < 1e-6)
  }

  @Test func adamComesToTheMinimumOfAQuadratic() {
    let losses = run(AdamOptimizer(start: [0.5, 0.5], learningRate: 0.01), quadratic, steps: 2000).losses
    #expect(losses.last! < 1e-4 * losses[0])
  }

  /// Codes that L-BFGS accepts never get worse, and its loss is that of its code.
  @Test func lbfgsNeverAcceptsAWorseLoss() {
    var optimizer = LBFGS(start: [-1.2, 1])
    var accepted: [Double] = []
    for _ in 0..<80 where !optimizer.isConverged {
      let (loss, gradient) = rosenbrock(optimizer.proposal)
      optimizer.observe(loss: loss, gradient: gradient)
      accepted.append(optimizer.loss)
      #expect(Float(optimizer.loss) == rosenbrock(optimizer.code).loss)
    }
    #expect(accepted == accepted.sorted(by: >))
    #expect(accepted.count > 20)
  }

  @Test func lbfgsStepsBackFromWhereThereIsNoLoss() {
    // Not a number beyond 1; the minimum lies at 0.9.
    let cliff: Function = { x in
      x[0] > 1 ? (.nan, [.nan]) : ((x[0] - 0.9) * (x[0] - 0.9), [2 * (x[0] - 0.9)])
    }
    let (losses, last) = run(LBFGS(start: [0.8]), cliff, steps: 40)
    #expect(losses.contains { $0.isNaN })
    let code = (last as? LBFGS)?.code[0] ?? .nan
    #expect(abs(code - 0.9) < 1e-3)
  }

  @Test func lbfgsEndsWhereTheGradientVanishes() {
    var optimizer = LBFGS(start: [0, 1, 2])
    optimizer.observe(loss: 0, gradient: [0, 0, 0])
    #expect(optimizer.isConverged)
  }

  /// A gradient that points the wrong way cannot lead it astray.
  @Test func lbfgsGivesUpOnALyingGradient() {
    let lie: Function = { x in (x[0] * x[0], [-2 * x[0]]) }
    let (_, last) = run(LBFGS(start: [1]), lie, steps: 100)
    #expect(last.isConverged)
    #expect((last as? LBFGS)?.code == [1])
  }

  /// From its memory at any step an optimizer goes on with the same bits.
  @Test func memoriesGoOnWithTheSameBits() throws {
    for kind in OptimizerKind.allCases {
      for stop in [0, 1, 7, 35] {
        let whole = run(kind.start(at: [-1.2, 1], learningRate: 0.01), rosenbrock, steps: 40)
        let half = run(kind.start(at: [-1.2, 1], learningRate: 0.01), rosenbrock, steps: stop)
        let resumed = try #require(kind.resume(half.last.memory, count: 2, learningRate: 0.01))
        let rest = run(resumed, rosenbrock, steps: 40 - stop)
        #expect(half.losses + rest.losses == whole.losses)
      }
    }
    let whole = run(LBFGS(start: [-1.2, 1]), rosenbrock, steps: 40)
    let half = run(LBFGS(start: [-1.2, 1]), rosenbrock, steps: 15)
    let resumed = try #require(LBFGS(half.last.memory))
    #expect(half.losses + run(resumed, rosenbrock, steps: 25).losses == whole.losses)
  }

  /// The first step has a fifth of the rate and a little more; from the thirtieth on it is whole.
  @Test func theRateOfAutoGrows() {
    func stepLengths(_ optimizer: any Optimizer) -> [Float] {
      var optimizer = optimizer
      return (0..<40).map { _ in
        let before = optimizer.proposal[0]
        // Under a constant gradient every step of Adam is as long as its rate.
        optimizer.observe(loss: 1, gradient: [1])
        return before - optimizer.proposal[0]
      }
    }
    let warmed = stepLengths(AdamOptimizer(start: [0], learningRate: 0.01, isWarmedUp: true))
    let published = stepLengths(AdamOptimizer(start: [0], learningRate: 0.01))
    #expect(published.allSatisfy { abs($0 - 0.01) < 1e-6 })
    for (index, length) in warmed.enumerated() {
      let share = min(1, Float(index + 1) / 30)
      #expect(abs(length - 0.01 * (0.2 + 0.8 * share)) < 1e-6, "step \(index + 1)")
    }
  }

  @Test func memoriesOfAnotherOptimizerOrModelAreRefused() {
    let adam = AdamOptimizer(start: [1, 2], learningRate: 0.01).memory
    let lbfgs = LBFGS(start: [1, 2]).memory
    #expect(LBFGS(adam) == nil)
    #expect(OptimizerKind.adam.resume(lbfgs, count: 2, learningRate: 0.01) == nil)
    #expect(OptimizerKind.auto.resume(lbfgs, count: 2, learningRate: 0.01) != nil)
    #expect(OptimizerKind.adam.resume(adam, count: 3, learningRate: 0.01) == nil)
    #expect(OptimizerKind.auto.resume(OptimizerMemory(), count: 2, learningRate: 0.01) == nil)
  }
}
