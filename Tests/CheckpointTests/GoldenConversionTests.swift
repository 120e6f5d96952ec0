import Checkpoint
import Foundation
import Quant
import TestSupport
import Testing

/// Converted checkpoints, run by `ReferenceNetworks`, against the published implementation's outputs.
@Suite struct GoldenConversionTests {
  struct GoldenSet: CustomTestStringConvertible {
    var name: String
    var encoderWScale = false
    var testDescription: String { name }
  }

  /// Unoptimized loops take a minute for the larger networks.
  static let sets: [GoldenSet] = {
    #if DEBUG
      [GoldenSet(name: "res32")]
    #else
      [
        GoldenSet(name: "res32"), GoldenSet(name: "res128"), GoldenSet(name: "res64_wscale", encoderWScale: true),
      ]
    #endif
  }()

  /// Outputs are of order 1; float32 sums in another order differ by about 1e-6, and instance normalization makes that ten times more.
  static let tolerance: Float = 5e-5

  private func first(_ path: String) throws -> (shape: [Int], values: [Float]) {
    let array = try NumpyArray.read(path)
    let count = array.floats.count / array.shape[0]
    return (Array(array.shape.dropFirst()), Array(array.floats[..<count]))
  }

  private func expectEqual(
    _ found: [Float], _ expected: [Float], _ what: String, tolerance: Float = tolerance
  ) {
    #expect(found.count == expected.count)
    let error = zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(error <= tolerance, "\(what): largest error \(error)")
  }

  @Test(arguments: sets) func networksAgreeWithThePublishedOnes(set: GoldenSet) throws {
    let folder = try TemporaryFolder()
    var options = ConversionOptions()
    options.encoderWScale = set.encoderWScale
    let golden: (String) -> String = { Golden.path("\(set.name)/\($0)") }
    let report = try Conversion(
      [.generator: golden("generator.pth"), .encoder: golden("encoder.pth")], options: options
    ).run(to: folder.file("m.idinv"))
    #expect(report.warnings.isEmpty)
    let networks = ReferenceNetworks(file: try ModelFile(path: folder.file("m.idinv")))
    let z = try first(golden("z.npy")).values
    let w = try networks.map(z)
    expectEqual(w, try first(golden("mapped_w.npy")).values, "mapping")
    let code = try networks.truncate(w)
    expectEqual(code, try first(golden("truncated_wp.npy")).values, "truncation")
    let image = try networks.synthesize(code)
    expectEqual(image.values, try first(golden("synthesized.npy")).values, "synthesis")
    let input = try first(golden("image.npy"))
    let encoded = try networks.encode(.init(channels: 3, side: input.shape[1], values: input.values))
    expectEqual(encoded, try first(golden("encoded.npy")).values, "encoder")
  }

  @Test(.enabled(if: Places.fullGolden != nil, "IDINV_GOLDEN names no folder with vgg16_conv4_3.pth"))
  func fullVGG16AgreesWithThePublishedOne() throws {
    let golden = try #require(Places.fullGolden)
    let folder = try TemporaryFolder()
    _ = try Conversion([.perceptual: golden + "/vgg16_conv4_3.pth"]).run(to: folder.file("m.idinv"))
    let networks = ReferenceNetworks(file: try ModelFile(path: folder.file("m.idinv")))
    let input = try first(Golden.path("res32/image.npy"))
    let features = try networks.features(.init(channels: 3, side: 32, values: input.values))
    let expected = try NumpyArray.read(Golden.path("res32/perceptual_image.npy")).floats
    let largest = expected.reduce(0) { max($0, abs($1)) }
    expectEqual(features.values, expected, "features", tolerance: largest * 1e-5)
  }

  @Test func narrowVGGAgreesWithPyTorch() throws {
    let folder = try TemporaryFolder()
    let report = try Conversion([.perceptual: Golden.path("perceptual/vgg_small.pth")]).run(to: folder.file("m.idinv"))
    #expect(report.ignored == ["layer24.weight", "layer24.bias"])
    #expect(report.specification.perceptual?.layers.count == 23)
    let networks = ReferenceNetworks(file: try ModelFile(path: folder.file("m.idinv")))
    for name in ["x", "y"] {
      let input = try first(Golden.path("perceptual/\(name).npy"))
      let features = try networks.features(.init(channels: 3, side: 32, values: input.values))
      expectEqual(features.values, try first(Golden.path("perceptual/features_\(name).npy")).values, name)
    }
  }

  @Test func otherPixelRangesGiveTheSameFeatures() throws {
    let folder = try TemporaryFolder()
    var options = ConversionOptions()
    options.pixelMinimum = 0
    options.pixelMaximum = 255
    _ = try Conversion([.perceptual: Golden.path("perceptual/vgg_small.pth")], options: options)
      .run(to: folder.file("m.idinv"))
    let networks = ReferenceNetworks(file: try ModelFile(path: folder.file("m.idinv")))
    let input = try first(Golden.path("perceptual/x.npy")).values.map { ($0 + 1) * 127.5 }
    let features = try networks.features(.init(channels: 3, side: 32, values: input))
    expectEqual(features.values, try first(Golden.path("perceptual/features_x.npy")).values, "features")
  }

  /// Every precision's files open, and int8 images stay close: scales and codes are in their places.
  @Test(arguments: [(WeightsPrecision.f16, Float(0.01)), (.int8, 0.25)])
  func reducedPrecisionsStayClose(precision: WeightsPrecision, tolerance: Float) throws {
    let folder = try TemporaryFolder()
    var options = ConversionOptions()
    options.precision = precision
    _ = try Conversion(
      [.generator: Golden.path("res32/generator.pth"), .encoder: Golden.path("res32/encoder.pth")], options: options
    ).run(to: folder.file("m.idinv"))
    let file = try ModelFile(path: folder.file("m.idinv"))
    try file.verifyChecksums()
    let networks = ReferenceNetworks(file: file)
    let code = try first(Golden.path("res32/truncated_wp.npy")).values
    let expected = try first(Golden.path("res32/synthesized.npy")).values
    expectEqual(try networks.synthesize(code).values, expected, "synthesis", tolerance: tolerance)
  }
}
