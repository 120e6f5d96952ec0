import Inversion
import Runtime

/// A model file with networks that were trained to compare pictures: LPIPS, and the one that tells persons.
package enum MetricsFile {
  /// What stands for no such networks, in place of a path.
  package static let none = "none"

  /// - Parameters:
  ///   - path: where nil, the model itself if it has such networks, else `metrics.idinv` beside it.
  /// - Returns: nil where there are none, or where they are the model's own.
  package static func load(_ path: String?, for model: Model) throws -> Model? {
    if path == none || path == nil && model.hasLearnedMetrics { return nil }
    guard let metrics = try model.companion(path, orBeside: "metrics.idinv") else { return nil }
    guard metrics.hasLearnedMetrics, metrics.hasPixelRange(of: model) else {
      if path == nil { return nil }
      throw Failure(
        .badData, remedies: ["metrics \(none)"],
        "\(metrics.path): has neither LPIPS nor an identity network for pixels in the range of \(model.path); expected a file that "
          + "convert made of them, or none")
    }
    return metrics
  }

  /// Bytes that they take, besides what the model takes.
  package static func byteCount(of metrics: Model?, for model: Model, kernels: Kernels) throws -> Int {
    guard let metrics else { return 0 }
    let trial = try Model(file: metrics.file, path: metrics.path)
    let graphs = try LearnedMetrics(trial, resolution: try model.imageResolution(), kernels: kernels.planning)
    return withExtendedLifetime(graphs) { trial.memoryAccount.total }
  }
}

/// Where the networks are that compare a model's pictures.
package struct LearnedMetricsSource: Sendable {
  /// Another file than the model's.
  package var file: Model?
  /// Whether the model's own are used where there is no other file.
  package var usesOwn: Bool

  package init(file: Model? = nil, usesOwn: Bool = true) {
    self.file = file
    self.usesOwn = usesOwn
  }

  /// What compares pictures of `model`; nil without networks.
  package func metrics(for model: Model, kernels: Kernels) throws(InversionError) -> LearnedMetrics? {
    guard let source = file ?? (usesOwn && model.hasLearnedMetrics ? model : nil) else { return nil }
    return try LearnedMetrics(source, resolution: try model.imageResolution(), kernels: kernels)
  }

  /// Names what measures, for a journal's keys.
  package var identity: String { file?.file.identity ?? (usesOwn ? "" : MetricsFile.none) }
}
