import ArgumentParser
import Inversion
import Reports
import Workflows

/// `idinv-lite verify`
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare a model file with the checkpoints it was made from.",
    discussion: """
      Example: idinv-lite verify model.idinv --against g.pth e.pth vgg16.pth

      Checks every checksum, converts the checkpoints again in f32, runs both on the same inputs, and prints the \
      error of each network and gradient. It recognizes each checkpoint by the names of its tensors. Computes in f32 \
      unless --compute f16 or int8 is given.
      """)

  @Argument(help: ArgumentHelp("The model file.", valueName: "model.idinv"))
  var modelArgument: String?

  @Option(name: [.customShort("m"), .customLong("model")], help: .hidden)
  var modelOption: String?

  private var model: String { modelArgument ?? modelOption ?? "" }

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("The checkpoints: generator, encoder, perceptual, attributes, judge.", valueName: "checkpoints"))
  var against: [String]

  @OptionGroup(title: "What a checkpoint does not record") var folding: FoldingOptions
  @OptionGroup(title: "Speed and memory") var engine: EngineOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Minimum PSNR of the generator's images, in dB; below it the command fails.", valueName: "db"))
  var minimumPsnr: Float?

  @OptionGroup var reporting: ReportingOptions

  mutating func validate() throws {
    guard (modelArgument == nil) != (modelOption == nil) else {
      throw ValidationError("give the model once: as an argument, or with --model")
    }
    if let minimumPsnr, minimumPsnr.isNaN { throw ValidationError("--minimum-psnr: expected a number, found nan") }
  }

  func run() throws {
    try reporting {
      Signals.install()
      let run = VerificationRun(model, against: against, options: folding.conversionOptions(weights: .f32))
      let outcome = try run(engine.kernels(auto: .full), reporting.context())
      let comparison = outcome.comparison
      if reporting.json {
        try JSONOutput.print(comparison)
      } else if !reporting.quiet {
        try StandardStreams.printOutput(text(outcome))
      }
      if let broken = (comparison.networks + comparison.gradients).first(where: { !$0.difference.isFinite }) {
        throw Failure(.badData, at: model, "expected numbers, found some that are not finite: \(broken.name)")
      }
      let psnr = comparison.networks.first { $0.name == "generator" }?.difference.psnr
      if let minimumPsnr, let psnr, psnr < minimumPsnr {
        throw Failure(.badData, "the generator's PSNR is \(psnr) dB; expected at least \(minimumPsnr) dB")
      }
    }
  }

  private func text(_ outcome: VerificationRun.Outcome) -> String {
    func row(_ entry: ModelComparison.Network, _ kind: String) -> String {
      let difference = entry.difference
      let psnr = difference.psnr == .infinity ? "   exact   " : printed("%8.2f dB", difference.psnr)
      return "  \((entry.name + kind).column(24))"
        + printed("%12.3g  ", difference.maximum) + psnr + printed("  %.8f", difference.cosine)
    }
    let lines =
      ["\(model): checksums match; \(outcome.precision) weights against the checkpoints in f32:"]
      + ["  " + "output".column(24) + "     max abs         PSNR  cosine"]
      + outcome.comparison.networks.map { row($0, "") } + outcome.comparison.gradients.map { row($0, " gradient") }
      + outcome.strangers.map { "note: \($0): by its SHA-256 not the file that \(model) was made of" }
    return lines.joined(separator: "\n") + "\n"
  }
}
