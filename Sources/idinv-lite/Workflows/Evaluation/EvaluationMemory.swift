import Inversion
import Reports
import Runtime

/// What an evaluation needs memory for.
extension EvaluationPlan {
  /// Builds the graphs of an evaluation: those that invert, and those that measure.
  package func workload(others: OtherModels) -> MemoryBudget.Workload {
    let refinements = methods.filter(\.isOptimization).map { $0.options(iterations: 1, conventional: nil) }
    let encodes = methods.contains(.encoder)
    let judge = others.judge, measuresItself = others.metrics.file == nil && others.metrics.usesOwn
    return { (model, kernels, batch) throws(InversionError) in
      var graphs: [AnyObject] = []
      for options in refinements { graphs += try options.workload()(model, kernels, batch) }
      if encodes { graphs.append(try NetworkRunner(.encoder, of: model, batch: 1, kernels: kernels)) }
      graphs.append(try Reconstructor(model, kernels: kernels))
      let appraiser = Appraiser(model, judge: judge, batch: min(batch, Appraiser.mostBatch), kernels: kernels)
      try appraiser.prepare()
      graphs.append(appraiser)
      if measuresItself, model.hasLearnedMetrics {
        graphs.append(try LearnedMetrics(model, resolution: try model.imageResolution(), kernels: kernels))
      }
      return graphs
    }
  }

  /// Bytes besides the model's graphs: of the pictures that are kept, of what is measured on them, and of the other models.
  package func byteCount(for model: Model, others: OtherModels, kernels: Kernels) throws -> Int {
    let side = try model.imageResolution(), pixels = 3 * side * side
    // Planar originals and reconstructions; patches of both, while those of one are brought to one scale.
    let reconstruction =
      reconstructionCount * 2 * pixels * 4
      + 3 * SlicedWasserstein.byteCount(imageCount: reconstructionCount, resolution: side)
    let features = model.file.specification.perceptual
    let featureSide = side >> (features?.poolingCount ?? 0)
    let channels = features?.featureChannels ?? 0
    // A picture and its feature at each step of an edit, as read and on their own; matrices of a Fréchet distance.
    let sweep = (EditEvaluation.stepCount + 1) * 2 * (pixels + channels * featureSide * featureSide) * 4
    let other = methods.contains(.conventional) ? others.conventional : nil
    return try imageCount * pixels + max(reconstruction, sweep) + 8 * channels * channels * 8
      + (other.map { try StartEncoder.byteCount(of: $0, kernels: kernels) } ?? 0)
      + JudgeFile.byteCount(of: others.judge, kernels: kernels)
      + MetricsFile.byteCount(of: others.metrics.file, for: model, kernels: kernels)
  }
}
