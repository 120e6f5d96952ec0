import Inversion
import Runtime

/// Another model file whose encoder makes start codes: a conventional encoder, to compare the domain-guided one with.
package enum StartEncoder {
  package static func load(_ path: String, for model: Model) throws -> Model {
    try Model.requireModelFile(path)
    let other = try locating(path) { try Model(path: path) }
    let theirs = try other.encoder().specification
    let generator = try model.generator().specification
    guard
      theirs.layerCount == generator.layerCount, theirs.wDimension == generator.wDimension,
      !theirs.architecture.readsGeneratorsSize || theirs.resolution == generator.resolution,
      other.file.specification.pixelMinimum == model.file.specification.pixelMinimum,
      other.file.specification.pixelMaximum == model.file.specification.pixelMaximum
    else {
      throw Failure(
        .badData, at: path,
        "its encoder makes codes [\(theirs.layerCount), \(theirs.wDimension)] of \(theirs.resolution) × "
          + "\(theirs.resolution) pixels; \(model.path) needs [\(generator.layerCount), \(generator.wDimension)] of "
          + "\(generator.resolution) × \(generator.resolution) in the same range")
    }
    return other
  }

  /// Bytes that running it takes, besides what the model that it encodes for takes.
  package static func byteCount(of other: Model, kernels: Kernels) throws -> Int {
    let trial = try Model(file: other.file, path: other.path)
    let runner = try NetworkRunner(.encoder, of: trial, batch: 1, kernels: kernels.planning)
    return withExtendedLifetime(runner) { trial.memoryAccount.total }
  }
}
