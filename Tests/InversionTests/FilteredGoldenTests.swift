import Checkpoint
import Inversion
import Quant
import Testing

/// stylegan2-encoder-pytorch's in-domain encoder against its description in double precision (`Golden/make_filtered.py`).
@Suite struct FilteredGoldenTests {
  private static let set = "filtered_res32"
  private static let golden = EncoderGolden(set: set, side: 32, codes: "codes") { try model($0) }
  private static let generator = Golden.path("stylegan2_res32", "converted.pt")

  private static func model(_ precision: WeightsPrecision = .f32) throws -> Model {
    try Golden.model(key: "\(set)-\(precision)") { options in
      options.precision = precision
      return Conversion([.generator: generator, .encoder: Golden.path(set, "encoder.pt")], options: options)
    }
  }

  @Test func whatTheFileHolds() throws {
    let path = Golden.path(Self.set, "encoder.pt")
    let assignment = try Conversion().assigning([path, Self.generator])
    #expect(assignment.conversion.checkpoints == [.encoder: [path], .generator: [Self.generator]])
    #expect(assignment.recognitions[0].description == "an in-domain encoder (stylegan2-encoder-pytorch)")
    let encoder = try #require(try Self.model().file.specification.encoder)
    #expect(encoder.resolution == 32 && encoder.layerCount == 8 && encoder.wDimension == 64)
    #expect(encoder.architecture == .filtered && [encoder.stemChannels] + encoder.blockChannels == [12, 20, 24, 12])
  }

  @Test func codesAndGradient() throws {
    try Self.golden.expectCodesAndGradient(codesWithin: 5e-6, gradientWithin: 2e-5)
  }

  @Test func storedPrecisions() throws { try Self.golden.expectStoredPrecisions([(.f16, 60), (.int8, 35)]) }
}
