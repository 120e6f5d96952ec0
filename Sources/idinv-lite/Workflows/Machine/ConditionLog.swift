import Reports

/// Takes samples of step time, clock rates and temperature during a run. The system is asked at most once a second, and
/// of long runs an even sample is kept.
package struct ConditionLog: Sendable {
  package private(set) var course: ConditionCourse
  private let read: @Sendable () -> ProcessorCondition
  /// Seconds between samples.
  private var interval = 1.0
  private var last = -Double.infinity
  private var steps: (count: Int, seconds: Double) = (0, 0)
  private static let limit = 600

  package init(_ probe: ConditionProbe) {
    self.init(highestClock: probe.highestClock) { probe.read() }
  }

  package init(highestClock: Double? = nil, read: @escaping @Sendable () -> ProcessorCondition) {
    course = ConditionCourse(highestClock: highestClock)
    self.read = read
  }

  /// Takes note of a step that took `seconds` and ended `elapsed` seconds after the run began.
  package mutating func didStep(seconds: Double, elapsed: Double) {
    steps.count += 1
    steps.seconds += seconds
    guard elapsed - last >= interval else { return }
    let condition = read()
    course.samples.append(
      ConditionCourse.Sample(
        seconds: elapsed, stepSeconds: steps.seconds / Double(steps.count), clock: condition.meanClock,
        temperature: condition.hottest))
    last = elapsed
    steps = (0, 0)
    if course.samples.count >= ConditionLog.limit {
      let all = course.samples
      course.samples = stride(from: 1, to: all.count, by: 2).map { index in
        var sample = all[index]
        sample.stepSeconds = (sample.stepSeconds + all[index - 1].stepSeconds) / 2
        return sample
      }
      interval *= 2
    }
  }
}
