import Checkpoint
import Imaging
import Inversion
import Quant
import Runtime
import Testing

/// Networks that measure, of the sets in `IDINV_REFERENCES`.
@Suite(.enabled(if: Reference.folder != nil, "IDINV_REFERENCES names no folder"), .serialized)
struct ReferenceMetricTests {
  private static let kernels = Kernels(threadCount: 2)

  private static func metrics(_ name: String, seed: UInt32, _ part: NetworkPart) throws -> LearnedMetrics {
    let file = try Golden.drawn(Reference.path("lpips/shapes/\(name).json"), seed: seed)
    let model = try Reference.model("lpips/\(name)", .f32) { options in
      part == .lpips ? Conversion(lpips: [file], options: options) : Conversion([part: file], options: options)
    }
    return try LearnedMetrics(model, resolution: 256, kernels: kernels)
  }

  private static func distances(_ metrics: LearnedMetrics) throws -> LearnedDistances {
    let pictures = try ReferenceEncoderTests.photographs(), count = pictures.count / 2
    return try metrics(Array(pictures.prefix(count)), Array(pictures.suffix(count)))
  }

  @Test(arguments: [("lpips_alex", UInt32(6001)), ("lpips_vgg", 6002)])
  func distanceOfPhotographs(name: String, seed: UInt32) throws {
    let found = try #require(try Self.distances(Self.metrics(name, seed: seed, .lpips)).lpips)
    let expected = try Reference.best("lpips/\(name)/distance_of_the_pngs")
    Reference.check("lpips/\(name)", "distances", relativeDifference([Float(found)], expected), atMost: 2e-6)
  }

  @Test(arguments: [("irse50_tiny", UInt32(6003)), ("irse50_full", 6004)])
  func identityOfPhotographs(name: String, seed: UInt32) throws {
    let cosine = try #require(try Self.distances(Self.metrics(name, seed: seed, .identity)).identity)
    let expected = try Reference.best("lpips/\(name)/id_loss")
    Reference.check(
      "lpips/\(name)", "identity losses", relativeDifference([Float(1 - cosine)], [expected[0]]), atMost: 5e-6)
  }
}
