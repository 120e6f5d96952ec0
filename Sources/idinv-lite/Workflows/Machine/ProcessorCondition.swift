/// Clock rates and temperatures at one moment.
package struct ProcessorCondition: Encodable, Equatable, Sendable {
  package struct Zone: Encodable, Equatable, Sendable {
    /// What the sensor's driver calls it: "cpu-thermal".
    package var name: String
    package var celsius: Double
  }
  /// Of the CPUs that are computed on, in their order.
  package var clock_mhz: [Double]
  package var temperatures: [Zone]

  package var meanClock: Double? { clock_mhz.isEmpty ? nil : clock_mhz.reduce(0, +) / Double(clock_mhz.count) }
  package var hottest: Double? { temperatures.map(\.celsius).max() }
}

/// Reads clock rates and temperatures: where their files lie is found out once.
package struct ConditionProbe: Sendable {
  /// Mean of the highest clock rates of the CPUs, MHz.
  package let highestClock: Double?
  private let files: SystemFiles
  private let clocks: [String]
  private let zones: [(name: String, path: String)]

  /// - Parameter cpus: those that are computed on.
  package init(_ files: SystemFiles = .current, cpus: [Int]) {
    self.files = files
    let folders = cpus.map { "/sys/devices/system/cpu/cpu\($0)/cpufreq" }
    clocks = folders.map { "\($0)/scaling_cur_freq" }.filter { files.number($0) != nil }
    let highest = folders.compactMap { files.number("\($0)/cpuinfo_max_freq") }.map { Double($0) * 1e-3 }
    highestClock = highest.isEmpty ? nil : highest.reduce(0, +) / Double(highest.count)
    zones = files.names(in: "/sys/class/thermal", prefix: "thermal_zone").compactMap { name in
      let folder = "/sys/class/thermal/\(name)"
      return files.text("\(folder)/type").map { ($0, "\(folder)/temp") }
    }
  }

  package func read() -> ProcessorCondition {
    ProcessorCondition(
      clock_mhz: clocks.compactMap { files.number($0) }.map { Double($0) * 1e-3 },
      temperatures: zones.compactMap { zone in
        // In thousandths of a degree. A sensor that is switched off reads zero, or the coldest there is.
        guard let value = files.number(zone.path), (1...200_000).contains(value) else { return nil }
        return ProcessorCondition.Zone(name: zone.name, celsius: Double(value) * 1e-3)
      })
  }
}
