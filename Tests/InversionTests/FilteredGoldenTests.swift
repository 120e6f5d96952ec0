import Checkpoint
import Inversion
import Quant
import Runtime
import Testing

/// stylegan2-encoder-pytorch's in-domain encoder against its description in double precision (`Golden/make_filtered.py`).
@Suite struct FilteredGoldenTests {
  private static let set = "filtered_res32"
  private static let kernels = Kernels(threadCount: 2)
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
    let encoder = try Self.model().encoder()
    var graph = Graph()
    let input = graph.input(.image(batch: 2, channels: 3, height: 32, width: 32))
    let code = try encoder.append(to: &graph, input)
    let seed = graph.input(graph.shape(of: code))
    let gradient = try #require(try graph.appendGradients(of: [(code, seed)], by: [input])[0])
    graph.markOutput(code)
    graph.markOutput(gradient)
    let prepared = try PreparedGraph(graph, kernels: Self.kernels)
    prepared.write(try Golden.array(Self.set, "image").values, to: input)
    prepared.write(try Golden.array(Self.set, "cotangent").values, to: seed)
    prepared.run()
    let codes = relativeDifference(prepared.read(code), try Golden.array(Self.set, "codes").values)
    #expect(codes <= 5e-6, "\(codes)")
    let error = euclideanDifference(prepared.read(gradient), try Golden.array(Self.set, "grad_image").values)
    #expect(error <= 2e-5, "\(error)")
  }

  @Test func storedPrecisions() throws {
    let image = try Golden.array(Self.set, "image").values, expected = try Golden.array(Self.set, "codes").values
    for (precision, least) in [(WeightsPrecision.f16, Float(60)), (.int8, 35)] {
      let codes = try Self.model(precision).run(.encoder, on: image, count: 2, kernels: Self.kernels).values
      let psnr = Difference(codes, reference: expected).psnr
      #expect(psnr >= least, "\(precision): \(psnr) dB")
    }
  }
}
