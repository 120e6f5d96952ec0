import Checkpoint
import Inversion
import Quant
import Reports
import Runtime
import SIMDKernels

extension ConversionReport {
  /// Pictures of larger models would take longer than the conversion: `calibrate` measures these.
  private static let largestResolution = 256

  /// Measures the usual in-domain score of a converted model that has generator and encoder, and stores it in its file, so that no
  /// run needs to. Changes nothing where it cannot be measured.
  package mutating func addUsualInDomainScore(kernels: Kernels) throws {
    guard specification.encoder != nil, let generator = specification.generator,
      generator.resolution <= Self.largestResolution
    else { return }
    let model = try Model.load(path)
    guard var usual = try? model.inDomainStatistics(kernels: kernels) else { return }
    // Processors round differently. Three digits are more than a verdict needs, and make files the same everywhere.
    usual.median = Float(printed("%.2e", Double(usual.median))) ?? usual.median
    byteCount = try locating(path) {
      try model.file.write(calibration: specification.int8, inDomain: usual, to: path)
    }
    specification.inDomain = usual
    sha256 = try SHA256.hexDigest(ofFile: path)
  }
}
