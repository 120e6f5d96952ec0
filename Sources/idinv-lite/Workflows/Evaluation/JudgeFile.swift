import Inversion
import Runtime

/// Another model file whose network reads the attributes: a judge that has no part in what it judges.
package enum JudgeFile {
  /// What stands for no judge, in place of a path.
  package static let none = "none"

  /// - Parameters:
  ///   - path: where nil, `judge.idinv` beside the model, if it reads the same attributes of the same images.
  /// - Returns: nil where the model is to read for itself.
  package static func load(_ path: String?, for model: Model) throws -> Model? {
    if path == none { return nil }
    guard let judge = try model.companion(path, orBeside: "judge.idinv") else { return nil }
    let resolution = try model.imageResolution()
    let fits =
      try judge.readsAttributes && judge.attributeReader().resolution == resolution
      && judge.hasPixelRange(of: model)
    if path == nil {
      // Found, not asked for: another model's judge may lie there.
      return try fits && model.readsAttributes && model.attributeReader().names == judge.attributeReader().names
        ? judge : nil
    }
    guard fits else {
      throw Failure(
        .badData, remedies: ["judge \(none)"],
        "\(judge.path): reads no attributes of \(resolution) × \(resolution) pixels in the range of \(model.path); expected a "
          + "judge for its images, or none")
    }
    return judge
  }

  /// Bytes that it takes, besides what the model that it judges takes.
  package static func byteCount(of judge: Model?, kernels: Kernels) throws -> Int {
    guard let judge else { return 0 }
    let trial = try Model(file: judge.file, path: judge.path)
    let runner = try NetworkRunner(.attributes, of: trial, batch: Appraiser.mostBatch, kernels: kernels.planning)
    return withExtendedLifetime(runner) { trial.memoryAccount.total }
  }
}
