import Inversion
import Quant
import Reports
import SIMDKernels

/// The layers that an attribute depends on.
package struct LayerSearchRun {
  /// Codes that are moved.
  package enum Source {
    case file(String)
    case random(count: Int, seed: UInt64)
  }

  private let boundary: SemanticBoundary
  private let attribute: String?
  private let source: Source
  private let judge: Model?

  /// - Parameters:
  ///   - attribute: nil for the one with the boundary's name.
  ///   - judge: reads in place of the model's own head, where there is one.
  package init(_ boundary: SemanticBoundary, attribute: String?, source: Source, judge: Model?) {
    self.boundary = boundary
    self.attribute = attribute
    self.source = source
    self.judge = judge
  }

  /// How codes are moved, and what of the effect counts.
  package struct Move {
    /// α; nil for twice the standard deviation of codes along the boundary.
    package var distance: Float?
    /// Of the whole effect, which the suggested layers should have.
    package var share: Double

    package init(distance: Float?, share: Double) {
      self.distance = distance
      self.share = share
    }
  }

  /// - Parameter announce: is told how the memory is kept to.
  /// - Throws: `Failure`, `Cancelled`.
  package func callAsFunction(
    _ model: Model, _ move: Move, limit: MemoryLimit, kernels: Kernels, _ context: RunContext,
    announce: (MemoryChoice) throws -> Void
  ) throws -> LayerSearchFigures {
    let chosen = try AttributeColumns(attribute ?? boundary.name, of: judge ?? model)
    guard chosen.names.count == 1 else { throw Failure(.usage, of: "attribute", "expected one attribute") }
    let draws = if case .random = source { true } else { false }
    let memory = try limit.choose(model, batches: AttributeSampler.batches, kernels: kernels) {
      [judge] (model, kernels, batch) throws(InversionError) in
      var graphs: [AnyObject] = [
        try NetworkRunner(.generator, of: model, batch: 1, kernels: kernels),
        try NetworkRunner(.attributes, of: judge ?? model, batch: 1, kernels: kernels),
      ]
      if draws { graphs.append(try AttributeSampler(model, judge: judge, batch: batch, kernels: kernels)) }
      return graphs
    }
    try announce(memory)
    let codes = try codes(memory, kernels)
    let search = try LayerSearch(
      LayerSearch.Question(
        boundary, column: chosen.columns[0], codes: codes, distance: move.distance, share: move.share),
      of: memory.model, judge: judge, kernels: kernels
    ) { done, count in
      context.update(ProgressState(name: "layers", step: done, stepCount: count))
      return !context.isCancelled
    }
    context.pause()
    guard let search else { throw Cancelled() }
    return LayerSearchFigures(
      search, attribute: chosen.names[0], codeCount: codes.rowCount, memory: memory.figures)
  }

  private func codes(_ memory: MemoryChoice, _ kernels: Kernels) throws -> FloatMatrix {
    let model = memory.model
    switch source {
    case .file(let path):
      let shape = try model.codeShape()
      let values = try Codes.read(path, for: model)
      guard let builder = FloatMatrixBuilder(rowCapacity: values.count / shape.count, columnCount: shape.count) else {
        throw Failure(.unavailable, at: path, "its codes do not fit into memory")
      }
      builder.append(values)
      return builder.finish()
    case .random(let count, let seed):
      return try AttributeSampler(model, judge: judge, batch: memory.plan.batch, kernels: kernels)
        .draw(count, seed: seed).codes
    }
  }
}
