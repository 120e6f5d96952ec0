import Checkpoint
import Foundation
import Inversion
import Quant
import Runtime
import Testing

/// NVIDIA's and idinvert's TensorFlow pickles, by the numbers that TensorFlow itself gave (`Golden/README.md`).
@Suite struct TensorFlowTests {
  static func array(_ name: String) throws -> [Float] {
    try NumpyArray.read(Golden.path("pickles", "\(name).npy")).floats
  }

  static func convert(_ set: String, encoder: Bool = false) throws -> (model: Model, report: ConversionReport) {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("tf-\(UUID().uuidString).idinv").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = Golden.path("pickles", "\(set).pkl")
    let report = try Conversion([.generator: file, .encoder: encoder ? file : nil]).run(to: path)
    return (try Model(path: path), report)
  }

  @Test(arguments: ["stylegan32", "idinvert64"]) func generators(set: String) throws {
    let (model, report) = try Self.convert(set)
    #expect(report.sources[0].prefix == "Gs." && report.sources[0].format == "pickle")
    #expect(report.specification.generator?.hasFinalTanh == false)
    let kernels = Kernels(threadCount: 2)
    let z = try Self.array("\(set)_z")
    let w = try model.run(.mapping, on: z, count: 2, kernels: kernels).values
    let mapped = try model.run(.truncation, on: w, count: 2, kernels: kernels, psi: 1).values
    #expect(relativeDifference(mapped, try Self.array("\(set)_mapped")) <= 5e-6)
    let truncated = try model.run(.truncation, on: w, count: 2, kernels: kernels).values
    let code = Array(truncated[..<(truncated.count / 2)])
    let image = try model.run(.generator, on: code, count: 1, kernels: kernels).values
    #expect(relativeDifference(image, try Self.array("\(set)_truncated")) <= 2e-5)
    let wp = try Self.array("\(set)_wp")
    #expect(
      relativeDifference(
        try model.run(.generator, on: wp, count: 1, kernels: kernels).values, try Self.array("\(set)_image")) <= 2e-5)
    let objective = try Objective(
      model, weights: ObjectiveWeights(pixel: 1, perceptual: 0, domain: 0), kernels: kernels)
    try objective.setTarget(try Self.array("\(set)_target"))
    #expect(relativeDifference(objective.evaluate(wp).gradient, try Self.array("\(set)_gradient")) <= 1e-4)
  }

  // MARK: The encoder of idinvert's TensorFlow version

  static func encoder(_ precision: WeightsPrecision = .f32) throws -> Model {
    let file = Golden.path("pickles", "idinvert64.pkl")
    return try Golden.model(generator: file, encoder: file, key: "tensorflow-\(precision)") { $0.precision = precision }
  }

  @Test func codesOfTheEncoder() throws {
    let model = try Self.encoder(), kernels = Kernels(threadCount: 2)
    let codes = try model.run(.encoder, on: try Self.array("idinvert64_photo"), count: 2, kernels: kernels)
    #expect(codes.shape == [2, 10, 32])
    #expect(relativeDifference(codes.values, try Self.array("idinvert64_encoded")) <= 5e-6)
  }

  /// ∂(Σ cotangent · code) / ∂ image.
  @Test func gradientOfTheEncoder() throws {
    let model = try Self.encoder(), encoder = try model.encoder()
    var graph = Graph()
    let input = graph.input(.image(batch: 2, channels: 3, height: 64, width: 64))
    let code = try encoder.append(to: &graph, input)
    let seed = graph.input(graph.shape(of: code))
    let gradient = try #require(try graph.appendGradients(of: [(code, seed)], by: [input])[0])
    graph.markOutput(gradient)
    let prepared = try PreparedGraph(graph, kernels: Kernels(threadCount: 2))
    prepared.write(try Self.array("idinvert64_photo"), to: input)
    prepared.write(try Self.array("idinvert64_cotangent"), to: seed)
    prepared.run()
    let error = euclideanDifference(prepared.read(gradient), try Self.array("idinvert64_photo_gradient"))
    #expect(error <= 1e-5, "\(error)")
  }

  @Test func domainTermOfTheEncoder() throws {
    let model = try Self.encoder(), codes = try Self.array("idinvert64_encoded")
    let objective = try Objective(
      model, weights: ObjectiveWeights(pixel: 0, perceptual: 0, domain: 1), batch: 2, kernels: Kernels(threadCount: 2))
    try objective.setTarget([Float](repeating: 0, count: 2 * 3 * 64 * 64))
    let evaluation = objective.evaluate(codes)
    for (found, loss) in zip(evaluation.losses, try Self.array("idinvert64_domain")) {
      #expect(abs(found.domain - loss) <= 1e-5 * loss)
    }
    let error = euclideanDifference(evaluation.gradient, try Self.array("idinvert64_domain_gradient"))
    #expect(error <= 2e-5, "\(error)")
  }

  @Test func storedPrecisionsOfTheEncoder() throws {
    let expected = try Self.array("idinvert64_encoded"), photo = try Self.array("idinvert64_photo")
    for (precision, least) in [(WeightsPrecision.f16, Float(60)), (.int8, 35)] {
      let codes = try Self.encoder(precision).run(.encoder, on: photo, count: 2, kernels: Kernels(threadCount: 2))
        .values
      let psnr = Difference(codes, reference: expected).psnr
      #expect(psnr >= least, "\(precision): \(psnr) dB")
    }
  }
}
