import Inversion
import Runtime
import Testing

/// The gradient of each loss term, and whole optimisations, against the published implementation.
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

  @Test(arguments: Golden.trajectories) func inversionGradients(set: String) throws {
    for (term, weights) in [
      ("pixel", ObjectiveWeights(pixel: 1, perceptual: 0, domain: 0)),
      ("perceptual", ObjectiveWeights(pixel: 0, perceptual: 1, domain: 0)),
      ("domain", ObjectiveWeights(pixel: 0, perceptual: 0, domain: 1)),
    ] {
      let gradient = try firstGradient(set, "invert", weights, isMasked: false)
      let difference = relativeDifference(gradient, try Golden.array(set, "invert_grad_\(term)").values)
      #expect(difference <= Tolerance.gradient, "\(set) \(term): \(difference)")
    }
  }

  @Test(arguments: Golden.trajectories) func diffusionGradients(set: String) throws {
    for (term, weights) in [
      ("pixel", ObjectiveWeights(pixel: 1, perceptual: 0, domain: 0)),
      ("perceptual", ObjectiveWeights(pixel: 0, perceptual: 1, domain: 0)),
    ] {
      let gradient = try firstGradient(set, "diffuse", weights, isMasked: true)
      let difference = relativeDifference(gradient, try Golden.array(set, "diffuse_grad_\(term)").values)
      #expect(difference <= Tolerance.gradient, "\(set) \(term): \(difference)")
    }
  }

  private func checkTrajectory(_ set: String, _ run: String, threadCount: Int) throws -> InversionResult {
    let isMasked = run == "diffuse"
    let expectedCodes = try Golden.array(set, "\(run)_codes")
    let expectedLosses = try Golden.losses(set, run)
    let steps = expectedLosses.count
    let options = InversionOptions(
      iterations: steps, weights: ObjectiveWeights(domain: isMasked ? 0 : 2), snapshotCount: steps)
    let inverter = try Inverter(
      Golden.model(set), options: options, isMasked: isMasked, kernels: Kernels(threadCount: threadCount))
    let result = try inverter.invert(
      Golden.array(set, "\(run)_target").values, mask: isMasked ? Golden.array(set, "\(run)_mask").values : nil)

    #expect(expectedCodes.shape[0] == steps + 1)
    #expect(result.snapshots.map(\.step) == Array(1...steps))
    let count = result.code.count
    for (index, code) in ([result.startCode] + result.snapshots.map(\.code)).enumerated() {
      let expected = Array(expectedCodes.values[index * count..<(index + 1) * count])
      #expect(maximumDifference(code, expected) <= Tolerance.codes, "\(set) \(run): code \(index)")
    }
    for (index, (ours, theirs)) in zip(result.history, expectedLosses).enumerated() {
      for (a, b) in [
        (ours.pixel, theirs.pixel), (ours.perceptual, theirs.perceptual), (ours.domain, theirs.domain),
        (ours.total, theirs.total),
      ] {
        #expect(abs(a - b) <= Tolerance.losses * abs(b), "\(set) \(run): losses of step \(index + 1)")
      }
    }
    let image = try inverter.model.run(
      .generator, on: result.code, count: 1, kernels: Kernels(threadCount: threadCount)
    ).values
    #expect(maximumDifference(image, try Golden.array(set, "\(run)_result").values) <= 10 * Tolerance.codes)
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
