import Inversion
import Runtime
import Testing

/// The gradient of each loss term, and whole optimizations, against the published implementation.
@Suite struct GoldenTrajectoryTests {
  private func firstGradient(
    _ set: String, _ run: String, _ weights: ObjectiveWeights, isMasked: Bool
  ) throws -> [Float] {
    let objective = try Objective(
      Golden.model(set), weights: weights, isMasked: isMasked, kernels: Kernels(threadCount: 2))
    try objective.setTarget(
      Golden.array(set, "\(run)_target").values, mask: isMasked ? Golden.array(set, "\(run)_mask").values : nil)
    let codes = try Golden.array(set, "\(run)_codes").values
    return objective.evaluate(Array(codes[..<objective.codeCount])).gradient
  }

  /// Near a kink two correct programs differ by more than rounding; then the golden gradient is itself that far from
  /// the exact one, and the engine may be as far (`make_float64.py`).
  private func checkGradient(_ gradient: [Float], _ set: String, _ name: String) throws {
    let golden = try Golden.array(set, name).values
    let exact = try Golden.array(set, "float64_\(name)").values
    let difference = min(relativeDifference(gradient, golden), relativeDifference(gradient, exact))
    let allowed = max(Tolerance.gradient, relativeDifference(golden, exact))
    #expect(difference <= allowed, "\(set) \(name): \(difference), allowed \(allowed)")
  }

  @Test(arguments: Golden.trajectories) func inversionGradients(set: String) throws {
    for (term, weights) in [
      ("pixel", ObjectiveWeights(pixel: 1, perceptual: 0, domain: 0)),
      ("perceptual", ObjectiveWeights(pixel: 0, perceptual: 1, domain: 0)),
      ("domain", ObjectiveWeights(pixel: 0, perceptual: 0, domain: 1)),
    ] {
      let gradient = try firstGradient(set, "invert", weights, isMasked: false)
      try checkGradient(gradient, set, "invert_grad_\(term)")
    }
  }

  @Test(arguments: Golden.trajectories) func diffusionGradients(set: String) throws {
    for (term, weights) in [
      ("pixel", ObjectiveWeights(pixel: 1, perceptual: 0, domain: 0)),
      ("perceptual", ObjectiveWeights(pixel: 0, perceptual: 1, domain: 0)),
    ] {
      let gradient = try firstGradient(set, "diffuse", weights, isMasked: true)
      try checkGradient(gradient, set, "diffuse_grad_\(term)")
    }
  }

  private func checkTrajectory(_ set: String, _ run: String, threadCount: Int) throws -> InversionResult {
    let isMasked = run == "diffuse"
    let expectedCodes = try Golden.array(set, "\(run)_codes")
    // A run that passes a kink is as far from the golden one as exact arithmetic is (`make_float64.py`).
    let spread = maximumDifference(
      expectedCodes.values, try Golden.array(set, "float64_\(run)_codes").values)
    let passesKink = spread > Tolerance.codes
    let allowed = passesKink ? 1.5 * spread : Tolerance.codes
    let expectedLosses = try Golden.losses(set, run)
    let steps = Effort.count(expectedLosses.count, low: 3)
    let options = InversionOptions(
      iterations: steps, weights: ObjectiveWeights(domain: isMasked ? 0 : 2), snapshotCount: steps)
    let inverter = try Inverter(
      Golden.model(set), options: options, isMasked: isMasked, kernels: Kernels(threadCount: threadCount))
    let result = try inverter.invert(
      Golden.array(set, "\(run)_target").values, mask: isMasked ? Golden.array(set, "\(run)_mask").values : nil)

    #expect(expectedCodes.shape[0] == expectedLosses.count + 1)
    #expect(result.snapshots.map(\.step) == Array(1...steps))
    let count = result.code.count
    for (index, code) in ([result.startCode] + result.snapshots.map(\.code)).enumerated() {
      let expected = Array(expectedCodes.values[index * count..<(index + 1) * count])
      let difference = maximumDifference(code, expected)
      #expect(difference <= allowed, "\(set) \(run): code \(index) is off by \(difference), allowed \(allowed)")
    }
    for (index, (ours, theirs)) in zip(result.history, expectedLosses).enumerated() {
      for (a, b) in [
        (ours.pixel, theirs.pixel), (ours.perceptual, theirs.perceptual), (ours.domain, theirs.domain),
        (ours.total, theirs.total),
      ] {
        let tolerance = (passesKink ? 3 : 1) * Tolerance.losses
        #expect(abs(a - b) <= tolerance * abs(b), "\(set) \(run): losses of step \(index + 1)")
      }
    }
    if steps < expectedLosses.count { return result }
    func image(_ code: some Collection<Float>) throws -> [Float] {
      try inverter.model.run(.generator, on: Array(code), count: 1, kernels: Kernels(threadCount: threadCount)).values
    }
    // Where codes may be apart, so may their images: twice as far as exact arithmetic takes the golden one.
    let expected = try Golden.array(set, "\(run)_result").values
    let exact = try image(Golden.array(set, "float64_\(run)_codes").values.suffix(count))
    let allowedInImage = max(10 * allowed, passesKink ? 2 * maximumDifference(exact, expected) : 0)
    let difference = try maximumDifference(image(result.code), expected)
    #expect(difference <= allowedInImage, "\(set) \(run): the image is off by \(difference), allowed \(allowedInImage)")
    return result
  }

  /// The published procedure, step for step, and the same bits with one thread and with two.
  @Test(arguments: Golden.trajectories) func inversion(set: String) throws {
    let one = try checkTrajectory(set, "invert", threadCount: 1)
    let two = try checkTrajectory(set, "invert", threadCount: 2)
    #expect(one.code == two.code)
    #expect(one.history == two.history)
  }

  @Test(arguments: Golden.trajectories) func diffusion(set: String) throws {
    _ = try checkTrajectory(set, "diffuse", threadCount: 2)
  }
}
