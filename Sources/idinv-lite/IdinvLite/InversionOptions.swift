import Inversion

/// How images are inverted. The defaults are those of the command.
public struct InversionOptions: Sendable, Equatable {
  /// What proposes the next code.
  public enum Optimizer: String, Sendable, CaseIterable {
    /// The best that is known; the best code is the result.
    case auto
    /// As published: Adam at a constant rate; the last code is the result.
    case adam
  }

  /// Where the optimization starts.
  public enum Start: Sendable, Equatable {
    /// The encoder's code of the image.
    case encoder
    /// The generator's mean code.
    case mean
    /// A given code, [1, L, D].
    case code(Codes)
  }

  /// Where the code is looked for.
  public enum Space: String, Sendable, CaseIterable {
    /// One vector for each style layer.
    case wPlus = "w+"
    /// The same vector for all style layers.
    case w
  }

  /// Evaluations of the objective with its gradient, at most; nil for 100, or with `budgetSeconds` as many as it allows.
  public var steps: Int?
  public var optimizer = Optimizer.auto
  /// Step size of `.adam`; `.auto` ignores it where the model stores its curvature.
  public var learningRate: Float = 0.01
  /// Weight of the perceptual term; 0 leaves it out.
  public var perceptualWeight: Float = 5e-5
  /// Weight of the domain term; 0 leaves it out.
  public var domainWeight: Float = 2
  public var start = Start.encoder
  public var space = Space.wPlus
  /// Seconds of work for one image; the best code by then is the result.
  public var budgetSeconds: Double?
  /// PSNR in dB at which an image is good enough.
  public var targetPSNR: Double?
  /// Steps without a fall of the least loss by 0.1 % after which an image is done.
  public var patience: Int?
  /// Images refined side by side; 0 for as many as gain something and fit the memory. Results do not depend on it.
  public var batch = 0
  public var crop = Image.Crop.none

  public init(
    steps: Int? = nil, optimizer: Optimizer = .auto, budgetSeconds: Double? = nil, crop: Image.Crop = .none
  ) {
    self.steps = steps
    self.optimizer = optimizer
    self.budgetSeconds = budgetSeconds
    self.crop = crop
  }

  /// Exactly the published procedure: 100 steps of Adam at rate 0.01; the last code is the result.
  public static var published: InversionOptions { InversionOptions(steps: 100, optimizer: .adam) }

  /// As many steps as a budget of time could allow.
  private static let mostSteps = 1_000_000

  /// The options as the optimization takes them.
  ///
  /// - Throws: `.invalidArgument`.
  func resolved(for shape: CodeShape) throws(IdinvError) -> Inversion.InversionOptions {
    func require(_ condition: Bool, _ name: String, _ expected: String, _ found: Any) throws(IdinvError) {
      if !condition { throw IdinvError(.invalidArgument, "\(name): expected \(expected), found \(found)") }
    }
    let count = steps ?? (budgetSeconds == nil ? 100 : Self.mostSteps)
    try require((0...Self.mostSteps).contains(count), "steps", "0 to \(Self.mostSteps)", count)
    try require(
      perceptualWeight >= 0 && perceptualWeight.isFinite, "perceptual weight", "0 or more", perceptualWeight)
    try require(domainWeight >= 0 && domainWeight.isFinite, "domain weight", "0 or more", domainWeight)
    try require((0...1024).contains(batch), "batch", "0 to 1024", batch)
    let start: Inversion.InversionOptions.Start
    switch self.start {
    case .encoder: start = .encoder
    case .mean: start = .mean
    case .code(let codes):
      try codes.requireShape(shape, "start code")
      try require(codes.count == 1, "start code", "one code", codes.count)
      start = .code(codes.values)
    }
    return Inversion.InversionOptions(
      iterations: count, optimizer: optimizer == .auto ? .auto : .adam, learningRate: learningRate,
      weights: ObjectiveWeights(perceptual: perceptualWeight, domain: domainWeight), start: start,
      space: space == .w ? .w : .wPlus,
      goals: Goals(budgetSeconds: budgetSeconds, targetPSNR: targetPSNR, patience: patience), snapshotCount: 0)
  }
}
