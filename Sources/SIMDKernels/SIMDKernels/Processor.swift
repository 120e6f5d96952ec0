import CKernelShims

/// What the processor can do, and which of its CPUs this process computes on.
package enum Processor {
  /// Optional instructions beyond the architecture's baseline that kernels use or could use, as compilers name them.
  package static var features: [String] {
    #if arch(arm64)
      let known = [
        ("fp16", idinv_has_fp16()), ("dotprod", idinv_has_dotprod()), ("i8mm", idinv_has_i8mm()),
        ("sve2", idinv_has_sve2()),
      ]
    #else
      let known = [
        ("x86-64-v3", idinv_has_x86v3()), ("x86-64-v4", idinv_has_x86v4()), ("avx512vnni", idinv_has_x86v4vnni()),
      ]
    #endif
    return known.filter(\.1).map(\.0)
  }

  /// Numbers of the CPUs that the calling thread may run on, ascending.
  package static var allowedCPUs: [Int] {
    let capacity = 1024
    return [Int32](unsafeUninitializedCapacity: capacity) { buffer, count in
      count = min(capacity, idinv_allowed_cpus(buffer.baseAddress!, capacity))
    }.map(Int.init)
  }

  /// Confines the calling thread, and those that it starts from now on, to some CPUs: before anything computes in parallel.
  ///
  /// - Returns: false where the system refuses.
  package static func confine(to cpus: [Int]) -> Bool {
    let numbers = cpus.map(Int32.init)
    return idinv_confine_to_cpus(numbers, numbers.count)
  }

  /// Physical cores this process may use: CPUs of its affinity mask, hardware threads of one core counted once, and no more
  /// than the CPU quota of its control groups, rounded up. At least 1.
  ///
  /// - Parameter root: where `/proc` and `/sys` are looked for.
  static func coreCount(root: String = "", allowed: [Int] = allowedCPUs) -> Int {
    let cores = Set(allowed.map { core(of: $0, root: root) }).count
    return max(1, min(cores, CPUQuota.cpuCount(root: root) ?? cores))
  }

  /// The lowest number of a CPU that shares a core with this one: a name for the core.
  static func core(of cpu: Int, root: String) -> Int {
    let siblings = SystemText.read("\(root)/sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list")
    return siblings.flatMap { SystemText.integers($0).first } ?? cpu
  }

  /// Bytes of the second-level cache of the first CPU that this process may run on.
  package static var secondLevelCacheByteCount: Int { SecondLevelCache().byteCount }
}
