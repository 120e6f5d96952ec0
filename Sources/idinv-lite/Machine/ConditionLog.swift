/// How step time, clock rates and temperature went during a run. The system is asked at most once a second, and of long
/// runs an even sample is kept.
struct ConditionLog: Sendable {
  struct Sample: Equatable, Sendable {
    /// Since the run began.
    var seconds: Double
    /// Mean of the steps since the last sample.
    var stepSeconds: Double
    /// Mean of the CPUs, MHz.
    var clock: Double?
    /// Of the hottest sensor, °C.
    var temperature: Double?
  }

  private(set) var samples: [Sample] = []
  /// The highest possible clock rate, MHz.
  let highestClock: Double?
  private let read: @Sendable () -> ProcessorCondition
  /// Seconds between samples.
  private var interval = 1.0
  private var last = -Double.infinity
  private var steps: (count: Int, seconds: Double) = (0, 0)
  private static let limit = 600

  init(_ probe: ConditionProbe) {
    self.init(highestClock: probe.highestClock) { probe.read() }
  }

  init(highestClock: Double? = nil, read: @escaping @Sendable () -> ProcessorCondition) {
    self.highestClock = highestClock
    self.read = read
  }

  /// Takes note of a step that took `seconds` and ended `elapsed` seconds after the run began.
  mutating func didStep(seconds: Double, elapsed: Double) {
    steps.count += 1
    steps.seconds += seconds
    guard elapsed - last >= interval else { return }
    let condition = read()
    samples.append(
      Sample(
        seconds: elapsed, stepSeconds: steps.seconds / Double(steps.count), clock: condition.meanClock,
        temperature: condition.hottest))
    last = elapsed
    steps = (0, 0)
    if samples.count >= ConditionLog.limit {
      samples = stride(from: 1, to: samples.count, by: 2).map { index in
        var sample = samples[index]
        sample.stepSeconds = (sample.stepSeconds + samples[index - 1].stepSeconds) / 2
        return sample
      }
      interval *= 2
    }
  }

  /// Says in a few figures whether the processor was slowed down.
  struct Summary: Codable, Equatable, Sendable {
    var samples: Int
    /// Mean over the first and the last tenth of the samples.
    var step_s_at_start: Double
    var step_s_at_end: Double
    var clock_mhz_at_start: Double?
    var clock_mhz_at_end: Double?
    var clock_mhz_least: Double?
    var clock_mhz_possible: Double?
    var temperature_c_at_start: Double?
    var temperature_c_highest: Double?
  }

  /// nil where there is too little to compare.
  var summary: Summary? {
    guard samples.count >= 2 else { return nil }
    let tenth = max(1, samples.count / 10)
    func mean(_ values: [Double?]) -> Double? {
      let known = values.compactMap { $0 }
      return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    }
    let start = samples.prefix(tenth), end = samples.suffix(tenth)
    return Summary(
      samples: samples.count, step_s_at_start: mean(start.map(\.stepSeconds)) ?? 0,
      step_s_at_end: mean(end.map(\.stepSeconds)) ?? 0, clock_mhz_at_start: mean(start.map(\.clock)),
      clock_mhz_at_end: mean(end.map(\.clock)), clock_mhz_least: samples.compactMap(\.clock).min(),
      clock_mhz_possible: highestClock, temperature_c_at_start: mean(start.map(\.temperature)),
      temperature_c_highest: samples.compactMap(\.temperature).max())
  }
}
