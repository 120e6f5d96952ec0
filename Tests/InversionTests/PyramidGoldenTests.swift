import Checkpoint
import Inversion
import Quant
import Testing

/// genforce's `EncoderNet` against its own code in double precision.
@Suite struct PyramidGoldenTests {
  private static let set = "genforce_encoder_res64"
  private static let golden = EncoderGolden(set: set, side: 64, codes: "encoded") { try model($0) }

  private static func model(_ precision: WeightsPrecision = .f32) throws -> Model {
    try Golden.model(key: "\(set)-\(precision)") { options in
      options.precision = precision
      return Conversion([.encoder: Golden.path(set, "encoder.pth")], options: options)
    }
  }

  @Test func whatTheFileHolds() throws {
    let path = Golden.path(Self.set, "encoder.pth")
    let assignment = try Conversion().assigning([path])
    #expect(assignment.conversion.checkpoints == [.encoder: [path]])
    #expect(assignment.recognitions[0].description == "an encoder (genforce's EncoderNet)")
    let encoder = try #require(try Self.model().file.specification.encoder)
    #expect(encoder.resolution == 64 && encoder.layerCount == 10 && encoder.wDimension == 32)
    guard case .pyramid(let pyramid) = encoder.architecture else {
      Issue.record("\(encoder.architecture)")
      return
    }
    #expect(pyramid.blocks == [2, 2, 2] && pyramid.headLayers == [3, 3, 4])
  }

  @Test func codesAndGradient() throws {
    try Self.golden.expectCodesAndGradient(codesWithin: 5e-6, gradientWithin: 2e-5)
  }

  @Test func storedPrecisions() throws { try Self.golden.expectStoredPrecisions([(.f16, 60), (.int8, 35)]) }
}
