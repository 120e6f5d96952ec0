import Checkpoint
import Inversion
import Quant
import Reports
import Runtime
import SIMDKernels

extension Conversion.Measurement {
  /// Pictures of larger models would take longer than the conversion: `calibrate` measures these.
  private static let largestResolution = 256

  /// The usual in-domain score of a model that has generator and encoder, so that no run needs to measure it.
  package static func usualInDomainScore(kernels: Kernels) -> Conversion.Measurement {
    Conversion.Measurement { specification in
      guard specification.encoder != nil, let generator = specification.generator else { return false }
      return generator.resolution <= largestResolution
    } run: { path in
      guard var usual = try? Model.load(path).inDomainStatistics(kernels: kernels) else { return nil }
      // Processors round differently. Three digits are more than a verdict needs, and make files the same everywhere.
      usual.median = Float(printed("%.2e", Double(usual.median))) ?? usual.median
      return usual
    }
  }
}
