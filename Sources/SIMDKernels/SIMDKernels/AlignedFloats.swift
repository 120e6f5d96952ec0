import Glibc

/// The system refuses memory.
package struct OutOfMemory: Error, Hashable, Sendable {
  package var byteCount: Int
}

/// A zeroed, aligned run of floats that is written while its owner is built and only read afterwards.
///
/// Large runs are mappings of their own: what is never touched costs no memory, and all of it goes back when it is freed.
final class AlignedFloats: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  let count: Int
  private let place: Place

  private enum Place {
    case heap
    case mapping(UnsafeMutableRawBufferPointer)
    /// None: a size only.
    case planned
  }

  /// - Parameter isPlanning: takes note of the size only.
  init(count: Int, isPlanning: Bool = false) throws(OutOfMemory) {
    self.count = count
    let bytes = max(64, count &* 4), hugePage = 2 << 20
    if isPlanning {
      base = UnsafeMutablePointer(bitPattern: 64)!
      place = .planned
      return
    }
    guard bytes >= AlignedFloats.leastMapping else {
      base = AlignedFloats.allocate(count)
      place = .heap
      return
    }
    // Large packed weights on huge pages: their panels are read in long strides.
    let isLarge = bytes >= 2 &* hugePage
    let mapped = isLarge ? bytes &+ hugePage : bytes
    guard
      let memory = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      memory != MAP_FAILED
    else { throw OutOfMemory(byteCount: bytes) }
    var start = memory
    if isLarge {
      let past = Int(UInt(bitPattern: memory) % UInt(hugePage))
      start = memory + (past == 0 ? 0 : hugePage &- past)
      madvise(start, bytes / hugePage * hugePage, MADV_HUGEPAGE)
    }
    base = start.bindMemory(to: Float.self, capacity: count)
    place = .mapping(UnsafeMutableRawBufferPointer(start: memory, count: mapped))
  }

  /// A few.
  init(few count: Int) {
    self.count = count
    base = AlignedFloats.allocate(count)
    place = .heap
  }

  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
    let bytes = max(64, count &* 4)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    memset(memory, 0, bytes)
    return memory.bindMemory(to: Float.self, capacity: count)
  }

  /// Half of what malloc is told to map by itself (`Heap`): less is not worth whole pages and a system call.
  private static let leastMapping = 256 << 10

  deinit {
    switch place {
    case .heap: base.deallocate()
    case .mapping(let memory): munmap(memory.baseAddress, memory.count)
    case .planned: break
    }
  }
}
