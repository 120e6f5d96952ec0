#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A zeroed, aligned run of floats that is written while its owner is built and only read afterwards.
final class AlignedFloats: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  let count: Int

  init(count: Int) {
    self.count = count
    let bytes = max(64, count &* 4), hugePage = 2 << 20
    var memory: UnsafeMutableRawPointer?
    // Large packed weights on huge pages: their panels are read in long strides.
    let isLarge = bytes >= 2 &* hugePage
    guard posix_memalign(&memory, isLarge ? hugePage : 64, bytes) == 0, let memory else {
      fatalError("out of memory: \(bytes) bytes of packed weights")
    }
    if isLarge { madvise(memory, bytes, 14 /* MADV_HUGEPAGE */) }
    memset(memory, 0, bytes)
    base = memory.bindMemory(to: Float.self, capacity: count)
  }

  deinit { free(base) }
}
