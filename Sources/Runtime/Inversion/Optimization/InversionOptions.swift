/// How an image is inverted. Defaults are the published procedure.
package struct InversionOptions: Sendable, Encodable {
  /// Where the optimization starts.
  package enum Start: Sendable, Equatable, Encodable {
    /// E(x): the domain-guided encoder's code.
    case encoder
    /// The generator's mean code.
    case mean
    /// A given code, [L, D].
    case code([Float])
  }

  /// Evaluations of the objective with its gradient, at most.
  package var iterations: Int
  package var optimizer: OptimizerKind
  /// Step size of Adam.
  package var learningRate: Float
  package var weights: ObjectiveWeights
  package var start: Start
  /// Whose encoder makes the start code; the model's own where nil.
  package var startEncoder: Model?
  /// Where the code is looked for; the start code is brought there.
  package var space: CodeSpace
  /// When an image is done before `iterations`.
  package var goals: Goals
  /// How many intermediate codes to keep, evenly spaced; the last is the result.
  package var snapshotCount: Int

  package init(
    iterations: Int = 100, optimizer: OptimizerKind = .adam, learningRate: Float = 0.01,
    weights: ObjectiveWeights = ObjectiveWeights(), start: Start = .encoder, startEncoder: Model? = nil,
    space: CodeSpace = .wPlus, goals: Goals = Goals(), snapshotCount: Int = 5
  ) {
    self.iterations = iterations
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.weights = weights
    self.start = start
    self.startEncoder = startEncoder
    self.space = space
    self.goals = goals
    self.snapshotCount = snapshotCount
  }

  /// The steps after which a snapshot is kept, ascending. At most one per step, so more snapshots than steps are
  /// not an error.
  package var snapshotSteps: [Int] {
    guard iterations > 0, snapshotCount > 0 else { return [] }
    let count = min(snapshotCount, iterations)
    return (1...count).map { ($0 * iterations + count - 1) / count }
  }

  func validate() throws(InversionError) {
    guard iterations >= 0 else {
      throw .badOption(name: "iterations", expected: "0 or more", found: "\(iterations)")
    }
    guard learningRate > 0, learningRate.isFinite else {
      throw .badOption(name: "learning-rate", expected: "a positive number", found: "\(learningRate)")
    }
    try goals.validate()
  }
}

/// When an image is done, besides the number of iterations. The default is never.
package struct Goals: Sendable, Equatable, Encodable {
  /// Seconds of work for one image: its start code, its features and its steps. In a batch each image is charged its
  /// share. No step is begun that would probably end later.
  package var budgetSeconds: Double?
  /// PSNR in dB of the best code's image, before its pixels are rounded, that is good enough.
  package var targetPSNR: Double?
  /// Steps without a fall of the least total loss by `plateauShare` that are waited for.
  package var patience: Int?

  /// What counts as a fall: 0.1 %.
  package static let plateauShare: Float = 1e-3

  package init(budgetSeconds: Double? = nil, targetPSNR: Double? = nil, patience: Int? = nil) {
    self.budgetSeconds = budgetSeconds
    self.targetPSNR = targetPSNR
    self.patience = patience
  }

  func validate() throws(InversionError) {
    if let budgetSeconds, !(budgetSeconds > 0) {
      throw .badOption(name: "budget", expected: "a positive time", found: "\(budgetSeconds) s")
    }
    if let targetPSNR, !targetPSNR.isFinite {
      throw .badOption(name: "target-psnr", expected: "a number of dB", found: "\(targetPSNR)")
    }
    if let patience, patience < 1 {
      throw .badOption(name: "patience", expected: "1 or more", found: "\(patience)")
    }
  }
}
