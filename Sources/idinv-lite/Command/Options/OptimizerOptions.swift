import ArgumentParser
import Inversion
import Workflows

/// How codes are refined, and when that is enough.
struct OptimizerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "auto (the fastest known; the best code is the result) or adam (as published; the last code is the "
        + "result). (default: auto)"))
  var optimizer: OptimizerKind?

  @Flag(help: "Exactly the published procedure: 100 steps of Adam at rate 0.01; the last code is the result.")
  var published = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Maximum number of steps; 0 for the encoder alone. (default: 100; with --budget as "
        + "many as it allows)",
      valueName: "n"))
  var iterations: Int?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Step size of --optimizer adam. (default: 0.01)", valueName: "rate"))
  var learningRate: Float?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Time per image, as 5s, 300ms or 2m; the best code by then is the result.", valueName: "time"))
  var budget: Duration?

  @Option(
    name: .customLong("target-psnr"), parsing: .unconditional,
    help: ArgumentHelp("Stop when the image of the best code reaches this PSNR.", valueName: "dB"))
  var targetPSNR: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Stop after N steps in which the lowest total loss has not fallen by 0.1 %. Adam's rises at first: use 30 or more.",
      valueName: "n"))
  var patience: Int?

  mutating func validate() throws {
    func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
      if !condition { throw ValidationError(message()) }
    }
    let (iterations, learningRate) = (iterationCount, rate)
    try require(
      (0...Self.mostIterations).contains(iterations),
      "--iterations: expected 0 to \(Self.mostIterations), found \(iterations)")
    try require(
      learningRate > 0 && learningRate.isFinite, "--learning-rate: expected a positive number, found \(learningRate)")
    if let targetPSNR {
      try require(targetPSNR.isFinite, "--target-psnr: expected a number of dB, found \(targetPSNR)")
    }
    if let patience { try require(patience >= 1, "--patience: expected 1 or more, found \(patience)") }
    guard published else { return }
    for name in given where name != "--published" && !(name == "--optimizer" && optimizer == .adam) {
      throw ValidationError("--published: stands for the published procedure; drop it or \(name)")
    }
  }

  /// The options of this group that were given.
  var given: [String] {
    let options = [
      ("--optimizer", optimizer != nil), ("--published", published), ("--iterations", iterations != nil),
      ("--learning-rate", learningRate != nil), ("--budget", budget != nil), ("--target-psnr", targetPSNR != nil),
      ("--patience", patience != nil),
    ]
    return options.filter(\.1).map(\.0)
  }

  /// Refuses a step size that nothing would come of: with a model's curvature `auto` is L-BFGS, which finds its own.
  func check(_ model: Model) throws {
    guard learningRate != nil, kind == .auto, try model.curvature() != nil else { return }
    throw Failure(
      .usage, of: "learning-rate",
      "is Adam's, and --optimizer auto is L-BFGS with this model; expected --optimizer adam")
  }

  var kind: OptimizerKind { published ? .adam : optimizer ?? .auto }
  var iterationCount: Int { iterations ?? (budget == nil ? 100 : Self.mostIterations) }
  static let mostIterations = 1_000_000
  var rate: Float { learningRate ?? 0.01 }
  var goals: Goals { Goals(budgetSeconds: budget?.seconds, targetPSNR: targetPSNR, patience: patience) }

  /// For the report; goals only where given.
  var list: [(name: String, value: String)] {
    var list = [("--optimizer", kind.rawValue)]
    if budget == nil || iterations != nil { list.append(("--iterations", "\(iterationCount)")) }
    if kind == .adam || learningRate != nil { list.append(("--learning-rate", "\(rate)")) }
    if let budget { list.append(("--budget", "\(budget.seconds)s")) }
    if let targetPSNR { list.append(("--target-psnr", "\(targetPSNR)")) }
    if let patience { list.append(("--patience", "\(patience)")) }
    return list
  }

  /// A positive time with its unit.
  struct Duration: ExpressibleByArgument {
    var seconds: Double

    init?(argument: String) {
      let units: [(suffix: String, seconds: Double)] = [("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600)]
      guard let unit = units.first(where: { argument.hasSuffix($0.suffix) }),
        let count = Double(argument.dropLast(unit.suffix.count)), count > 0, count.isFinite
      else { return nil }
      seconds = count * unit.seconds
    }
  }
}

extension OptimizerKind: ExpressibleByArgument {}
