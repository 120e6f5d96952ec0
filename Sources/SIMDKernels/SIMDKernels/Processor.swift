import CKernelShims

/// What the processor can do, and which of its CPUs this process computes on.
public enum Processor {
  /// Optional instructions beyond the architecture's baseline that kernels use or could use, as compilers name them.
  public static var features: [String] {
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
  public static var allowedCPUs: [Int] {
    let capacity = 1024
    return [Int32](unsafeUninitializedCapacity: capacity) { buffer, count in
      count = min(capacity, idinv_allowed_cpus(buffer.baseAddress!, capacity))
    }.map(Int.init)
  }

  /// Confines the calling thread, and those that it starts from now on, to some CPUs: before anything computes in parallel.
  ///
  /// - Returns: false where the system refuses.
  public static func confine(to cpus: [Int]) -> Bool {
    let numbers = cpus.map(Int32.init)
    return idinv_confine_to_cpus(numbers, numbers.count)
  }

  /// Bytes of a core's second-level cache.
  public static var secondLevelCacheByteCount: Int { idinv_second_level_cache_bytes() }
}
