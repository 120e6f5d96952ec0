import Inversion
import Quant
import Runtime
import Testing

/// Each network against the published implementation, through conversion and the engine.
@Suite struct GoldenNetworkTests {
  private func check(
    _ set: String, _ kind: NetworkKind, input: String, output: String, relative: Bool = false, tolerance: Float
  ) throws {
    let model = try Golden.model(set)
    let (values, shape) = try Golden.array(set, input)
    let expected = try Golden.array(set, output)
    let result = try model.run(kind, on: values, count: shape[0], kernels: Kernels(threadCount: 2))
    #expect(result.shape == expected.shape)
    let difference =
      relative
      ? relativeDifference(result.values, expected.values) : maximumDifference(result.values, expected.values)
    #expect(difference <= tolerance, "\(set) \(kind): \(difference)")
  }

  @Test(arguments: Golden.sets) func mapping(set: String) throws {
    try check(set, .mapping, input: "z", output: "mapped_w", tolerance: Tolerance.network)
  }

  @Test(arguments: Golden.sets) func truncation(set: String) throws {
    try check(set, .truncation, input: "mapped_w", output: "truncated_wp", tolerance: Tolerance.network)
  }

  @Test(arguments: Golden.sets) func generator(set: String) throws {
    try check(set, .generator, input: "truncated_wp", output: "synthesized", tolerance: Tolerance.network)
  }

  @Test(arguments: Golden.sets) func encoder(set: String) throws {
    try check(set, .encoder, input: "image", output: "encoded", tolerance: Tolerance.network)
  }

  @Test(arguments: Golden.trajectories) func perceptual(set: String) throws {
    let model = try Golden.model(set)
    let images = try Golden.array(set, "image").values
    let expected = try Golden.array(set, "perceptual_image")
    let first = Array(images[..<(images.count / 2)])
    let result = try model.run(.perceptual, on: first, count: 1, kernels: Kernels(threadCount: 2))
    #expect(result.values.count == expected.values.count)
    let difference = relativeDifference(result.values, expected.values)
    #expect(difference <= Tolerance.features, "\(set): \(difference)")
  }

  @Test(arguments: Golden.sets) func aBatchGivesWhatSingleImagesGive(set: String) throws {
    let model = try Golden.model(set)
    let (codes, shape) = try Golden.array(set, "truncated_wp")
    let kernels = Kernels(threadCount: 2)
    let together = try model.run(.generator, on: codes, count: shape[0], kernels: kernels)
    let apart = try model.run(.generator, on: codes, count: shape[0], kernels: kernels, maximumBatch: 1)
    #expect(together.values == apart.values)
  }

  @Test(arguments: Golden.sets) func reducedPrecisionStaysClose(set: String) throws {
    let (codes, shape) = try Golden.array(set, "truncated_wp")
    let expected = try Golden.array(set, "synthesized").values
    let kernels = Kernels(threadCount: 2)
    for (precision, least) in [(WeightsPrecision.f16, Tolerance.f16PSNR), (.int8, Tolerance.int8PSNR)] {
      let model = try Golden.model(set, weights: precision)
      let images = try model.run(.generator, on: codes, count: shape[0], kernels: kernels).values
      let psnr = Difference(images, reference: expected, peak: 2).psnr
      #expect(psnr >= least, "\(set) \(precision): \(psnr) dB")
    }
  }
}
