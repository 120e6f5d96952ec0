import CKernelShims

/// The second-level cache of the first CPU that this process may run on, and who shares it.
struct SecondLevelCache: Equatable, Sendable {
  var byteCount: Int
  /// Physical cores, of those that this process may run on. Clusters of small cores share one; large cores have their own.
  var coreCount: Int

  /// What the system describes; else what the C library knows; else 512 KB of each core's own.
  ///
  /// - Parameter root: where `/sys` is looked for.
  init(root: String = "", allowed: [Int] = Processor.allowedCPUs) {
    let folder = "\(root)/sys/devices/system/cpu/cpu\(allowed.first ?? 0)/cache"
    func number(_ path: String) -> Int? {
      SystemText.read("\(folder)/\(path)").flatMap { SystemText.integers($0).first }
    }
    // A core has two or three caches up to the second level: instructions, data, both.
    let index = (0..<4).first { number("index\($0)/level") == 2 }
    guard let index, let kilobytes = number("index\(index)/size"), kilobytes > 0 else {
      let known = idinv_second_level_cache_bytes()
      (byteCount, coreCount) = (known > 0 ? known : 512 << 10, 1)
      return
    }
    let sharing = SystemText.integers(SystemText.read("\(folder)/index\(index)/shared_cpu_list") ?? "")
    let cores = Set(sharing.filter(allowed.contains).map { Processor.core(of: $0, root: root) })
    (byteCount, coreCount) = (kilobytes << 10, max(1, cores.count))
  }

  /// Bytes for each of so many workers, of which there is one on a core.
  func share(threadCount: Int) -> Int { byteCount / max(1, min(coreCount, threadCount)) }
}
