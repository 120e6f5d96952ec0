extension ConditionCourse {
  /// Speed, clock rate and temperature over time, all of which lie between 0 and about 100; nil for short runs.
  package func chart() -> LineChart? {
    guard samples.count >= 3, let fastest = samples.map(\.stepSeconds).filter({ $0 > 0 }).min() else { return nil }
    func points(_ value: (Sample) -> Double?) -> [(x: Double, y: Double)] {
      samples.compactMap { sample in value(sample).map { (x: sample.seconds, y: $0) } }
    }
    // Where the highest rate is not known, the highest that was seen.
    let clock = highestClock ?? samples.compactMap(\.clock).max()
    var series = [
      LineChart.Series("speed, % of the fastest", style: 0, points: points { 100 * fastest / $0.stepSeconds })
    ]
    let clocks = points { sample in clock.flatMap { most in sample.clock.map { 100 * $0 / most } } }
    if clocks.count > 1 { series.append(LineChart.Series("clock rate, % of the highest", style: 1, points: clocks)) }
    let temperatures = points(\.temperature)
    if temperatures.count > 1 { series.append(LineChart.Series("temperature, °C", style: 2, points: temperatures)) }
    var chart = LineChart(title: "Speed and heat", xTitle: "seconds", series: series)
    chart.axesHold.y = [0, 100]
    return chart
  }
}
