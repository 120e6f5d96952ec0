import Inversion
import Runtime
import Testing

@Suite struct InverterTests {
  private let kernels = Kernels(threadCount: 2)

  private func target() throws -> [Float] { try Golden.array("res32", "invert_target").values }

  private func inverter(_ options: InversionOptions) throws -> Inverter {
    try Inverter(Golden.model("res32"), options: options, kernels: kernels)
  }

  @Test func zeroStepsGiveTheStartCode() throws {
    let result = try inverter(InversionOptions(iterations: 0)).invert(target())
    #expect(result.code == result.startCode)
    #expect(result.history.isEmpty && result.snapshots.isEmpty)
  }

  @Test func negativeStepsAndRatesAreRefused() {
    #expect(throws: InversionError.self) { try inverter(InversionOptions(iterations: -1)) }
    #expect(throws: InversionError.self) { try inverter(InversionOptions(learningRate: 0)) }
    #expect(throws: InversionError.self) { try inverter(InversionOptions(learningRate: .infinity)) }
  }

  @Test func moreSnapshotsThanStepsAreNotAnError() {
    #expect(InversionOptions(iterations: 3, snapshotCount: 10).snapshotSteps == [1, 2, 3])
    #expect(InversionOptions(iterations: 100, snapshotCount: 5).snapshotSteps == [20, 40, 60, 80, 100])
    #expect(InversionOptions(iterations: 0, snapshotCount: 5).snapshotSteps.isEmpty)
    #expect(InversionOptions(iterations: 7, snapshotCount: 2).snapshotSteps == [4, 7])
  }

  @Test func aStoppedRunGivesTheBestCodeSoFar() throws {
    var best: [Float] = []
    let result = try inverter(InversionOptions(iterations: 10)).invert(target()) { report in
      best = report.state.bestCode
      return report.state.step < 4
    }
    #expect(result.wasStopped)
    #expect(result.history.count == 4)
    #expect(result.code == best)
  }

  @Test func aResumedRunEndsWithTheSameBits() throws {
    let options = InversionOptions(iterations: 8)
    let whole = try inverter(options).invert(target())
    var state: OptimizationState?
    _ = try inverter(options).invert(target()) { report in
      state = report.state
      return report.state.step < 3
    }
    let resumed = try inverter(options).invert(target(), resuming: state)
    #expect(resumed.code == whole.code)
    #expect(resumed.history == whole.history)
  }

  @Test func theMeanCodeIsAStart() throws {
    let model = try Golden.model("res32")
    let result = try inverter(InversionOptions(iterations: 1, start: .mean)).invert(target())
    let meanCode = try model.generator().meanCode
    #expect(result.startCode == meanCode)
  }

  @Test func aCodeOfAnotherModelIsRefused() throws {
    let options = InversionOptions(iterations: 1, start: .code([0, 1, 2]))
    #expect(throws: InversionError.self) { try inverter(options).invert(target()) }
  }

  @Test func aTermThatIsNotFiniteStopsWithItsName() throws {
    let count = try Golden.model("res32").generator().codeCount
    let options = InversionOptions(iterations: 2, start: .code([Float](repeating: .nan, count: count)))
    do {
      _ = try inverter(options).invert(target())
      Issue.record("no error")
    } catch InversionError.notFinite(let term, let step) {
      #expect(term == "pixel" && step == 1)
    }
  }

  /// Two images in one batch are refined as if each were alone.
  @Test func objectivesOfABatchDoNotMix() throws {
    let model = try Golden.model("res32")
    let images = try Golden.array("res32", "image").values
    let codes = try Golden.array("res32", "encoded").values
    let both = try Objective(model, batch: 2, kernels: kernels)
    try both.setTarget(images)
    let together = both.evaluate(codes)
    let single = try Objective(model, kernels: kernels)
    for index in 0..<2 {
      let half = { (values: [Float]) in
        Array(values[index * values.count / 2..<(index + 1) * values.count / 2])
      }
      try single.setTarget(half(images))
      let alone = single.evaluate(half(codes))
      #expect(alone.losses[0] == together.losses[index])
      #expect(alone.gradient == half(together.gradient))
    }
  }
}
