#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// One block of zeroed memory that holds all tensors of a prepared graph. Pages are taken from the system when they
/// are first touched.
final class Arena {
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  init(byteCount: Int) throws(GraphError) {
    self.byteCount = max(byteCount, 64)
    guard
      let base = mmap(
        nil, self.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      base != MAP_FAILED
    else { throw .outOfMemory(byteCount: byteCount) }
    // Large pages spare most TLB misses in activations of several megabytes; a refusal costs nothing.
    madvise(base, self.byteCount, MADV_HUGEPAGE)
    self.base = base
  }

  deinit { munmap(base, byteCount) }
}

/// Constants of an operator (a bias, a noise map), padded with zeros to whole blocks of 16 and 64-byte aligned.
///
/// Immutable after `init`, hence safe to share between graphs and threads.
final class ConstantBuffer: @unchecked Sendable {
  let base: UnsafePointer<Float>
  let count: Int
  private let storage: UnsafeMutableRawPointer

  init(_ values: [Float]) {
    count = (values.count + 15) / 16 * 16
    storage = .allocate(byteCount: max(count, 16) * 4, alignment: 64)
    let floats = storage.bindMemory(to: Float.self, capacity: max(count, 16))
    floats.initialize(repeating: 0, count: max(count, 16))
    for (index, value) in values.enumerated() { floats[index] = value }
    base = UnsafePointer(floats)
  }

  deinit { storage.deallocate() }
}
