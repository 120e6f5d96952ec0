import Checkpoint
import Inversion
import Quant
import Reports
import Runtime
import SIMDKernels

extension Conversion {
  /// Pictures of larger models would take longer than the conversion: `calibrate` measures these.
  private static let largestResolution = 256

  /// Has the usual in-domain score of a model that has generator and encoder measured before its file gets its name, and stored
  /// in it, so that no run needs to. Changes nothing where it cannot be measured.
  package mutating func storeUsualInDomainScore(kernels: Kernels) {
    usualScore = { path in
      guard let model = try? Model.load(path), model.file.specification.encoder != nil,
        let generator = model.file.specification.generator, generator.resolution <= Self.largestResolution,
        var usual = try? model.inDomainStatistics(kernels: kernels)
      else { return nil }
      // Processors round differently. Three digits are more than a verdict needs, and make files the same everywhere.
      usual.median = Float(printed("%.2e", Double(usual.median))) ?? usual.median
      return usual
    }
  }
}
