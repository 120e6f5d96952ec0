import CKernelShims

extension Kernels {
  /// Calls `body(index, worker)` once for every index, on at most `threadCount` threads; returns when all calls have.
  ///
  /// Each worker begins with its share of consecutive indices and then helps with those of others, so `body` must not depend on which
  /// worker runs which index. `worker` (0 ..< `threadCount`) names private scratch memory. One thread calls `body` directly.
  @inline(__always)
  func parallelFor(_ count: Int, _ body: (_ index: Int, _ worker: Int) -> Void) {
    if isPlanning { return }
    if threadCount == 1 || count <= 1 {
      for index in 0..<count { body(index, 0) }
    } else {
      runParallel(count, threadCount, body)
    }
  }

  /// The parallel form for work of `cost` (floats touched, about): small work is not worth waking threads for.
  /// 128 KB take one core some ten microseconds: about what it takes to wake others that sleep.
  @inline(__always)
  func parallelFor(_ count: Int, cost: Int, _ body: (_ index: Int, _ worker: Int) -> Void) {
    if isPlanning { return }
    if threadCount == 1 || count <= 1 || cost < 1 << 15 {
      for index in 0..<count { body(index, 0) }
    } else {
      runParallel(count, threadCount, body)
    }
  }
}

private struct ParallelBody {
  var call: (Int, Int) -> Void
}

/// Hands `body` to OpenMP. Not in `main.swift` and not `@Sendable`: the workers run it while this frame waits.
private func runParallel(_ count: Int, _ threads: Int, _ body: (Int, Int) -> Void) {
  withoutActuallyEscaping(body) { body in
    var context = ParallelBody(call: body)
    withUnsafeMutablePointer(to: &context) {
      idinv_parallel_for(count, threads, $0) { context, index, worker in
        context!.assumingMemoryBound(to: ParallelBody.self).pointee.call(index, worker)
      }
    }
  }
}
