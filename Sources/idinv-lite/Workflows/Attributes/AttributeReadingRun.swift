import Checkpoint
import Imaging
import Inversion
import Quant
import Reports
import SIMDKernels

/// Attributes of pictures, or of codes' images.
package struct AttributeReadingRun {
  package enum Source {
    case pictures([ListedImage], ImageLoader)
    case codes([CodeSource.Item])
  }

  package struct Row {
    package var name: String
    /// Nil for a code.
    package var path: String?
    /// In the order of the chosen names.
    package var values: [Float]
  }

  /// What it comes to; where it was cancelled, of what was read by then.
  package struct Outcome {
    package var rows: [Row] = []
    package var skipped: [SkippedImage] = []
  }

  private let judge: Model?
  private let columns: AttributeColumns

  /// - Parameter judge: reads in place of the model's own head, where there is one.
  package init(_ columns: AttributeColumns, judge: Model?) {
    self.columns = columns
    self.judge = judge
  }

  /// What it needs memory for.
  package func networks(for source: Source) -> [NetworkKind] {
    let generator: [NetworkKind] = if case .codes = source { [.generator] } else { [] }
    return generator + (judge == nil ? [.attributes] : [])
  }

  package func callAsFunction(
    _ source: Source, _ memory: MemoryChoice, kernels: Kernels, _ context: RunContext
  ) throws -> Outcome {
    let model = memory.model
    let reader = try NetworkRunner(.attributes, of: judge ?? model, batch: 1, kernels: kernels)
    var outcome = Outcome()
    func read(_ image: [Float], name: String, path: String?) throws {
      let values = try reader(image)
      guard values.allSatisfy(\.isFinite) else {
        throw Failure(.badData, at: path ?? name, "its attributes are not finite; expected numbers")
      }
      outcome.rows.append(Row(name: name, path: path, values: columns.columns.map { values[$0] }))
    }
    switch source {
    case .codes(let items):
      let generator = try NetworkRunner(.generator, of: model, batch: 1, kernels: kernels)
      for (index, item) in items.enumerated() where !context.isCancelled {
        if case .code(let code, _) = item.content { try read(generator(code), name: item.name, path: nil) }
        context.update(ProgressState(name: item.name, step: index + 1, stepCount: items.count))
      }
    case .pictures(let listed, let loader):
      let loader = loader.within(memory)
      let resolution = try (judge ?? model).attributeReader().resolution
      let range = model.file.specification.pixelRange
      for (index, entry) in listed.enumerated() where !context.isCancelled {
        do {
          let image = try loader.load(entry, resolution: resolution)
          try read(image.picture.planar(range), name: image.name, path: entry.path)
        } catch {
          outcome.skipped.append(try context.skip(entry, error))
        }
        context.update(ProgressState(name: entry.name, step: index + 1, stepCount: listed.count))
      }
    }
    context.pause()
    if !outcome.rows.isEmpty { try model.file.verifyUnchanged() }
    return outcome
  }
}
