import Foundation
import Inversion
import Runtime
import Testing

/// Images that are refined side by side in lanes come out as if each were alone.
@Suite struct LaneTests {
  private let kernels = Kernels(threadCount: 4)

  /// The golden target, darker and darker.
  private func targets(_ count: Int) throws -> [[Float]] {
    let target = try Golden.array("res32", "invert_target").values
    return (0..<count).map { index in target.map { $0 * (1 - 0.1 * Float(index)) } }
  }

  private struct Outcomes {
    var results: [Int: Result<InversionResult, InversionError>] = [:]
    var steps: [Int: Int] = [:]
  }

  private func invert(
    _ images: [[Float]], batch: Int, laneCount: Int, iterations: Int = 6,
    stopping: (Int, Int) -> Bool = { _, _ in false }
  ) throws -> Outcomes {
    let inverter = try Inverter(
      Golden.model("res32"), options: InversionOptions(iterations: iterations), batch: batch, laneCount: laneCount,
      kernels: kernels)
    var queue = images[...], outcomes = Outcomes()
    let caller = pthread_self()
    try inverter.invert(
      next: {
        #expect(pthread_equal(pthread_self(), caller) != 0)
        return queue.popFirst().map { InversionInput($0) }
      },
      didStep: { image, report in
        #expect(pthread_equal(pthread_self(), caller) != 0)
        #expect(outcomes.results[image] == nil && report.state.step == outcomes.steps[image, default: 0] + 1)
        outcomes.steps[image] = report.state.step
        return !stopping(image, report.state.step)
      },
      didFinish: { image, outcome in
        #expect(pthread_equal(pthread_self(), caller) != 0 && outcomes.results[image] == nil)
        outcomes.results[image] = outcome
      })
    return outcomes
  }

  @Test(arguments: [(2, 2), (4, 4), (3, 2), (8, 3), (16, 4)])
  func theBitsDoNotDependOnLanes(batch: Int, laneCount: Int) throws {
    let images = try targets(7)
    let alone = try invert(images, batch: 1, laneCount: 1)
    let found = try invert(images, batch: batch, laneCount: laneCount)
    for index in images.indices {
      let (a, b) = (try #require(alone.results[index]).get(), try #require(found.results[index]).get())
      #expect(a.code == b.code && a.startCode == b.startCode && a.history == b.history && a.stopReason == b.stopReason)
      #expect(found.steps[index] == 6)
    }
  }

  /// A lane goes on while a step is looked at; what it does meanwhile is not part of the result.
  @Test(arguments: [1, 2, 4])
  func aStoppedImageHasTheStepsThatItWasAllowed(laneCount: Int) throws {
    let images = try targets(5)
    let outcomes = try invert(images, batch: laneCount, laneCount: laneCount, iterations: 12) { image, step in
      if image == 1 { usleep(20_000) }
      return image % 2 == 1 && step == 3 + image
    }
    let alone = try Inverter(
      Golden.model("res32"), options: InversionOptions(iterations: 12), kernels: kernels)
    for index in images.indices {
      let result = try #require(outcomes.results[index]).get()
      let stopped = try alone.invert(images[index]) { index % 2 == 0 || $0.state.step < 3 + index }
      #expect(result.code == stopped.code && result.history == stopped.history)
      #expect(result.wasStopped == (index % 2 == 1))
    }
  }

  @Test func anImageThatFailsDoesNotConcernTheOthers() throws {
    var images = try targets(6)
    images[2] = [1, 2, 3]
    let outcomes = try invert(images, batch: 4, laneCount: 4)
    for index in images.indices {
      let result = try #require(outcomes.results[index])
      #expect((try? result.get()) == nil ? index == 2 : index != 2)
    }
  }

  @Test func anInverterIsUsedAgain() throws {
    let inverter = try Inverter(
      Golden.model("res32"), options: InversionOptions(iterations: 3), batch: 2, laneCount: 2, kernels: kernels)
    let image = try targets(1)[0]
    let first = try inverter.invert(image), second = try inverter.invert(image)
    #expect(first.code == second.code && first.history == second.history)
  }

  @Test func imagesTakeALaneForEachThread() {
    func ways(_ batch: Int, _ imageCount: Int, threads: Int) -> [[Int]] {
      SideBySide.candidates(batch, imageCount: imageCount, kernels: Kernels(threadCount: threads)).map {
        [$0.imageCount, $0.laneCount]
      }
    }
    #expect(ways(0, 100, threads: 4) == [[4, 4], [2, 2], [1, 1]])
    #expect(ways(0, 3, threads: 4) == [[3, 3], [2, 2], [1, 1]])
    #expect(ways(0, 100, threads: 1) == [[1, 1]])
    #expect(ways(0, 1, threads: 4) == [[1, 1]])
    #expect(ways(0, 0, threads: 4) == [[1, 1]])
    #expect(ways(8, 100, threads: 2) == [[8, 2], [8, 1]])
    #expect(ways(8, 3, threads: 2) == [[3, 2], [3, 1]])
    #expect(ways(1, 100, threads: 4) == [[1, 1]])
    #expect(Kernels(threadCount: 4).divided(among: 3).map(\.threadCount) == [2, 1, 1])
    #expect(Kernels(threadCount: 1).divided(among: 2).map(\.threadCount) == [1, 1])
  }

  /// Where memory is short there are fewer lanes before anything else is given up.
  @Test func aBudgetLeavesOneLane() throws {
    let model = try Golden.model("res128", weights: .f16),
      ways = SideBySide.candidates(0, imageCount: 9, kernels: kernels)
    let budget = MemoryBudget(model, base: 0, kernels: kernels, workload: InversionOptions().workload)
    let four = try budget.plan(budget: nil, ways: ways), one = try budget.plan(budget: nil, ways: [SideBySide(1)])
    #expect(four.sideBySide == SideBySide(4, laneCount: 4) && four.policy == MemoryPolicy())
    #expect(four.account.packedByteCount == one.account.packedByteCount)
    #expect(four.predictedByteCount > one.predictedByteCount + 3 * one.account.arenaByteCount)
    let tight = try budget.plan(budget: one.predictedByteCount, ways: ways)
    #expect(tight.sideBySide == SideBySide(1) && tight.policy == MemoryPolicy())
    let half = try budget.plan(
      budget: four.predictedByteCount, ways: ways, sideBySide: (one.predictedByteCount + four.predictedByteCount) / 2)
    #expect(half.sideBySide.laneCount == 2)
  }
}

extension InversionOptions {
  /// The graph of a step.
  fileprivate func workload(_ model: Model, _ kernels: Kernels, _ batch: Int) throws(InversionError) -> [AnyObject] {
    [try Objective(model, batch: batch, kernels: kernels)]
  }
}
