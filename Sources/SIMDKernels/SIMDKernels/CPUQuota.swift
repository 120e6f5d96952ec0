/// The part of the machine's time that the control groups of this process may take.
enum CPUQuota {
  /// CPUs' worth of time, rounded up: the least that the process's group or one above it states (versions 1 and 2); nil where
  /// none does.
  ///
  /// - Parameter root: where `/proc` and `/sys` are looked for.
  static func cpuCount(root: String = "") -> Int? {
    var limits: [Int] = []
    for line in (SystemText.read("\(root)/proc/self/cgroup") ?? "").split(separator: "\n") {
      // "0::/a/b" is version 2; "4:cpu,cpuacct:/a/b" version 1.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      if parts[1].isEmpty {
        limits += stated("\(root)/sys/fs/cgroup", parts[2], ["cpu.max"])
      } else if parts[1].split(separator: ",").contains("cpu") {
        limits += stated("\(root)/sys/fs/cgroup/cpu", parts[2], ["cpu.cfs_quota_us", "cpu.cfs_period_us"])
      }
    }
    return limits.min()
  }

  /// What the group and those above it state: microseconds, and of how many. A container may see its own group as the root.
  private static func stated(_ mount: String, _ group: Substring, _ names: [String]) -> [Int] {
    var limits: [Int] = []
    var components = group.split(separator: "/")
    while true {
      let folder = ([mount] + components.map(String.init)).joined(separator: "/")
      let words = names.flatMap { (SystemText.read("\(folder)/\($0)") ?? "").split(whereSeparator: \.isWhitespace) }
      // "max" and -1 stand for no limit.
      if words.count == 2, let used = Int(words[0]), let period = Int(words[1]), used > 0, period > 0 {
        limits.append((used - 1) / period + 1)
      }
      guard components.popLast() != nil else { return limits }
    }
  }
}
