import Glibc
import SIMDKernels
import Testing

/// Tiers that fuse multiply-add: they agree bit for bit.
private let fusing: Set<Tier> = [.x86v3, .x86v4, .x86v4vnni, .neon, .neonfp16, .neondot, .neoni8mm]

/// Under an emulator (`scripts/arm64`) threads that have ended keep memory: large teams in each of five tiers took 24 GB.
private let tiersOfManyThreads =
  getenv("IDINV_LAUNCHER") == nil ? Kernels.availableTiers : Kernels.availableTiers.suffix(1)

/// Runs `body` in every tier on 1, 2 and 3 threads, and small ones on far more threads than there is work for, into a fresh
/// guarded buffer each time. All thread counts, and all
/// tiers with fused multiply-add, must give the same bits; `check` sees one buffer per tier.
func forEveryKernel(
  _ count: Int, _ label: String, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: (Kernels, GuardedBuffer) -> Void, check: (String, GuardedBuffer) -> Void
) {
  var fused: [UInt32]?
  for tier in Kernels.availableTiers {
    var first: [UInt32]?
    for threads in [1, 2, 3] + (count <= 4096 && tiersOfManyThreads.contains(tier) ? [64] : []) {
      let output = GuardedBuffer(count)
      body(Kernels(threadCount: threads, cap: tier), output)
      let name = "\(label), \(tier.rawValue), \(threads) threads"
      #expect(output.isGuarded, "\(name): wrote outside of its buffer", sourceLocation: sourceLocation)
      let bits = output.bits
      if let first {
        #expect(bits == first, "\(name): differs from one thread", sourceLocation: sourceLocation)
      } else {
        first = bits
        if fusing.contains(tier) {
          if let fused { #expect(bits == fused, "\(name): tiers differ", sourceLocation: sourceLocation) }
          fused = bits
        }
        check(name, output)
      }
    }
  }
}

/// The same for an operator that writes a blocked tensor. Also checks halo and padding.
func verify(
  _ expected: Planar, halo: Int = 1, tolerance: Double, scale: Double? = nil, _ label: String,
  sourceLocation: SourceLocation = #_sourceLocation, _ body: (Kernels, UnsafeMutablePointer<Float>) -> Void
) {
  let shape = BlockedShape(expected.c, expected.h, expected.w, batch: expected.n, halo: halo)
  let limit = tolerance * (scale ?? expected.values.reduce(1e-30) { max($0, abs($1)) })
  var isReal = [Bool](repeating: false, count: shape.elementCount)
  expected.forEachIndex { isReal[shape.index($0, $1, $2, $3)] = true }
  forEveryKernel(
    shape.elementCount, label, sourceLocation: sourceLocation, { body($0, $1.base) },
    check: { name, output in
      var worst = 0.0, at = "", dirty = 0
      expected.forEachIndex { i, k, y, x in
        let error = abs(Double(output.base[shape.index(i, k, y, x)]) - expected[i, k, y, x])
        if !(error <= worst) { (worst, at) = (error, "\((i, k, y, x))") }
      }
      for i in isReal.indices where !isReal[i] && output.base[i] != 0 { dirty += 1 }
      #expect(worst <= limit, "\(name): off by \(worst) of \(limit) at \(at)", sourceLocation: sourceLocation)
      #expect(dirty == 0, "\(name): \(dirty) floats of halo or padding are not zero", sourceLocation: sourceLocation)
    })
}

/// The same for flat results; `expected` covers the whole buffer, padding included.
func verify(
  flat expected: [Double], tolerance: Double, scale: Double? = nil, _ label: String,
  sourceLocation: SourceLocation = #_sourceLocation, _ body: (Kernels, UnsafeMutablePointer<Float>) -> Void
) {
  let limit = tolerance * (scale ?? expected.reduce(1e-30) { max($0, abs($1)) })
  forEveryKernel(
    expected.count, label, sourceLocation: sourceLocation, { body($0, $1.base) },
    check: { name, output in
      var worst = 0.0, at = 0
      for i in expected.indices {
        let error = abs(Double(output.base[i]) - expected[i])
        if !(error <= worst) { (worst, at) = (error, i) }
      }
      #expect(worst <= limit, "\(name): off by \(worst) of \(limit) at \(at)", sourceLocation: sourceLocation)
    })
}
