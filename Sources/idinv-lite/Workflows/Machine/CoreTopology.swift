import SIMDKernels

/// The CPUs that this process may run on, and how able the system says they are.
///
/// Boards join big and little cores. A step is a row of short parallel loops, each of which ends with its slowest thread: a
/// little core that takes part costs about as much as it gives, and heats the chip.
package struct CoreTopology: Equatable, Sendable {
  package struct CPU: Equatable, Sendable {
    package var number: Int
    /// Computing power; the system's strongest CPU has 1024.
    package var capacity: Int?
    /// Highest clock rate.
    package var maximumKilohertz: Int?
    /// The least number of a hardware thread of the same core.
    package var core: Int
    /// The package that it sits in.
    package var chip: Int?
  }
  /// Ascending.
  package var cpus: [CPU]

  /// - Parameter allowed: numbers of CPUs; by default those of the calling thread's affinity mask.
  package init(_ files: SystemFiles = .current, allowed: [Int] = Processor.allowedCPUs) {
    cpus = allowed.sorted().map { number in
      let folder = "/sys/devices/system/cpu/cpu\(number)"
      let siblings = files.text("\(folder)/topology/thread_siblings_list")
      return CPU(
        number: number, capacity: files.number("\(folder)/cpu_capacity"),
        maximumKilohertz: files.number("\(folder)/cpufreq/cpuinfo_max_freq"),
        core: siblings?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? number,
        chip: files.number("\(folder)/topology/physical_package_id"))
    }
  }

  /// CPUs clearly weaker than the strongest have less than this part of its power. Turbo frequencies of equal cores differ
  /// by a few percent; a Cortex-A55 beside a Cortex-A76 has about half.
  private static let clearShare = 0.75

  /// Numbers of the CPUs that are not clearly weaker than the strongest: all, where the system says nothing.
  package var bigCPUs: [Int] {
    let powers = cpus.compactMap(\.capacity), rates = cpus.compactMap(\.maximumKilohertz)
    // A CPU about which nothing is known could be any: then nothing is left out.
    let measure = powers.count == cpus.count ? powers : rates.count == cpus.count ? rates : []
    guard let most = measure.max() else { return cpus.map(\.number) }
    return zip(cpus, measure).filter { Double($1) >= CoreTopology.clearShare * Double(most) }.map(\.0.number)
  }

  /// Physical cores among some CPUs.
  package func coreCount(of numbers: [Int]) -> Int {
    Set(cpus.filter { numbers.contains($0.number) }.map(\.core)).count
  }
}
