import Files

/// This process's memory, from the kernel's accounts.
package enum ProcessMemory {
  /// The most that has been resident so far.
  package static var peakByteCount: Int { kilobytes("VmHWM:", in: "/proc/self/status") * 1024 }

  /// What is resident now: all; memory of its own; pages of files, which the system can take back.
  package static var now: (resident: Int, own: Int, files: Int) {
    let own = kilobytes("RssAnon:", in: "/proc/self/status") * 1024
    let resident = kilobytes("VmRSS:", in: "/proc/self/status") * 1024
    return (resident, own, resident - own)
  }

  /// 0 where the system does not say.
  private static func kilobytes(_ key: String, in path: String) -> Int {
    let text = SystemFile.text(path) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
    return line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
  }
}
