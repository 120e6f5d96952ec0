import Foundation
import Imaging
import Inversion
import Quant
import Runtime
import Testing

/// The model and the images that the demo shows.
@Suite struct ShippedModelTests {
  private static let models = Golden.folder.deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("models")

  private func model() throws -> Model { try Model(path: Self.models.appendingPathComponent("default.idinv").path) }

  @Test func itHoldsAllThreeNetworksItsSourcesAndItsLicence() throws {
    let metadata = try model().file.metadata
    #expect(metadata.specification.generator != nil && metadata.specification.encoder != nil)
    #expect(metadata.specification.perceptual != nil)
    #expect(metadata.sources.map(\.part) == ["generator", "encoder", "perceptual", "attributes"])
    #expect(metadata.licence == "Apache-2.0")
  }

  /// Held-out images: the encoder is close, fifty steps are closer, and the code stays in the domain.
  @Test func refinementImprovesOnTheEncoder() throws {
    let model = try model()
    let kernels = Kernels(threadCount: 2)
    let resolution = try model.imageResolution()
    let options = InversionOptions(iterations: Effort.count(50, low: 30))
    let inverter = try Inverter(model, options: options, kernels: kernels)
    let reconstruct = try Reconstructor(model, kernels: kernels)
    let paths = try ImageList.expand([Self.models.appendingPathComponent("examples").path])
    #expect(paths.count >= 4)
    var (before, after): ([Double], [Double]) = ([], [])
    for path in paths.prefix(Effort.count(4, low: 1)) {
      let image = try PNG.read(path.path).fitted(to: resolution, path: path.path)
      let result = try inverter.invert(image.planar())
      func psnr(_ code: [Float]) -> Double {
        Metrics.psnr(image, Image8(planar: reconstruct(code).image, height: resolution, width: resolution))
      }
      before.append(psnr(result.startCode))
      after.append(psnr(result.code))
      #expect(result.history.last!.total < result.history.first!.total, "\(path.name)")
      let score = try #require(reconstruct(result.code).score)
      #expect(score.meanSquare.isFinite && score.meanSquare < 1, "\(path.name): \(score.meanSquare)")
    }
    let count = Double(after.count)
    let (meanBefore, meanAfter) = (before.reduce(0, +) / count, after.reduce(0, +) / count)
    #expect(meanAfter > meanBefore, "\(meanBefore) dB, then \(meanAfter) dB")
    #expect(meanAfter > 20, "\(meanAfter) dB")
  }
}
