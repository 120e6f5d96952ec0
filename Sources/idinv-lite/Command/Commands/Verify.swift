import ArgumentParser
import Checkpoint
import Files
import Foundation
import Inversion
import Quant
import Reports
import Runtime
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
      try Model.requireModelFile(model)
      let file = try locating(model) { try ModelFile(path: model) }
      try locating(model) { try file.verifyChecksums() }
      var parts: [NetworkPart: [String]] = [:]
      for path in against {
        let recognition = try locating(path) { Recognition(try CheckpointReader.open(path), which: folding.which) }
        guard !recognition.networks.isEmpty else {
          throw Failure(
            .badData, at: path,
            "is no generator, encoder, perceptual, attribute or judge checkpoint; it is \(recognition.description)")
        }
        for part in recognition.networks.map(\.part) {
          guard parts[part] == nil || part == .detector else {
            throw Failure(.usage, of: "against", "two \(part.title) checkpoints; expected one of each kind")
          }
          parts[part, default: []].append(path)
        }
      }
      var options = folding.conversionOptions(weights: .f32)
      options.pixelMinimum = file.specification.pixelMinimum
      options.pixelMaximum = file.specification.pixelMaximum
      let folder = try ScratchFolder()
      let temporary = folder.path + "/reference.idinv"
      var plan = Conversion(options: options)
      plan.checkpoints = parts
      let conversion = try plan.run(to: temporary) { _ in
        guard Signals.cancellation.isCancelled else { return }
        folder.remove()
        Self.exit(withError: ExitCode(Signals.exitCode))
      }

      let reference = try Model(path: temporary)
      // It is mapped: without its name it goes away however this run ends.
      folder.remove()
      let specification = file.specification
      for part in NetworkPart.allCases where specification.holds(part) != (parts[part] != nil) {
        let isHeld = specification.holds(part)
        throw Failure(
          .usage, of: "against",
          "\(model) holds \(isHeld ? part.withArticle : "no \(part.title)"); expected "
            + "\(isHeld ? "its checkpoint too" : "no checkpoint of one")")
      }
      if let part = specification.networksThatDiffer(from: reference.file.specification).first {
        throw Failure(
          .badData, at: model,
          "its \(part.title) has another architecture than \(parts[part]?.first ?? ""), or was converted with other "
            + "options")
      }
      let comparison = try locating(model) {
        try ModelComparison(Model(file: file, path: model), reference: reference, kernels: engine.kernels(auto: .full))
      }
      if Signals.cancellation.isCancelled { throw Cancelled() }
      let strangers = conversion.sources.filter { source in
        !file.metadata.sources.contains { $0.part == source.part && $0.sha256 == source.sha256 }
      }
      if reporting.json {
        try JSONOutput.print(comparison)
      } else if !reporting.quiet {
        let precision = file.metadata.precision.rawValue
        try StandardStreams.printOutput(text(comparison, precision: precision, strangers: strangers))
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

  /// - Parameter strangers: checkpoints that are not those that the model was made of.
  private func text(
    _ comparison: ModelComparison, precision: String, strangers: [ConversionReport.Source]
  ) -> String {
    func row(_ entry: ModelComparison.Network, _ kind: String) -> String {
      let difference = entry.difference
      let psnr = difference.psnr == .infinity ? "   exact   " : printed("%8.2f dB", difference.psnr)
      return "  \((entry.name + kind).padding(toLength: 24, withPad: " ", startingAt: 0))"
        + printed("%12.3g  ", difference.maximum) + psnr + printed("  %.8f", difference.cosine)
    }
    let lines =
      ["\(model): checksums match; \(precision) weights against the checkpoints in f32:"]
      + ["  " + "output".padding(toLength: 24, withPad: " ", startingAt: 0) + "     max abs         PSNR  cosine"]
      + comparison.networks.map { row($0, "") } + comparison.gradients.map { row($0, " gradient") }
      + strangers.map { "note: \($0.path): by its SHA-256 not the file that \(model) was made of" }
    return lines.joined(separator: "\n") + "\n"
  }
}
