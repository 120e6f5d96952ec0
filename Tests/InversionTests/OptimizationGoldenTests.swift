import Inversion
import Runtime
import Testing

/// Ten steps of optimization with StyleGAN2, alone and with e4e's encoder, against the same in double precision
/// (`Golden/make_trajectories.py`).
@Suite struct OptimizationGoldenTests {
  static let generators = ["stylegan2_res32", "stylegan2_res64"]
  private static let kernels = Kernels(threadCount: 2)

  private func array(_ name: String) throws -> (values: [Float], shape: [Int]) {
    try Golden.array("optimizations", name)
  }

  private func check(_ name: String, _ model: Model, _ weights: ObjectiveWeights, fromEncoder: Bool) throws {
    let codes = try array("\(name)_codes"), losses = try array("\(name)_losses")
    let count = codes.values.count / codes.shape[0], steps = losses.shape[0]
    #expect(steps == 10 && codes.shape[0] == 11)
    let start = Array(codes.values[..<count])
    let options = InversionOptions(
      iterations: steps, weights: weights, start: fromEncoder ? .encoder : .code(start), snapshotCount: steps)
    let inverter = try Inverter(model, options: options, kernels: Self.kernels)
    let result = try inverter.invert(try array("\(name)_target").values)
    for (index, code) in ([result.startCode] + result.snapshots.map(\.code)).enumerated() {
      let expected = Array(codes.values[index * count..<(index + 1) * count])
      // Adam's steps are 0.01 long, whatever the gradient: a small one that is off by its rounding turns.
      let error = euclideanDifference(code, expected)
      #expect(error <= 1e-4, "\(name): code \(index) is off by \(error)")
    }
    for (index, history) in result.history.enumerated() {
      let (pixel, domain) = (losses.values[2 * index], losses.values[2 * index + 1])
      #expect(abs(history.pixel - pixel) <= 1e-4 * pixel, "\(name): pixels of step \(index + 1)")
      #expect(abs(history.domain - domain) <= 1e-4 * domain, "\(name): domain of step \(index + 1)")
    }
  }

  @Test(arguments: generators) func pixelsAlone(name: String) throws {
    let file = name == "stylegan2_res32" ? "converted.pt" : "converted_legacy.pt"
    let model = try StyleGAN2GoldenTests.GoldenSet(name: name, file: file).model()
    try check(name, model, ObjectiveWeights(perceptual: 0, domain: 0), fromEncoder: false)
  }

  /// The start is what the encoder makes of the target, whose pixels are repeated for it.
  @Test func withTheDomainTermOfEncodersWithHeads() throws {
    let model = try StyleHeadsGoldenTests.direct[0].model()
    try check("e4e_res32", model, ObjectiveWeights(perceptual: 0, domain: 2), fromEncoder: true)
  }
}
