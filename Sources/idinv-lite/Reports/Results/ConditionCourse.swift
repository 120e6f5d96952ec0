/// How step time, clock rates and temperature went during a run.
package struct ConditionCourse: Equatable, Sendable {
  package struct Sample: Equatable, Sendable {
    /// Since the run began.
    package var seconds: Double
    /// Mean of the steps since the last sample.
    package var stepSeconds: Double
    /// Mean of the CPUs, MHz.
    package var clock: Double?
    /// Of the hottest sensor, °C.
    package var temperature: Double?

    package init(seconds: Double, stepSeconds: Double, clock: Double? = nil, temperature: Double? = nil) {
      self.seconds = seconds
      self.stepSeconds = stepSeconds
      self.clock = clock
      self.temperature = temperature
    }
  }

  package var samples: [Sample] = []
  /// The highest possible clock rate, MHz.
  package var highestClock: Double?

  package init(samples: [Sample] = [], highestClock: Double? = nil) {
    self.samples = samples
    self.highestClock = highestClock
  }

  /// Says in a few figures whether the processor was slowed down.
  package struct Summary: Codable, Equatable, Sendable {
    package var samples: Int
    /// Mean over the first and the last tenth of the samples.
    package var step_s_at_start: Double
    package var step_s_at_end: Double
    package var clock_mhz_at_start: Double?
    package var clock_mhz_at_end: Double?
    package var clock_mhz_least: Double?
    package var clock_mhz_possible: Double?
    package var temperature_c_at_start: Double?
    package var temperature_c_highest: Double?
  }

  /// nil where there is too little to compare.
  package var summary: Summary? {
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
