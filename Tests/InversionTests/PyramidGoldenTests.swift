import Checkpoint
import Inversion
import Quant
import Runtime
import Testing

/// genforce's `EncoderNet` against its own code in double precision.
@Suite struct PyramidGoldenTests {
  private static let set = "genforce_encoder_res64"
  private static let kernels = Kernels(threadCount: 2)

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
    let encoder = try Self.model().encoder()
    var graph = Graph()
    let input = graph.input(.image(batch: 2, channels: 3, height: 64, width: 64))
    let code = try encoder.append(to: &graph, input)
    let seed = graph.input(graph.shape(of: code))
    let gradient = try #require(try graph.appendGradients(of: [(code, seed)], by: [input])[0])
    graph.markOutput(code)
    graph.markOutput(gradient)
    let prepared = try PreparedGraph(graph, kernels: Self.kernels)
    prepared.write(try Golden.array(Self.set, "image").values, to: input)
    prepared.write(try Golden.array(Self.set, "cotangent").values, to: seed)
    prepared.run()
    let codes = relativeDifference(prepared.read(code), try Golden.array(Self.set, "encoded").values)
    #expect(codes <= 5e-6, "\(codes)")
    let error = euclideanDifference(prepared.read(gradient), try Golden.array(Self.set, "grad_image").values)
    #expect(error <= 2e-5, "\(error)")
  }

  @Test func storedPrecisions() throws {
    let image = try Golden.array(Self.set, "image").values, expected = try Golden.array(Self.set, "encoded").values
    for (precision, least) in [(WeightsPrecision.f16, Float(60)), (.int8, 35)] {
      let codes = try Self.model(precision).run(.encoder, on: image, count: 2, kernels: Self.kernels).values
      let psnr = Difference(codes, reference: expected).psnr
      #expect(psnr >= least, "\(precision): \(psnr) dB")
    }
  }
}
