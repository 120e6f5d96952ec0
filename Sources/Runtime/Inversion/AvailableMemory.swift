import Files

/// Memory that this process may still take.
package enum AvailableMemory {
  /// Bytes: the least of what the system can give without swapping (`MemAvailable`) and what each control group above
  /// the process leaves (versions 1 and 2); nil where the system does not say.
  ///
  /// - Parameter root: where `/proc` and `/sys` are looked for.
  package static func byteCount(root: String = "") -> Int? {
    var limits: [Int] = []
    let memory = text("\(root)/proc/meminfo")
    if let line = memory?.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
    {
      limits.append(kilobytes * 1024)
    }
    for line in (text("\(root)/proc/self/cgroup") ?? "").split(separator: "\n") {
      // "0::/a/b" is version 2; "4:memory:/a/b" version 1.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      if parts[1].isEmpty {
        limits += left(
          "\(root)/sys/fs/cgroup", String(parts[2]), limit: "memory.max", usage: "memory.current",
          cache: "inactive_file")
      } else if parts[1].split(separator: ",").contains("memory") {
        limits += left(
          "\(root)/sys/fs/cgroup/memory", String(parts[2]), limit: "memory.limit_in_bytes",
          usage: "memory.usage_in_bytes", cache: "total_inactive_file")
      }
    }
    return limits.min().map { max(0, $0) }
  }

  /// What the group and those above it leave. A container may see its own group as the root.
  private static func left(
    _ mount: String, _ group: String, limit: String, usage: String, cache: String
  ) -> [Int] {
    var limits: [Int] = []
    var components = group.split(separator: "/")
    while true {
      let folder = ([mount] + components.map(String.init)).joined(separator: "/")
      if let limit = number("\(folder)/\(limit)"), let used = number("\(folder)/\(usage)") {
        // Pages of files that were not used lately are counted, but given up on demand.
        let statistics = text("\(folder)/memory.stat") ?? ""
        let line = statistics.split(separator: "\n").first { $0.hasPrefix("\(cache) ") }
        let reclaimable = line.flatMap { Int($0.dropFirst(cache.count + 1)) } ?? 0
        limits.append(limit - max(0, used - reclaimable))
      }
      guard components.popLast() != nil else { return limits }
    }
  }

  /// nil for "max", and for version 1's way to say so: a limit beyond all memory.
  private static func number(_ path: String) -> Int? {
    text(path).flatMap { Int($0.filter { !$0.isWhitespace }) }.flatMap { $0 < 1 << 60 ? $0 : nil }
  }

  private static func text(_ path: String) -> String? { SystemFile.text(path) }
}
