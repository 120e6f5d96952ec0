import Glibc
import Reports

/// Processor time that other programs take while something is measured.
package struct OtherLoad {
  private let files: SystemFiles
  private let cpus: Set<String>
  private let before: Ticks?

  private struct Ticks {
    /// Of all CPUs at hand: everything but idling and waiting for disks, and everything.
    var busy = 0.0, all = 0.0
    /// Of this process.
    var own = 0.0
  }

  /// Begins to watch.
  ///
  /// - Parameter cpus: numbers of the CPUs that are measured on.
  package init(_ files: SystemFiles = .current, cpus: [Int]) {
    self.files = files
    self.cpus = Set(cpus.map { "cpu\($0)" })
    before = Self.read(files, self.cpus)
  }

  /// Share of the CPUs' time since then that others took, 0 to 1, a hypervisor included; nil where the system does not say.
  package var share: Double? {
    guard let before, let now = Self.read(files, cpus), now.all > before.all else { return nil }
    let others = (now.busy - before.busy) - (now.own - before.own)
    return min(1, max(0, others / (now.all - before.all)))
  }

  /// proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal; in ticks since the start of the system.
  private static func read(_ files: SystemFiles, _ cpus: Set<String>) -> Ticks? {
    guard let text = files.text("/proc/stat") else { return nil }
    var ticks = Ticks()
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard let name = fields.first, cpus.contains(String(name)) else { continue }
      let times = fields.dropFirst().prefix(8).map { Double($0) ?? 0 }
      guard times.count == 8 else { return nil }
      let sum = times.reduce(0, +)
      ticks.all += sum
      ticks.busy += sum - times[3] - times[4]
    }
    var own = timespec()
    guard ticks.all > 0, clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own) == 0 else { return nil }
    ticks.own = (Double(own.tv_sec) + Double(own.tv_nsec) * 1e-9) * Double(sysconf(Int32(_SC_CLK_TCK)))
    return ticks
  }
}

/// What makes figures of speed less than the machine's best.
package enum SpeedCaveat {
  /// - Parameters:
  ///   - otherLoad: share of the processors that other programs took.
  ///   - topology: with the CPUs that were measured on.
  package static func lines(otherLoad: Double?, _ topology: CoreTopology) -> [String] {
    var lines: [String] = []
    if let otherLoad, otherLoad > 0.1 {
      lines.append(
        "other programs took \(Int((otherLoad * 100).rounded())) % of the processors meanwhile: a quiet machine is faster"
      )
    }
    let chips = Set(topology.cpus.compactMap(\.chip))
    if chips.count > 1 {
      lines.append("the threads run on \(chips.count) chips, which is slower than on one for small networks")
    }
    return lines
  }
}
