import CKernelShims
import KernelABI

// G w Gᵀ of 3×3 kernels: rows of G w are made from rows of taps, and go through the rows' transform in registers.

/// Calls `body` for each register of a run of kernels, with its place in the first tap and in the first weight.
@inline(__always)
private func forEachPart(_ run: KernelRun, _ body: (_ taps: Source, _ weights: Target) -> Void) {
  var offset = 0
  while offset < run.vectors &* 16 {
    body(run.taps + offset, run.transformed + offset)
    offset &+= Int(IDV_REGISTER_FLOATS)
  }
}

/// A row of three taps.
private struct Taps {
  var a: Register, b: Register, c: Register

  @inline(__always) init(_ s: Source, _ step: Int) {
    a = s.register()
    b = s.register(step)
    c = s.register(2 &* step)
  }
  /// Lane by lane what `combine` makes of two rows.
  @inline(__always) init(_ x: Taps, _ y: Taps, _ combine: (Register, Register) -> Register) {
    a = combine(x.a, y.a)
    b = combine(x.b, y.b)
    c = combine(x.c, y.c)
  }
}

/// Three taps → six weights of F(4, 3): w0, −⅔ w0 − ⅓ w2 ± (√2/3) w1, ⅙ w0 + ⅓ w2 ± (√2/6) w1, w2.
private struct SameWeights {
  let a0 = Register(repeating: -0.6666666666666667), a2 = Register(repeating: -0.3333333333333333)
  let a1 = Register(repeating: -0.47140452079103173)
  let b0 = Register(repeating: 0.16666666666666667), b2 = Register(repeating: 0.3333333333333333)
  let b1 = Register(repeating: 0.23570226039551584)

  @inline(__always) func store(_ r: Taps, _ t: Target, _ step: Int) {
    let evenA = idv_fma_r(r.c, a2, idv_mul_r(r.a, a0)), oddA = idv_mul_r(r.b, a1)
    let evenB = idv_fma_r(r.c, b2, idv_mul_r(r.a, b0)), oddB = idv_mul_r(r.b, b1)
    t.put(r.a)
    t.put(idv_add_r(evenA, oddA), step)
    t.put(idv_sub_r(evenA, oddA), 2 &* step)
    t.put(idv_add_r(evenB, oddB), 3 &* step)
    t.put(idv_sub_r(evenB, oddB), 4 &* step)
    t.put(r.c, 5 &* step)
  }

  /// The two rows even ± odd.
  @inline(__always)
  func storePair(_ even: Taps, _ middle: Taps, _ factor: Register, _ t: Target, _ step: Int) {
    let odd = Taps(middle, middle) { x, _ in idv_mul_r(x, factor) }
    store(Taps(even, odd) { idv_add_r($0, $1) }, t, step)
    store(Taps(even, odd) { idv_sub_r($0, $1) }, t + 6 &* step, step)
  }
}

func winogradSameWeights(_ run: UnsafePointer<KernelRun>) {
  let r = run.pointee
  let tap = r.tapStride, step = r.elementStride, g = SameWeights()
  forEachPart(r) { s, t in
    let w0 = Taps(s, tap), w1 = Taps(s + 3 &* tap, tap), w2 = Taps(s + 6 &* tap, tap)
    g.store(w0, t, step)
    g.storePair(Taps(w0, w2) { idv_fma_r($1, g.a2, idv_mul_r($0, g.a0)) }, w1, g.a1, t + 6 &* step, step)
    g.storePair(Taps(w0, w2) { idv_fma_r($1, g.b2, idv_mul_r($0, g.b0)) }, w1, g.b1, t + 18 &* step, step)
    g.store(w2, t + 30 &* step, step)
  }
}

/// Three taps → four weights of F(2, 3): w0, ½(w0 + w1 + w2), ½(w1 − w0 − w2), w2.
@inline(__always)
private func storeSmallWeights(_ r: Taps, _ half: Register, _ t: Target, _ step: Int) {
  let outer = idv_mul_r(idv_add_r(r.a, r.c), half)
  t.put(r.a)
  t.put(idv_fma_r(r.b, half, outer), step)
  t.put(idv_sub_r(idv_mul_r(r.b, half), outer), 2 &* step)
  t.put(r.c, 3 &* step)
}

func winogradSmallWeights(_ run: UnsafePointer<KernelRun>) {
  let r = run.pointee
  let tap = r.tapStride, step = r.elementStride, half = Register(repeating: 0.5)
  forEachPart(r) { s, t in
    let w0 = Taps(s, tap), w1 = Taps(s + 3 &* tap, tap), w2 = Taps(s + 6 &* tap, tap)
    let outer = Taps(w0, w2) { idv_mul_r(idv_add_r($0, $1), half) }
    storeSmallWeights(w0, half, t, step)
    storeSmallWeights(Taps(w1, outer) { idv_fma_r($0, half, $1) }, half, t + 4 &* step, step)
    storeSmallWeights(Taps(w1, outer) { idv_sub_r(idv_mul_r($0, half), $1) }, half, t + 8 &* step, step)
    storeSmallWeights(w2, half, t + 12 &* step, step)
  }
}

/// Three taps → w0, ½(w0 + w1 + w2), ½(w0 − w1 − w2), ½(w0 + w1 − w2), w2.
@inline(__always)
private func storeUpsampleWeights(_ r: Taps, _ half: Register, _ t: Target, _ step: Int) {
  let sum = idv_add_r(r.b, r.c)
  t.put(r.a)
  t.put(idv_mul_r(idv_add_r(r.a, sum), half), step)
  t.put(idv_mul_r(idv_sub_r(r.a, sum), half), 2 &* step)
  t.put(idv_mul_r(idv_sub_r(idv_add_r(r.a, r.b), r.c), half), 3 &* step)
  t.put(r.c, 4 &* step)
}

func winogradUpsampleWeights(_ run: UnsafePointer<KernelRun>) {
  let r = run.pointee
  let tap = r.tapStride, step = r.elementStride, half = Register(repeating: 0.5)
  forEachPart(r) { s, t in
    let w0 = Taps(s, tap), w1 = Taps(s + 3 &* tap, tap), w2 = Taps(s + 6 &* tap, tap)
    let sum = Taps(w1, w2) { idv_add_r($0, $1) }
    storeUpsampleWeights(w0, half, t, step)
    storeUpsampleWeights(Taps(w0, sum) { idv_mul_r(idv_add_r($0, $1), half) }, half, t + 5 &* step, step)
    storeUpsampleWeights(Taps(w0, sum) { idv_mul_r(idv_sub_r($0, $1), half) }, half, t + 10 &* step, step)
    let first = Taps(w0, w1) { idv_add_r($0, $1) }
    storeUpsampleWeights(Taps(first, w2) { idv_mul_r(idv_sub_r($0, $1), half) }, half, t + 15 &* step, step)
    storeUpsampleWeights(w2, half, t + 20 &* step, step)
  }
}

/// Three taps → w1, w2, w0 + w2, w0.
@inline(__always)
private func storeAdjointWeights(_ r: Taps, _ t: Target, _ step: Int) {
  t.put(r.b)
  t.put(r.c, step)
  t.put(idv_add_r(r.a, r.c), 2 &* step)
  t.put(r.a, 3 &* step)
}

func winogradAdjointWeights(_ run: UnsafePointer<KernelRun>) {
  let r = run.pointee
  let tap = r.tapStride, step = r.elementStride
  forEachPart(r) { s, t in
    let w0 = Taps(s, tap), w2 = Taps(s + 6 &* tap, tap)
    storeAdjointWeights(Taps(s + 3 &* tap, tap), t, step)
    storeAdjointWeights(w2, t + 4 &* step, step)
    storeAdjointWeights(Taps(w0, w2) { idv_add_r($0, $1) }, t + 8 &* step, step)
    storeAdjointWeights(w0, t + 12 &* step, step)
  }
}
