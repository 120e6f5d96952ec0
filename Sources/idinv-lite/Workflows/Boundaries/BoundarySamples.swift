import Checkpoint
import Files
import Inversion
import Quant
import Reports
import SIMDKernels

/// Codes, and the scores of one or more attributes: what boundaries are learned from.
package struct BoundarySamples {
  package var codes: FloatMatrix
  package var shape: CodeShape
  /// Whether the codes are one w for all layers.
  package var isRepeated = false
  package var attributes: [(name: String, scores: [Float])]
  /// The file of the scores.
  package var source: String?
  /// How drawing kept to its memory; nil where nothing was drawn.
  package var memory: MemoryChoice?
}

/// Samples that a model draws, and scores itself or by a judge.
package struct DrawnSamples {
  private let model: Model
  private let judge: Model?
  private let columns: AttributeColumns
  /// Truncation factor in place of the model's.
  private let truncation: Float?
  private let count: Int
  private let seed: UInt64

  /// - Parameter attributes: names with commas between them.
  package init(
    _ count: Int, of model: Model, judge: Model?, attributes: String?, truncation: Float?, seed: UInt64
  ) throws {
    self.model = model
    self.judge = judge
    columns = try AttributeColumns(attributes, of: judge ?? model)
    self.truncation = truncation
    self.count = count
    self.seed = seed
  }

  package var names: [String] { columns.names }

  package func choose(_ limit: MemoryLimit, _ kernels: Kernels) throws -> MemoryChoice {
    let floats = try model.codeShape().count + 2 * (judge ?? model).attributeReader().names.count
    return try limit.choose(
      model, batches: AttributeSampler.batches,
      extra: 4 * count * floats + JudgeFile.byteCount(of: judge, kernels: kernels), kernels: kernels
    ) { [judge, truncation] (model, kernels, batch) throws(InversionError) in
      [try AttributeSampler(model, judge: judge, psi: truncation, batch: batch, kernels: kernels)]
    }
  }

  /// - Parameter folder: where the samples are kept; nil for nowhere.
  package func draw(
    _ memory: MemoryChoice, keepingIn folder: String?, _ kernels: Kernels, _ context: RunContext
  ) throws -> BoundarySamples {
    let shape = try model.codeShape()
    let sampler = try AttributeSampler(
      memory.model, judge: judge, psi: truncation, batch: memory.plan.batch, kernels: kernels)
    let drawn = try sampler.draw(count, seed: seed) { done in
      context.update(ProgressState(name: "samples", step: done, stepCount: count))
      return !context.isCancelled
    }
    context.pause()
    if let folder {
      try NumpyFile.write(
        drawn.codes, shape: [drawn.codes.rowCount, shape.layerCount, shape.dimension],
        to: PathText.path("codes.npy", in: folder))
      try NumpyArray(shape: [drawn.codes.rowCount, drawn.names.count], floats: drawn.attributes)
        .write(to: PathText.path("attributes.npy", in: folder))
    }
    return BoundarySamples(
      codes: drawn.codes, shape: shape,
      attributes: zip(columns.names, columns.columns).map { ($0, drawn.scores($1)) }, memory: memory)
  }
}

/// Samples in two files: codes [N, L, D] or [N, D], scores [N] or [N, A].
package struct StoredSamples {
  /// Which of the scores count.
  package enum Choice {
    /// The attributes of a model, by name, whose scores are all columns.
    case attributes(String, of: Model)
    /// One column; nil for the only one.
    case column(Int?, name: String?)
  }

  private let codes: String
  private let scores: String
  private let choice: Choice

  package init(codes: String, scores: String, _ choice: Choice) {
    self.codes = codes
    self.scores = scores
    self.choice = choice
  }

  /// - Parameters:
  ///   - model: that the codes are of; nil where it is not known.
  ///   - check: gets the boundaries' names.
  package func read(_ model: Model?, _ check: ([String]) throws -> Void) throws -> BoundarySamples {
    let (matrix, stored) = try locating(codes) { try NumpyFile.matrix(codes) }
    let (shape, isRepeated) = try codeShape(stored, model)
    let array = try locating(scores) { try NumpyArray.read(scores) }
    let columnCount = array.shape.count == 2 ? array.shape[1] : 1
    guard (1...2).contains(array.shape.count), array.shape[0] == matrix.rowCount, columnCount > 0 else {
      throw Failure(
        .badData, at: scores,
        "scores of shape \(array.shape) do not belong to codes of shape \(stored); expected "
          + "[\(matrix.rowCount)] or [\(matrix.rowCount), A]")
    }
    let chosen = try columns(of: columnCount)
    try check(chosen.map(\.name))
    let attributes = chosen.map { name, column in
      (name: name, scores: stride(from: column, to: array.floats.count, by: columnCount).map { array.floats[$0] })
    }
    return BoundarySamples(
      codes: matrix, shape: shape, isRepeated: isRepeated, attributes: attributes, source: scores)
  }

  private func columns(of count: Int) throws -> [(name: String, column: Int)] {
    switch choice {
    case .attributes(let list, let model):
      let known = try model.attributeReader().names.count
      guard known == count else {
        throw Failure(.badData, at: scores, "has \(count) columns; expected \(known), the model's attributes")
      }
      let chosen = try AttributeColumns(list, of: model)
      return zip(chosen.names, chosen.columns).map { (name: $0, column: $1) }
    case .column(let asked, let name):
      let index = asked ?? 0
      guard index < count, asked != nil || count == 1 else {
        throw Failure(
          .usage, of: "attribute-column",
          "expected 0 to \(count - 1), a column of \(scores), found " + (asked.map(String.init) ?? "nothing"))
      }
      let stem = PathText.stem(of: scores).stem
      return [(name ?? (asked == nil ? stem : "\(stem)-\(index)"), index)]
    }
  }

  /// The form of stored codes; that of the model, where there is one.
  private func codeShape(_ stored: [Int], _ model: Model?) throws -> (CodeShape, isRepeated: Bool) {
    let found: CodeShape? =
      switch stored.count {
      case 2: CodeShape(layerCount: 1, dimension: stored[1])
      case 3: CodeShape(layerCount: stored[1], dimension: stored[2])
      default: nil
      }
    guard let wanted = try model?.codeShape() else {
      guard let found else {
        throw Failure(.badData, at: codes, "codes of shape \(stored); expected [N, L, D] or [N, D]")
      }
      return (found, stored.count == 2)
    }
    if let found, found == wanted { return (found, false) }
    if stored.count == 2, stored[1] == wanted.count { return (wanted, false) }
    if let found, stored.count == 2, stored[1] == wanted.dimension { return (found, true) }
    throw Failure(
      .badData, at: codes,
      "codes of shape \(stored) do not belong to this model; expected [N, \(wanted.layerCount), "
        + "\(wanted.dimension)]")
  }
}
