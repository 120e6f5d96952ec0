import ArgumentParser
import Checkpoint
import Files
import Foundation
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

  /// Codes, and the scores of one or more attributes.
  struct Scored {
    var codes: FloatMatrix
    var shape: CodeShape
    /// Whether the codes are one w for all layers.
    var isRepeated = false
    var attributes: [(name: String, scores: [Float])]
    /// The file of the scores.
    var source: String?
    /// How drawing kept to its memory; nil where nothing was drawn.
    var memory: MemoryChoice?
  }

  /// - Parameter check: gets the boundaries' names before any work is done.
  func scored(
    _ model: Model?, judge: Model?, name: String?, memory: MemoryOption, kernels: Kernels, reporting: ReportingOptions,
    context: RunContext, check: ([String]) throws -> Void
  ) throws -> Scored {
    if let codes, let scores { return try read(codes, scores, model, name: name, check) }
    guard let model else { throw Failure(.missingInput, "no model to draw samples from") }
    let chosen = try AttributeColumns(attribute, of: judge ?? model)
    try check(chosen.names)
    if let keepSamples { try Folder.create(keepSamples) }
    let count = samples ?? 10_000
    let shape = try model.codeShape()
    let choice = try memory.limit.choose(
      model, batches: AttributeSampler.batches,
      extra: 4 * count * (shape.count + 2 * (try (judge ?? model).attributeReader().names.count))
        + JudgeFile.byteCount(of: judge, kernels: kernels), kernels: kernels
    ) { [truncation] (model, kernels, batch) throws(InversionError) in
      [try AttributeSampler(model, judge: judge, psi: truncation, batch: batch, kernels: kernels)]
    }
    try choice.announce(reporting)
    let sampler = try AttributeSampler(
      choice.model, judge: judge, psi: truncation, batch: choice.plan.batch, kernels: kernels)
    let drawn = try sampler.draw(count, seed: seed) { done in
      context.update(ProgressState(name: "samples", step: done, stepCount: count))
      return !Signals.cancellation.isCancelled
    }
    context.pause()
    if let keepSamples {
      let place = keepSamples + "/"
      try NumpyFile.write(
        drawn.codes, shape: [drawn.codes.rowCount, shape.layerCount, shape.dimension], to: place + "codes.npy")
      try NumpyArray(shape: [drawn.codes.rowCount, drawn.names.count], floats: drawn.attributes)
        .write(to: place + "attributes.npy")
    }
    return Scored(
      codes: drawn.codes, shape: shape,
      attributes: zip(chosen.names, chosen.columns).map { ($0, drawn.scores($1)) }, memory: choice)
  }

  private func read(
    _ codes: String, _ scores: String, _ model: Model?, name: String?, _ check: ([String]) throws -> Void
  ) throws -> Scored {
    let (matrix, stored) = try locating(codes) { try NumpyFile.matrix(codes) }
    let (shape, isRepeated) = try codeShape(stored, codes, model)
    let array = try locating(scores) { try NumpyArray.read(scores) }
    let columnCount = array.shape.count == 2 ? array.shape[1] : 1
    guard (1...2).contains(array.shape.count), array.shape[0] == matrix.rowCount, columnCount > 0 else {
      throw Failure(
        .badData, at: scores,
        "scores of shape \(array.shape) do not belong to codes of shape \(stored); expected "
          + "[\(matrix.rowCount)] or [\(matrix.rowCount), A]")
    }
    func column(_ index: Int) -> [Float] {
      stride(from: index, to: array.floats.count, by: columnCount).map { array.floats[$0] }
    }
    if let attribute, let model {
      let known = try model.attributeReader().names.count
      guard known == columnCount else {
        throw Failure(.badData, at: scores, "has \(columnCount) columns; expected \(known), the model's attributes")
      }
      let chosen = try AttributeColumns(attribute, of: model)
      try check(chosen.names)
      return Scored(
        codes: matrix, shape: shape, isRepeated: isRepeated,
        attributes: zip(chosen.names, chosen.columns).map { ($0, column($1)) }, source: scores)
    }
    let index = attributeColumn ?? 0
    guard index < columnCount, attributeColumn != nil || columnCount == 1 else {
      throw Failure(
        .usage, of: "attribute-column",
        "expected 0 to \(columnCount - 1), a column of \(scores), found "
          + (attributeColumn.map(String.init) ?? "nothing"))
    }
    let stem = PathText.stem(of: scores).stem
    let title = name ?? (attributeColumn == nil ? stem : "\(stem)-\(index)")
    try check([title])
    return Scored(
      codes: matrix, shape: shape, isRepeated: isRepeated, attributes: [(title, column(index))], source: scores)
  }

  /// The form of stored codes; that of the model, where there is one.
  private func codeShape(_ stored: [Int], _ path: String, _ model: Model?) throws -> (CodeShape, Bool) {
    let found: CodeShape? =
      switch stored.count {
      case 2: CodeShape(layerCount: 1, dimension: stored[1])
      case 3: CodeShape(layerCount: stored[1], dimension: stored[2])
      default: nil
      }
    guard let wanted = try model?.codeShape() else {
      guard let found else {
        throw Failure(.badData, at: path, "codes of shape \(stored); expected [N, L, D] or [N, D]")
      }
      return (found, stored.count == 2)
    }
    if let found, found == wanted { return (found, false) }
    if stored.count == 2, stored[1] == wanted.count { return (wanted, false) }
    if let found, stored.count == 2, stored[1] == wanted.dimension { return (found, true) }
    throw Failure(
      .badData, at: path,
      "codes of shape \(stored) do not belong to this model; expected [N, \(wanted.layerCount), "
        + "\(wanted.dimension)]")
  }
}
