import ArgumentParser
import Checkpoint
import Files
import Glibc
import Imaging
import Inversion
import Quant
import Runtime
import Workflows

/// Where codes and scores come from: files, or the model itself.
struct SampleOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Codes [N, L, D], or [N, D] with one w for all layers.", valueName: "codes.npy"))
  var codes: String?

  @Option(help: ArgumentHelp("Scores [N] or [N, A], larger for more of the attribute.", valueName: "scores.npy"))
  var scores: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Column of scores [N, A], from 0.", valueName: "k"))
  var attributeColumn: Int?

  @Option(
    help: ArgumentHelp("Attributes of the model, separated by commas; one boundary for each.", valueName: "names"))
  var attribute: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("Number of samples to draw. Default: 10000.", valueName: "n"))
  var samples: Int?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seed of the samples and of the order of training.", valueName: "seed")
  )
  var seed: UInt64 = 0

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Truncation factor ψ instead of the model's; 1 for none.", valueName: "psi"))
  var truncation: Float?

  @Option(
    help: ArgumentHelp(
      "Keep the drawn samples in this folder: codes.npy [N, L, D] and attributes.npy [N, A], for --codes and --scores.",
      valueName: "dir"))
  var keepSamples: String?

  mutating func validate() throws {
    guard (codes == nil) == (scores == nil) else { throw ValidationError("--codes and --scores go together") }
    if codes != nil {
      guard samples == nil, truncation == nil, keepSamples == nil else {
        throw ValidationError(
          "--samples, --truncation and --keep-samples are for samples that are drawn, not for --codes")
      }
      guard attributeColumn == nil || attribute == nil else {
        throw ValidationError("give either --attribute-column or --attribute")
      }
    } else {
      guard attribute != nil else {
        throw ValidationError("give --codes and --scores, or --attribute to let the model make both")
      }
      guard attributeColumn == nil else { throw ValidationError("--attribute-column is for --scores") }
    }
    if let samples, !(1...10_000_000).contains(samples) {
      throw ValidationError("--samples: expected 1 to 10000000, found \(samples)")
    }
    if let truncation, !truncation.isFinite { throw ValidationError("--truncation: expected a number") }
    if let attributeColumn, attributeColumn < 0 {
      throw ValidationError("--attribute-column: expected 0 or more, found \(attributeColumn)")
    }
  }

  var needsModel: Bool { attribute != nil }

  /// - Parameters:
  ///   - draw: draws samples, where none are given.
  ///   - check: gets the boundaries' names before any work is done.
  func take(
    _ model: Model?, judge: Model?, name: String?, draw: (DrawnSamples) throws -> BoundarySamples,
    check: ([String]) throws -> Void
  ) throws -> BoundarySamples {
    if let codes, let scores {
      let choice: StoredSamples.Choice =
        if let attribute, let model { .attributes(attribute, of: model) } else { .column(attributeColumn, name: name) }
      return try StoredSamples(codes: codes, scores: scores, choice).read(model, check)
    }
    guard let model else { throw Failure(.missingInput, "no model to draw samples from") }
    let drawn = try DrawnSamples(
      samples ?? 10_000, of: model, judge: judge, attributes: attribute, truncation: truncation, seed: seed)
    try check(drawn.names)
    if let keepSamples { try Folder.create(keepSamples) }
    return try draw(drawn)
  }
}
