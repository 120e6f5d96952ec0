import CKernelShims
import Testing

private let millisecond: Int64 = 1_000_000
nonisolated(unsafe) private var usage = idinv_usage()

/// When workers spin between regions, and when they sleep: a machine made up, with clocks of its own.
@Suite(.serialized) struct WaitingTests {
  /// A calling thread that enters regions.
  private struct Caller {
    var waiting = idinv_waiting()
    var now: Int64 = 7_000 * millisecond

    init() {
      usage = idinv_usage(processor_time: 123 * millisecond, preemptions: 4)
      _ = region(90 * millisecond, used: 0)
    }

    /// One region, and what changed after it.
    mutating func region(_ length: Int64, used: Int64, preemptions: Int64 = 0) -> idinv_waiting_change {
      now += length
      usage.processor_time += used
      usage.preemptions += preemptions
      return idinv_waiting_next(&waiting, now - length, now) { usage }
    }

    /// The milliseconds of regions until workers sleep, or nil if they do not in a second; every region lasts a
    /// millisecond, of which the thread gets `share`.
    mutating func patience(share: Double, preemptions: Int64) -> Int? {
      (1...1000).first { _ in
        region(millisecond, used: Int64(share * Double(millisecond)), preemptions: preemptions) == idinv_waiting_sleeps
      }
    }

    /// The milliseconds of sleep until workers spin.
    mutating func sleep() -> Int? {
      (1...10_000).first { _ in region(millisecond, used: 0, preemptions: 9) == idinv_waiting_spins }
    }
  }

  @Test("Workers spin as long as the cores are theirs, whatever the first region took")
  func alone() {
    var caller = Caller()
    #expect(caller.patience(share: 1, preemptions: 0) == nil)
    #expect(caller.patience(share: 1, preemptions: 1) == nil, "preempted, for no time")
    #expect(caller.patience(share: 0.3, preemptions: 0) == nil, "waits for a worker that has more to do")
    #expect(caller.patience(share: 0.8, preemptions: 1) == nil)
  }

  @Test("Where others want the cores workers sleep, longer each time that spinning proves no better")
  func crowded() {
    var caller = Caller()
    #expect(caller.patience(share: 0.5, preemptions: 1) == 10, "two looks")
    #expect(caller.sleep() == 20)
    var periods: [Int?] = []
    for _ in 0..<9 {
      #expect(caller.patience(share: 0.5, preemptions: 1) == 5, "one look is enough after a sleep")
      periods.append(caller.sleep())
    }
    #expect(periods == [40, 80, 160, 320, 640, 1280, 2560, 4000, 4000])
    // The others went.
    #expect(caller.patience(share: 1, preemptions: 0) == nil)
    #expect(caller.patience(share: 0.5, preemptions: 1) == 10)
    #expect(caller.sleep() == 20)
  }

  @Test("Time between regions does not count, and one bad look is none")
  func gaps() {
    var caller = Caller()
    for _ in 0..<1000 {
      caller.now += 50 * millisecond
      #expect(caller.region(millisecond, used: millisecond, preemptions: 1) == idinv_waiting_unchanged)
    }
    for _ in 0..<100 {
      #expect(caller.region(5 * millisecond, used: millisecond, preemptions: 1) == idinv_waiting_unchanged)
      #expect(caller.region(5 * millisecond, used: 5 * millisecond) == idinv_waiting_unchanged)
    }
  }
}
