import Testing

@testable import Imaging

@Suite("Metrics")
struct MetricsTests {
  struct Reference: Decodable {
    struct Pair: Decodable {
      var first: String
      var second: String
      var mse_255: Double
      var mse_pm1: Double
      var psnr_db: Double
      var ssim: Double
    }
    var pairs: [Pair]
  }

  @Test("MSE, PSNR and SSIM equal scikit-image's")
  func equalReference() throws {
    for pair in try Fixture.json("metrics.json", as: Reference.self).pairs {
      let first = try PNG.read(Fixture.path(pair.first))
      let second = try PNG.read(Fixture.path(pair.second))
      #expect(abs(Metrics.mse255(first, second) - pair.mse_255) < 1e-9)
      #expect(abs(Metrics.msePM1(first, second) - pair.mse_pm1) < 1e-12)
      #expect(abs(Metrics.psnr(first, second) - pair.psnr_db) < 1e-9)
      #expect(abs(try #require(Metrics.ssim(first, second)) - pair.ssim) < 1e-9)
      let unit = Metrics.ssim(
        first.planar(.unit), second.planar(.unit), height: first.height, width: first.width, dataRange: 1)
      #expect(abs(try #require(unit) - pair.ssim) < 1e-5)
      #expect(abs(Metrics.mse(first.planar(), second.planar()) - pair.mse_pm1) < 1e-7)
    }
  }

  @Test("equal pictures have no error, infinite PSNR and SSIM 1")
  func equalPictures() throws {
    let image = noise(height: 12, width: 11, seed: 5)
    #expect(Metrics.mse255(image, image) == 0)
    #expect(Metrics.psnr(image, image) == .infinity)
    #expect(abs(try #require(Metrics.ssim(image, image)) - 1) < 1e-12)
    #expect(Metrics.psnr(mse: 1, peak: 2) == 20 * 0.3010299956639812)
  }

  @Test("SSIM of pictures smaller than its window does not exist")
  func smallPictures() {
    let image = Image8(height: 10, width: 64)
    #expect(Metrics.ssim(image, image) == nil)
  }
}
