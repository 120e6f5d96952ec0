import Checkpoint
import Inversion
import Quant
import Runtime
import Testing

/// StyleGAN2 generators of several ports, through conversion and the engine, against the published implementations in double
/// precision.
@Suite struct StyleGAN2GoldenTests {
  struct GoldenSet: CustomTestStringConvertible {
    var name: String, file: String
    var truncatedLayers: Int?
    var testDescription: String { name }

    func path(_ name: String) -> String { Golden.path(self.name, name) }
    func array(_ name: String) throws -> (values: [Float], shape: [Int]) { try Golden.array(self.name, name) }

    func model(_ precision: WeightsPrecision = .f32) throws -> Model {
      try Golden.model(generator: path(file), key: "\(name)-\(precision)") {
        $0.precision = precision
        if truncatedLayers != nil { $0.truncationPsi = 0.7 }
        $0.truncationLayers = truncatedLayers
      }
    }
  }

  static let sets = [
    GoldenSet(name: "stylegan2_res32", file: "converted.pt"),
    GoldenSet(name: "stylegan2_res64", file: "converted_legacy.pt"),
    GoldenSet(name: "stylegan2_genforce_res32", file: "stylegan2_32.pth", truncatedLayers: 8),
  ]
  static let kernels = Kernels(threadCount: 2)

  private func expectClose(
    _ values: [Float], _ expected: [Float], _ tolerance: Float, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(values.count == expected.count, sourceLocation: sourceLocation)
    let difference = relativeDifference(values, expected)
    #expect(difference <= tolerance, "\(what): \(difference)", sourceLocation: sourceLocation)
  }

  @Test(arguments: sets) func mapping(set: GoldenSet) throws {
    let model = try set.model()
    for (input, output) in [("z", "w"), ("z_small", "w_small")] {
      guard let z = try? set.array(input) else { continue }
      let w = try model.run(.mapping, on: z.values, count: z.shape[0], kernels: Self.kernels).values
      expectClose(w, try set.array(output).values, 2e-6, "\(set.name) \(output)")
    }
  }

  @Test(arguments: sets) func truncation(set: GoldenSet) throws {
    let w = try set.array("w")
    let codes = try set.model().run(
      .truncation, on: w.values, count: w.shape[0], kernels: Self.kernels, psi: 0.7)
    expectClose(codes.values, try set.array("truncated_wp").values, 2e-6, set.name)
  }

  @Test(arguments: sets) func synthesis(set: GoldenSet) throws {
    let codes = try set.array("wp")
    let images = try set.model().run(.generator, on: codes.values, count: codes.shape[0], kernels: Self.kernels)
    let expected = try set.array("synthesized_wp")
    #expect(images.shape == expected.shape)
    expectClose(images.values, expected.values, 1e-5, set.name)
  }

  /// With operands of 16 bits where the processor has them, in batches and alone.
  @Test(arguments: sets) func batchesAndReducedPrecision(set: GoldenSet) throws {
    let codes = try set.array("wp"), expected = try set.array("synthesized_wp").values
    let model = try set.model()
    let apart = try model.run(
      .generator, on: codes.values, count: codes.shape[0], kernels: Self.kernels, maximumBatch: 1
    ).values
    let together = try model.run(.generator, on: codes.values, count: codes.shape[0], kernels: Self.kernels).values
    #expect(apart == together)
    let reduced = Kernels(threadCount: 2, precision: .automatic)
    let images = try model.run(.generator, on: codes.values, count: codes.shape[0], kernels: reduced).values
    #expect(Difference(images, reference: expected).psnr >= 60)
  }

  @Test(arguments: sets) func gradient(set: GoldenSet) throws {
    let codes = try set.array("wp").values, targets = try set.array("target").values
    let objective = try Objective(
      set.model(), weights: ObjectiveWeights(pixel: 1, perceptual: 0, domain: 0), batch: 2, kernels: Self.kernels)
    try objective.setTarget(targets)
    let evaluation = objective.evaluate(codes)
    let expected = try set.array("grad_wp").values, losses = try set.array("loss_wp").values
    for (found, loss) in zip(evaluation.losses, losses) { #expect(abs(found.pixel - loss) <= 1e-5 * loss) }
    let error = euclideanDifference(evaluation.gradient, expected)
    #expect(error <= 5e-5, "\(set.name): \(error)")
  }

  @Test(arguments: sets) func storedPrecisions(set: GoldenSet) throws {
    let codes = try set.array("wp"), expected = try set.array("synthesized_wp").values
    for precision in [WeightsPrecision.f16, .int8] {
      let images = try set.model(precision).run(
        .generator, on: codes.values, count: codes.shape[0], kernels: Self.kernels
      ).values
      // The layer whose tiny weights show the demodulation's 1e-8 has them near the least of halves.
      let psnr = Difference(images, reference: expected).psnr
      #expect(psnr >= 45, "\(set.name) \(precision): \(psnr) dB")
    }
  }

  @Test func aFileWithoutAMeanGetsAnEstimate() throws {
    let set = Self.sets[0]
    let model = try set.model()
    let mean = try model.generator().meanCode
    // The estimate of `MappingMean`, and the one of the file, are means of few and of many codes.
    let width = try model.generator().specification.wDimension
    #expect(mean.count == 8 * width)
    #expect(Array(mean[..<width]) == Array(mean[width..<2 * width]))
  }
}

/// ‖a − b‖ / ‖b‖.
func euclideanDifference(_ values: [Float], _ expected: [Float]) -> Float {
  var (errors, squares) = (0.0, 0.0)
  for (a, b) in zip(values, expected) {
    errors += Double(a - b) * Double(a - b)
    squares += Double(b) * Double(b)
  }
  return Float((errors / max(squares, 1e-300)).squareRoot())
}
