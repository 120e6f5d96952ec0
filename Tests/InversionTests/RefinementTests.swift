import Testing

@testable import Inversion

/// When one image's refinement stops, and what it gives back: on made-up objectives, with a made-up clock.
@Suite struct RefinementTests {
  /// Runs on loss = pixel = `loss(code)`, `seconds` a step.
  private func run(
    _ options: InversionOptions, start: [Float] = [1, 1], seconds: Double = 1,
    _ function: ([Float]) -> (loss: Float, gradient: [Float])
  ) throws -> (result: InversionResult, refinement: Refinement) {
    var refinement = try Refinement(from: start, options: options)
    while refinement.stopReason == nil {
      let (loss, gradient) = function(refinement.proposal)
      try refinement.observe(
        Losses(pixel: loss, perceptual: 0, domain: 0, total: loss), gradient: gradient, seconds: seconds)
    }
    return (try refinement.result(), refinement)
  }

  private func bowl(_ x: [Float]) -> (loss: Float, gradient: [Float]) {
    (x.reduce(0) { $0 + $1 * $1 }, x.map { 2 * $0 })
  }

  @Test func thePublishedProcedureGivesTheLastCode() throws {
    let (result, refinement) = try run(InversionOptions(iterations: 5), bowl)
    #expect(result.stopReason == .iterations && result.history.count == 5)
    #expect(result.code == refinement.state.code)
    #expect(result.code != refinement.state.bestCode)
  }

  @Test func autoGivesTheBestCode() throws {
    let (result, refinement) = try run(InversionOptions(iterations: 5, optimizer: .auto), bowl)
    #expect(result.code == refinement.state.bestCode)
    #expect(bowl(result.code).loss == refinement.state.bestLoss)
    #expect(result.bestStep == refinement.state.bestStep)
  }

  /// Evenly over the steps; over the budget where that ends the run before.
  @Test func snapshotsAreSpreadEvenly() throws {
    var options = InversionOptions(iterations: 7, optimizer: .auto, snapshotCount: 2)
    #expect(try run(options, bowl).result.snapshots.map(\.step) == options.snapshotSteps)
    options.iterations = 100
    options.snapshotCount = 5
    #expect(try run(options, bowl).result.snapshots.map(\.step) == [20, 40, 60, 80, 100])
    options.iterations = 1_000_000
    options.goals.budgetSeconds = 40
    let (result, refinement) = try run(options, bowl)
    #expect(result.stopReason == .budget && result.history.count == 40)
    #expect(result.snapshots.map(\.step) == [8, 16, 24, 32, 40])
    #expect(refinement.plannedSteps == 40)
  }

  @Test func noStepBeginsThatWouldEndAfterTheBudget() throws {
    var options = InversionOptions(iterations: 100, goals: Goals(budgetSeconds: 10))
    var result = try run(options, seconds: 3, bowl).result
    #expect(result.stopReason == .budget && result.history.count == 3)
    options.goals.budgetSeconds = 0.1
    result = try run(options, seconds: 3, bowl).result
    #expect(result.stopReason == .budget && result.history.count == 1)
  }

  @Test func workBesidesTheStepsCounts() throws {
    var refinement = try Refinement(
      from: [1], options: InversionOptions(iterations: 9, goals: Goals(budgetSeconds: 10)))
    refinement.charge(seconds: 8)
    try refinement.observe(
      Losses(pixel: 1, perceptual: 0, domain: 0, total: 1), gradient: [1], seconds: 1.5)
    #expect(refinement.stopReason == .budget)
  }

  /// 40 dB for pixels in ±1 is a mean squared error of 4e-4.
  @Test func theTargetIsReachedByTheBestCode() throws {
    let options = InversionOptions(
      iterations: 1000, optimizer: .auto, goals: Goals(targetPSNR: 40))
    let (result, refinement) = try run(options, bowl)
    #expect(result.stopReason == .target)
    #expect(refinement.state.bestLoss <= 4e-4)
    #expect(result.history.dropLast().allSatisfy { $0.pixel > 4e-4 })
  }

  @Test func patienceEndsAPlateau() throws {
    let options = InversionOptions(iterations: 100, goals: Goals(patience: 7))
    let flat = try run(options) { x in (1, x.map { _ in 1 }) }.result
    #expect(flat.stopReason == .plateau && flat.history.count == 8)
    // A fall of one percent a step is none.
    var loss: Float = 1
    let falling = try run(options) { x in
      loss *= 0.99
      return (loss, x.map { _ in 1 })
    }.result
    #expect(falling.stopReason == .iterations)
  }

  @Test func aLossThatRisesForGoodIsUndone() throws {
    // The gradient points uphill: Adam would climb for ever.
    let options = InversionOptions(iterations: 100, optimizer: .auto)
    let (result, _) = try run(options) { x in (x[0] * x[0], [-2 * x[0], 0]) }
    #expect(result.code == [1, 1])
    #expect(result.stopReason == .converged)
    let highest = result.history.map(\.total).max()!
    #expect(highest > 1 && highest < 2)
  }

  @Test func aLossThatIsNoNumberIsUndone() throws {
    // Only the neighborhood of the start has a value; the minimum is at its edge.
    let options = InversionOptions(iterations: 100, optimizer: .auto)
    let (result, refinement) = try run(options) { x in
      abs(x[0] - 1) < 0.045 ? (x[0], [1, 0]) : (.infinity, [.nan, .nan])
    }
    #expect(result.code[0] < 1 && result.code[0] > 0.95)
    #expect(refinement.state.bestLoss < 1)
  }

  @Test func aStartWithoutALossIsAnError() throws {
    for kind in OptimizerKind.allCases {
      let options = InversionOptions(iterations: 10, optimizer: kind)
      #expect(throws: InversionError.self) { try run(options) { _ in (.nan, [0, 0]) } }
    }
  }

  /// Whatever the objective does, no run of `auto` ends worse than its start.
  @Test func noRunEndsWorseThanItsStart() throws {
    var seed: UInt64 = 1
    func noise() -> Float {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(seed >> 40) * 0x1p-24
    }
    for kind in [OptimizerKind.auto] {
      for iterations in [1, 10, 60] {
        var first: Float?
        let (_, refinement) = try run(InversionOptions(iterations: iterations, optimizer: kind)) { x in
          let loss = noise()
          first = first ?? loss
          return (loss, x.map { _ in noise() - 0.5 })
        }
        #expect(refinement.state.bestLoss <= first!)
        #expect(refinement.state.bestLoss == refinement.state.history.map(\.total).min())
      }
    }
  }

  @Test func aResumedRefinementEndsWithTheSameBits() throws {
    for kind in OptimizerKind.allCases {
      let options = InversionOptions(iterations: 60, optimizer: kind)
      let whole = try run(options, bowl).refinement.state
      var first = try Refinement(from: [1, 1], options: options)
      for _ in 0..<9 where first.stopReason == nil {
        let (loss, gradient) = bowl(first.proposal)
        try first.observe(
          Losses(pixel: loss, perceptual: 0, domain: 0, total: loss), gradient: gradient, seconds: 1)
      }
      var second = try Refinement(from: [1, 1], resuming: first.state, options: options)
      while second.stopReason == nil, first.stopReason == nil {
        let (loss, gradient) = bowl(second.proposal)
        try second.observe(
          Losses(pixel: loss, perceptual: 0, domain: 0, total: loss), gradient: gradient, seconds: 1)
      }
      #expect((first.stopReason == nil ? second.state : first.state) == whole)
    }
  }

  @Test func senselessGoalsAreRefused() {
    for goals in [Goals(budgetSeconds: 0), Goals(budgetSeconds: .nan), Goals(targetPSNR: .nan), Goals(patience: 0)] {
      #expect(throws: InversionError.self) { try goals.validate() }
    }
  }
}
