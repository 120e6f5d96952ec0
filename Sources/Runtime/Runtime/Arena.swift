import Glibc
import Synchronization

/// One block of zeroed memory that holds tensors of prepared graphs. Pages are taken from the system when they are first
/// touched.
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

/// The arena that several graphs take turns in: what lives within a run lies here, as large as the largest graph needs.
package final class SharedArena: Sendable {
  private struct State {
    var arena: Arena?
    var byteCount = 0
    var kept = (now: 0, most: 0)
    var recomputed = (nodeCount: 0, cost: 0.0)
  }
  private let state = Mutex(State())
  /// What graphs are asked to keep to; nil for no limit.
  package let limit: Int?

  package init(limit: Int? = nil) { self.limit = limit }

  /// Bytes that the graphs prepared so far need.
  package var byteCount: Int { state.withLock { $0.byteCount } }

  /// The most bytes of inputs and outputs of the graphs that used the arena at one time; they lie elsewhere.
  package var keptByteCount: Int { state.withLock { $0.kept.most } }

  /// Nodes that a run of a graph computes again, and what that costs in operations; of the graph that does most.
  package var recomputed: (nodeCount: Int, cost: Double) { state.withLock { $0.recomputed } }

  func noteRecomputed(_ nodeCount: Int, cost: Double) {
    state.withLock { if cost > $0.recomputed.cost { $0.recomputed = (nodeCount, cost) } }
  }

  func noteKept(_ byteCount: Int) {
    state.withLock {
      $0.kept.now += byteCount
      $0.kept.most = max($0.kept.most, $0.kept.now)
    }
  }

  /// Makes room for a graph; where there is none, all stays as it was.
  ///
  /// - Parameter isPlanning: only takes note.
  func reserve(_ byteCount: Int, isPlanning: Bool) throws(GraphError) {
    do {
      try state.withLock { state in
        let needed = max(state.byteCount, byteCount), former = state.arena?.byteCount
        if !isPlanning, former.map({ $0 < needed }) ?? true {
          // The old one first: what it holds may be what the new one lacks.
          state.arena = nil
          do {
            state.arena = try Arena(byteCount: needed)
          } catch {
            state.arena = former.flatMap { try? Arena(byteCount: $0) }
            throw error
          }
        }
        state.byteCount = needed
      }
    } catch {
      throw error as? GraphError ?? .outOfMemory(byteCount: byteCount)
    }
  }

  /// Runs a graph in the arena; others wait. What it left there is not there at the next call.
  func withMemory(_ body: (UnsafeMutableRawPointer) -> Void) {
    state.withLock { state in
      guard let arena = state.arena else { preconditionFailure("a graph runs in an arena that has room for it") }
      body(arena.base)
    }
  }
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
