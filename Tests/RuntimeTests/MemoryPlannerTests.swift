import TestSupport
import Testing

@testable import Runtime

/// The planner's promises, one per test; the names are the sentences.
@Suite struct MemoryPlannerTests {
  private func plan(_ records: [(Int, Int, Int)]) -> MemoryPlan {
    MemoryPlan(records.map { UsageRecord(firstNode: $0.0, lastNode: $0.1, byteCount: $0.2) })
  }

  @Test func anEmptyGraphNeedsNoMemory() {
    #expect(plan([]).byteCount == 0)
  }

  @Test func buffersThatNeverLiveTogetherShareTheirBytes() {
    let plan = plan([(0, 1, 640), (2, 3, 640)])
    #expect(plan.byteCount == 640)
    #expect(plan.offsets == [0, 0])
  }

  @Test func buffersThatMeetInOneNodeDoNotOverlap() {
    let plan = plan([(0, 1, 640), (1, 2, 640)])
    #expect(plan.byteCount == 1280)
  }

  @Test func offsetsAreMultiplesOfTheAlignment() {
    let plan = plan([(0, 3, 4), (0, 3, 65), (0, 3, 1000)])
    #expect(plan.offsets.allSatisfy { $0 % MemoryPlan.alignment == 0 })
  }

  @Test func aHoleBetweenTwoLongLivedBuffersIsReused() {
    // 0 and 2 live throughout; 1 dies early and leaves room for 3.
    let plan = plan([(0, 9, 1024), (0, 2, 512), (0, 9, 256), (4, 9, 512)])
    #expect(plan.byteCount == 1024 + 512 + 256)
  }

  @Test func aChainNeedsTwoBuffersOnly() {
    let plan = plan((0..<20).map { ($0, $0 + 1, 4096) })
    #expect(plan.byteCount == 2 * 4096)
    #expect(plan.lowerBound == plan.byteCount)
  }

  @Test func buffersOfNoBytesTakeNoSpace() {
    #expect(plan([(0, 5, 0), (0, 5, 64)]).byteCount == 64)
  }

  @Test func randomLivesNeverOverlapAndStayNearTheLowerBound() {
    var generator = SeededRandom(7)
    for _ in 0..<50 {
      let records = (0..<60).map { _ in
        let first = Int(generator.next() % 40)
        return UsageRecord(
          firstNode: first, lastNode: first + Int(generator.next() % 10), byteCount: Int(generator.next() % 5000))
      }
      let plan = MemoryPlan(records)
      for i in records.indices {
        #expect(plan.offsets[i] + records[i].byteCount <= plan.byteCount)
        for j in 0..<i where records[i].overlaps(records[j]) && records[i].byteCount > 0 && records[j].byteCount > 0 {
          let apart =
            plan.offsets[i] + records[i].byteCount <= plan.offsets[j]
            || plan.offsets[j] + records[j].byteCount <= plan.offsets[i]
          #expect(apart)
        }
      }
      #expect(plan.byteCount >= plan.lowerBound)
      #expect(Double(plan.byteCount) <= 1.3 * Double(plan.lowerBound))
    }
  }
}
