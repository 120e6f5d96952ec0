import Checkpoint
import Files
import Inversion
import Reports
import SIMDKernels

/// Learns the boundary of each attribute of some samples, and writes `NAME.npy` and `NAME.json`.
package struct BoundaryTrainingRun {
  private let samples: BoundarySamples
  private let options: BoundaryTraining.Options
  private let model: Model?
  private let judge: Model?
  /// Of the samples, where they were drawn.
  private let seed: UInt64?

  /// - Parameters:
  ///   - model: that the samples are of; nil where it is not known.
  ///   - judge: who scored them; nil for the model itself.
  package init(
    _ samples: BoundarySamples, options: BoundaryTraining.Options, model: Model?, judge: Model?, seed: UInt64?
  ) {
    self.samples = samples
    self.options = options
    self.model = model
    self.judge = judge
    self.seed = seed
  }

  /// Where it is cancelled, it ends with the boundaries that are done.
  ///
  /// - Parameter finished: gets each boundary's record, once its files are written.
  package func callAsFunction(
    into folder: OutputFolder, kernels: Kernels, _ context: RunContext, finished: (BoundaryRecord) throws -> Void
  ) throws -> [BoundaryRecord] {
    try context.checkCancellation()
    try model?.file.verifyUnchanged()
    let training = try BoundaryTraining(codes: samples.codes, shape: samples.shape, kernels: kernels)
    let identity = model?.file.identity
    var records: [BoundaryRecord] = []
    for (index, attribute) in samples.attributes.enumerated() where !context.isCancelled {
      context.update(ProgressState(name: attribute.name, step: index, stepCount: samples.attributes.count))
      let boundary = try locating(samples.source ?? attribute.name) {
        try training.train(attribute.name, scores: attribute.scores, options: options) { context.isCancelled }
      }
      var record = BoundaryRecord(boundary, options: options, path: folder.path("\(attribute.name).npy"))
      record.model = model.map { PathText.lastComponent(of: $0.path) }
      record.model_identity = identity
      record.judge = judge.map { PathText.lastComponent(of: $0.path) }
      record.seed = seed
      try write(boundary, record, to: folder)
      context.pause()
      try finished(record)
      records.append(record)
    }
    context.pause()
    return records
  }

  private func write(_ boundary: TrainedBoundary, _ record: BoundaryRecord, to folder: OutputFolder) throws {
    let shape = boundary.shape
    try NumpyArray(
      shape: samples.isRepeated ? [1, shape.dimension] : [1, shape.layerCount, shape.dimension], floats: boundary.normal
    ).write(to: record.path)
    try JSONOutput.write(record, to: folder.path("\(boundary.name).json"))
  }
}
