import Foundation
import Testing

@testable import Reports
@testable import Workflows

@Suite("clock rates and temperatures")
struct ConditionTests {
  @Test("what the system tells, and only that")
  func probe() throws {
    let system = try FakeSystem()
    try system.cpu(4, kilohertz: 2_400_000, current: 1_500_000)
    try system.cpu(5, kilohertz: 2_200_000, current: 1_100_000)
    try system.zone(0, "cpu-thermal", millidegrees: "81500")
    try system.zone(1, "gpu-thermal", millidegrees: "60000")
    try system.zone(2, "off", millidegrees: "-274000")
    try system.zone(10, "odd", millidegrees: "hot")
    let probe = ConditionProbe(system.files, cpus: [4, 5, 6])
    let condition = probe.read()
    #expect(condition.clock_mhz == [1500, 1100] && condition.meanClock == 1300)
    #expect(condition.temperatures.map(\.name) == ["cpu-thermal", "gpu-thermal"])
    #expect(condition.hottest == 81.5)
    #expect(probe.highestClock == 2300)
    let nothing = ConditionProbe(SystemFiles(root: "/nowhere"), cpus: [0])
    #expect(nothing.read() == ProcessorCondition(clock_mhz: [], temperatures: []) && nothing.highestClock == nil)
  }

  private static func log(clock: Double? = 1000) -> ConditionLog {
    ConditionLog(highestClock: 2000) {
      ProcessorCondition(clock_mhz: clock.map { [$0] } ?? [], temperatures: [.init(name: "cpu", celsius: 70)])
    }
  }

  @Test("the system is asked at most once a second, and steps between are averaged")
  func rate() throws {
    var log = Self.log()
    for step in 1...100 { log.didStep(seconds: step <= 50 ? 0.05 : 0.1, elapsed: Double(step) * 0.05) }
    #expect(log.course.samples.count == 5)
    #expect(zip(log.course.samples, log.course.samples.dropFirst()).allSatisfy { $1.seconds - $0.seconds >= 1 })
    let summary = try #require(log.course.summary)
    #expect(abs(summary.step_s_at_start - 0.05) < 1e-9 && abs(summary.step_s_at_end - 0.1) < 1e-9)
    #expect(summary.clock_mhz_least == 1000 && summary.clock_mhz_possible == 2000)
    #expect(summary.temperature_c_highest == 70)
  }

  @Test("of a long run an even sample is kept")
  func long() throws {
    var log = Self.log()
    for second in 0..<5000 { log.didStep(seconds: 1, elapsed: Double(second)) }
    #expect((300...600).contains(log.course.samples.count))
    let gaps = zip(log.course.samples, log.course.samples.dropFirst()).map { $1.seconds - $0.seconds }
    #expect(try #require(gaps.max()) <= 2 * (try #require(gaps.min())))
    #expect(try #require(log.course.samples.last).seconds > 4900)
  }

  @Test("a chart of speed, clock rate and temperature, where there are some")
  func chart() throws {
    var log = Self.log()
    log.didStep(seconds: 0.1, elapsed: 0)
    #expect(log.course.chart() == nil && log.course.summary == nil)
    for second in 1..<10 { log.didStep(seconds: second < 5 ? 0.1 : 0.2, elapsed: Double(second)) }
    let chart = try #require(log.course.chart())
    #expect(chart.series.count == 3)
    #expect(chart.series[0].points.map(\.y).min() == 50 && chart.series[0].points.map(\.y).max() == 100)
    #expect(chart.series[1].points.allSatisfy { $0.y == 50 } && chart.series[2].points.allSatisfy { $0.y == 70 })
    var bare = Self.log(clock: nil)
    for second in 0..<5 { bare.didStep(seconds: 0.1, elapsed: Double(second)) }
    #expect(try #require(bare.course.chart()).series.count == 2)
    var report = InversionReport(run: InversionReportTests.run(), entries: [try InversionReportTests.entry(0)])
    #expect(!report.html().contains("Speed and heat"))
    report.conditions = log.course
    let page = report.html()
    expectWellFormed(page)
    #expect(page.contains("Speed and heat") && page.contains("temperature, °C"))
  }

  @Test("a run that lasts says in its summary how the processor fared")
  func run() throws {
    let place = try Folder()
    let system = try FakeSystem()
    for number in 0..<64 { try system.cpu(number, capacity: 1024, kilohertz: 2_000_000, current: 1_200_000) }
    try system.zone(0, "cpu-thermal", millidegrees: "84000")
    // The folder goes away with the value.
    defer { withExtendedLifetime(system) {} }
    try place.writePicture("a.png")
    // A slow step may take longer than the second between two samples.
    let budget = Command.isQuick ? "3s" : "30s"
    try Command.succeed(
      [
        "invert", "a.png", "-o", "out", "--model", Golden.model(), "--iterations", "20000", "--budget", budget,
        "--snapshots", "0", "--quiet",
      ], in: place, environment: ["IDINV_SYSTEM_ROOT": system.folder.path])
    let conditions = try #require(try place.json("out/summary.json")["conditions"] as? [String: Any])
    #expect(try #require(conditions["samples"] as? Int) >= 2)
    #expect(try #require(conditions["step_s_at_start"] as? Double) > 0)
    #expect(conditions["clock_mhz_at_end"] as? Double == 1200 && conditions["clock_mhz_possible"] as? Double == 2000)
    #expect(conditions["temperature_c_highest"] as? Double == 84)
  }
}
