#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A zeroed, aligned run of floats that is written while its owner is built and only read afterwards.
///
/// Large runs are mappings of their own: what is never touched costs no memory, and all of it goes back when it is freed.
final class AlignedFloats: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  let count: Int
  private let mapping: UnsafeMutableRawBufferPointer?

  init(count: Int) {
    self.count = count
    let bytes = max(64, count &* 4), hugePage = 2 << 20
    guard bytes >= AlignedFloats.leastMapping else {
      let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      memset(memory, 0, bytes)
      base = memory.bindMemory(to: Float.self, capacity: count)
      mapping = nil
      return
    }
    // Large packed weights on huge pages: their panels are read in long strides.
    let isLarge = bytes >= 2 &* hugePage
    let mapped = isLarge ? bytes &+ hugePage : bytes
    guard
      let memory = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      memory != MAP_FAILED
    else { fatalError("out of memory: \(bytes) bytes of packed weights") }
    var start = memory
    if isLarge {
      let past = Int(UInt(bitPattern: memory) % UInt(hugePage))
      start = memory + (past == 0 ? 0 : hugePage &- past)
      madvise(start, bytes / hugePage * hugePage, 14 /* MADV_HUGEPAGE */)
    }
    base = start.bindMemory(to: Float.self, capacity: count)
    mapping = UnsafeMutableRawBufferPointer(start: memory, count: mapped)
  }

  private static let leastMapping = 256 << 10

  deinit {
    if let mapping { munmap(mapping.baseAddress, mapping.count) } else { base.deallocate() }
  }
}
