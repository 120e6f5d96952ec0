import Checkpoint
import Inversion
import Quant
import Runtime
import TestSupport
import Testing

/// StyleGAN2-ADA's pickles of persistent modules, by the numbers of NVIDIA's own code in double precision.
@Suite struct NVIDIAGoldenTests {
  private static let kernels = Kernels(threadCount: 2)

  private static func array(_ name: String) throws -> (values: [Float], shape: [Int]) {
    try Golden.array("pickles", "stylegan2_16_\(name)")
  }

  private static func model(
    _ precision: WeightsPrecision = .f32, psi: Float? = nil, layers: Int? = nil
  ) throws -> Model {
    let key = "nvidia-\(precision)-\(psi ?? 1)-\(layers ?? 0)"
    return try Golden.model(generator: Golden.path("pickles", "stylegan2_16.pkl"), key: key) {
      $0.precision = precision
      ($0.truncationPsi, $0.truncationLayers) = (psi, layers)
    }
  }

  private func expectClose(
    _ values: [Float], _ name: String, _ tolerance: Float, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = try Self.array(name).values
    #expect(values.count == expected.count, sourceLocation: sourceLocation)
    let difference = relativeDifference(values, expected)
    #expect(difference <= tolerance, "\(name): \(difference)", sourceLocation: sourceLocation)
  }

  private func w(_ model: Model, _ name: String) throws -> [Float] {
    let z = try Self.array(name)
    return try model.run(.mapping, on: z.values, count: z.shape[0], kernels: Self.kernels).values
  }

  @Test func mappingAndTruncation() throws {
    let model = try Self.model()
    // The file holds z's of length 1 and of 1e-4, which pin the 1e-8 of the normalization.
    for (z, expected) in [("z", "w"), ("z_small", "w_small")] {
      let codes = try model.run(.truncation, on: try w(model, z), count: 2, kernels: Self.kernels, psi: 1)
      try expectClose(codes.values, expected, 2e-6)
    }
    let truncated = try Self.model(psi: 0.7, layers: 6)
    let codes = try truncated.run(.truncation, on: try w(truncated, "z"), count: 2, kernels: Self.kernels).values
    try expectClose(codes, "truncated", 2e-6)
    let images = try truncated.run(.generator, on: codes, count: 2, kernels: Self.kernels).values
    try expectClose(images, "truncated_image", 1e-5)
    let partly = try Self.model(psi: 0.5, layers: 4)
    try expectClose(
      try partly.run(.truncation, on: try w(partly, "z"), count: 2, kernels: Self.kernels).values, "truncated_cutoff4",
      2e-6)
    let average = try Self.array("average").values
    #expect(try model.generator().meanCode == (0..<6).flatMap { _ in average })
  }

  /// Weights with channels-last strides, and outputs clamped to ±1, which bites.
  @Test func synthesisAndGradient() throws {
    let model = try Self.model(), codes = try Self.array("wp")
    let specification = try #require(model.file.specification.generator)
    #expect(specification.architecture == .styleGAN2(clamp: 1))
    let images = try model.run(.generator, on: codes.values, count: 2, kernels: Self.kernels).values
    try expectClose(images, "image", 1e-5)
    let objective = try Objective(
      model, weights: ObjectiveWeights(pixel: 1, perceptual: 0, domain: 0), batch: 2, kernels: Self.kernels)
    try objective.setTarget(try Self.array("target").values)
    let error = euclideanDifference(objective.evaluate(codes.values).gradient, try Self.array("gradient").values)
    #expect(error <= 1e-5, "\(error)")
  }

  @Test func storedPrecisions() throws {
    let codes = try Self.array("wp"), expected = try Self.array("image").values
    for precision in [WeightsPrecision.f16, .int8] {
      let images = try Self.model(precision).run(.generator, on: codes.values, count: 2, kernels: Self.kernels).values
      let psnr = Difference(images, reference: expected).psnr
      #expect(psnr >= 45, "\(precision): \(psnr) dB")
    }
  }

  @Test func aConditionalGeneratorIsRefusedByName() {
    let path = Golden.path("pickles", "stylegan2_16_conditional.pkl")
    let error = thrownError { _ = try Conversion().assigning([path]) }
    guard case CheckpointError.unsupported(_, let found, _)? = error else {
      Issue.record("threw \(String(describing: error))")
      return
    }
    #expect(found == "this is a class-conditional StyleGAN2 generator")
  }
}
