import CKernelShims
import KernelABI

// The transposed 3×3 convolution of stride 2, in one dimension t[2i] = w2 x[i−1] + w0 x[i], t[2i+1] = w1 x[i]: even outputs are a
// filter of two taps, F(4, 2) at 0, −1, ½, 2, ∞, odd ones four products of their own. Nine products give eight outputs, and of its
// adjoint, gx[i] = w0 g[2i] + w2 g[2i+2] + w1 g[2i+1], four.

/// Five vectors.
private struct Five {
  var a: Register, b: Register, c: Register, d: Register, e: Register

  /// One from each of five columns, `step` floats apart.
  @inline(__always) init(_ s: Source, _ step: Int, _ column: (Source) -> Register) {
    a = column(s)
    b = column(s + step)
    c = column(s + 2 &* step)
    d = column(s + 3 &* step)
    e = column(s + 4 &* step)
  }
}

/// Nine vectors: five and, between or behind them, four.
private struct Nine {
  var even: Five
  var p: Register, q: Register, r: Register, s: Register

  /// One from each of nine columns; the four are every second one.
  @inline(__always) init(alternating s: Source, _ step: Int, _ column: (Source) -> Register) {
    even = Five(s, 2 &* step, column)
    p = column(s + step)
    q = column(s + 3 &* step)
    r = column(s + 5 &* step)
    self.s = column(s + 7 &* step)
  }
  /// The four are the last ones.
  @inline(__always) init(_ s: Source, _ step: Int, _ column: (Source) -> Register) {
    even = Five(s, step, column)
    p = column(s + 5 &* step)
    q = column(s + 6 &* step)
    r = column(s + 7 &* step)
    self.s = column(s + 8 &* step)
  }
}

/// Five pixels → elements at 0, −1, ½, 2, ∞.
private struct TwoTapInput {
  let half = Register(repeating: 0.5), minusTwo = Register(repeating: -2)
  let minus15 = Register(repeating: -1.5), minus25 = Register(repeating: -2.5)

  @inline(__always) func zero(_ a: Register, _ b: Register, _ c: Register, _ d: Register) -> Register {
    idv_fma_r(idv_add_r(b, c), minus15, idv_add_r(a, d))
  }
  @inline(__always) func minusOne(_ b: Register, _ c: Register, _ d: Register) -> Register {
    idv_fma_r(c, minus25, idv_add_r(b, d))
  }
  @inline(__always) func oneHalf(_ b: Register, _ c: Register, _ d: Register) -> Register {
    idv_fma_r(b, minusTwo, idv_sub_r(d, c))
  }
  @inline(__always) func two(_ b: Register, _ c: Register, _ d: Register) -> Register {
    idv_fma_r(idv_sub_r(c, b), half, d)
  }

  @inline(__always) func store(_ r: Five, _ t: Target, _ step: Int) {
    t.put(zero(r.a, r.b, r.c, r.d))
    t.put(minusOne(r.b, r.c, r.d), step)
    t.put(oneHalf(r.b, r.c, r.d), 2 &* step)
    t.put(two(r.b, r.c, r.d), 3 &* step)
    t.put(zero(r.b, r.c, r.d, r.e), 4 &* step)
  }

  /// Five elements of a row, and its last four pixels.
  @inline(__always) func storeForward(_ r: Five, _ t: Target, _ step: Int) {
    store(r, t, step)
    t.put(r.b, 5 &* step)
    t.put(r.c, 6 &* step)
    t.put(r.d, 7 &* step)
    t.put(r.e, 8 &* step)
  }

  /// Five elements of every second pixel of a row, and the pixels between.
  @inline(__always) func storeAdjoint(_ r: Nine, _ t: Target, _ step: Int) {
    store(r.even, t, step)
    t.put(r.p, 5 &* step)
    t.put(r.q, 6 &* step)
    t.put(r.r, 7 &* step)
    t.put(r.s, 8 &* step)
  }
}

func winogradTransposedInput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let stride = r.rowStride, step = r.elementStride, down = 9 &* step, transform = TwoTapInput()
  forEachPart(r) { pixel, t, _ in
    let s = Source(pixel)
    func outer(_ s: Source) -> Five {
      Five(s, 16) {
        transform.zero($0.register(), $0.register(stride), $0.register(2 &* stride), $0.register(3 &* stride))
      }
    }
    func inner(_ combine: (Register, Register, Register) -> Register) -> Five {
      Five(s, 16) { combine($0.register(stride), $0.register(2 &* stride), $0.register(3 &* stride)) }
    }
    transform.storeForward(outer(s), t, step)
    transform.storeForward(inner { transform.minusOne($0, $1, $2) }, t + down, step)
    transform.storeForward(inner { transform.oneHalf($0, $1, $2) }, t + 2 &* down, step)
    transform.storeForward(inner { transform.two($0, $1, $2) }, t + 3 &* down, step)
    transform.storeForward(outer(s + stride), t + 4 &* down, step)
    for row in 1..<5 {
      transform.storeForward(Five(s + row &* stride, 16) { $0.register() }, t + (4 &+ row) &* down, step)
    }
  }
}

func winogradTransposedAdjointInput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let stride = r.rowStride, step = r.elementStride, down = 9 &* step, transform = TwoTapInput()
  forEachPart(r) { pixel, t, _ in
    let s = Source(pixel)
    func outer(_ s: Source) -> Nine {
      Nine(alternating: s, 16) {
        transform.zero($0.register(), $0.register(2 &* stride), $0.register(4 &* stride), $0.register(6 &* stride))
      }
    }
    func inner(_ combine: (Register, Register, Register) -> Register) -> Nine {
      Nine(alternating: s, 16) {
        combine($0.register(2 &* stride), $0.register(4 &* stride), $0.register(6 &* stride))
      }
    }
    transform.storeAdjoint(outer(s), t, step)
    transform.storeAdjoint(inner { transform.minusOne($0, $1, $2) }, t + down, step)
    transform.storeAdjoint(inner { transform.oneHalf($0, $1, $2) }, t + 2 &* down, step)
    transform.storeAdjoint(inner { transform.two($0, $1, $2) }, t + 3 &* down, step)
    transform.storeAdjoint(outer(s + 2 &* stride), t + 4 &* down, step)
    for row in 0..<4 {
      let s = s + (2 &* row &+ 1) &* stride
      transform.storeAdjoint(Nine(alternating: s, 16) { $0.register() }, t + (5 &+ row) &* down, step)
    }
  }
}

/// Products at 0, −1, ½, 2, ∞ → four outputs of a filter of two taps: Σ pᵏ m.
private struct TwoTapOutput {
  let two = Register(repeating: 2), half = Register(repeating: 0.5), four = Register(repeating: 4)
  let quarter = Register(repeating: 0.25), eight = Register(repeating: 8), eighth = Register(repeating: 0.125)

  @inline(__always) func first(_ m: Five) -> Register { idv_add_r(idv_add_r(m.a, m.b), idv_add_r(m.c, m.d)) }
  @inline(__always) func second(_ m: Five) -> Register { idv_fma_r(m.d, two, idv_sub_r(idv_mul_r(m.c, half), m.b)) }
  @inline(__always) func third(_ m: Five) -> Register { idv_fma_r(m.d, four, idv_fma_r(m.c, quarter, m.b)) }
  @inline(__always) func fourth(_ m: Five) -> Register {
    idv_fma_r(m.d, eight, idv_fma_r(m.c, eighth, idv_sub_r(m.e, m.b)))
  }

  /// Eight outputs, even ones of the first five products.
  @inline(__always) func storeForward(_ r: Nine, _ t: Target, _ store: PixelStore) {
    store(first(r.even), t)
    store(r.p, t + 16)
    store(second(r.even), t + 32)
    store(r.q, t + 48)
    store(third(r.even), t + 64)
    store(r.r, t + 80)
    store(fourth(r.even), t + 96)
    store(r.s, t + 112)
  }

  /// Four outputs, each with a product of its own.
  @inline(__always) func storeAdjoint(_ r: Nine, _ t: Target, _ store: PixelStore) {
    store(idv_add_r(first(r.even), r.p), t)
    store(idv_add_r(second(r.even), r.q), t + 16)
    store(idv_add_r(third(r.even), r.r), t + 32)
    store(idv_add_r(fourth(r.even), r.s), t + 48)
  }
}

func winogradTransposedOutput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let step = r.elementStride, down = 9 &* step, stride = r.rowStride, transform = TwoTapOutput()
  forEachPart(r) { t, element, part in
    let s = Source(element), store = PixelStore(r, part)
    func row(_ combine: (Five) -> Register) -> Nine { Nine(s, step) { combine(Five($0, down) { $0.register() }) } }
    transform.storeForward(row { transform.first($0) }, t, store)
    transform.storeForward(row { transform.second($0) }, t + 2 &* stride, store)
    transform.storeForward(row { transform.third($0) }, t + 4 &* stride, store)
    transform.storeForward(row { transform.fourth($0) }, t + 6 &* stride, store)
    for k in 0..<4 {
      transform.storeForward(
        Nine(s + (5 &+ k) &* down, step) { $0.register() }, t + (2 &* k &+ 1) &* stride, store)
    }
  }
}

func winogradTransposedAdjointOutput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let step = r.elementStride, down = 9 &* step, stride = r.rowStride, transform = TwoTapOutput()
  forEachPart(r) { t, element, part in
    let s = Source(element), store = PixelStore(r, part)
    func row(_ k: Int, _ combine: (Five) -> Register) -> Nine {
      Nine(s, step) { idv_add_r(combine(Five($0, down) { $0.register() }), $0.register((5 &+ k) &* down)) }
    }
    transform.storeAdjoint(row(0) { transform.first($0) }, t, store)
    transform.storeAdjoint(row(1) { transform.second($0) }, t + stride, store)
    transform.storeAdjoint(row(2) { transform.third($0) }, t + 2 &* stride, store)
    transform.storeAdjoint(row(3) { transform.fourth($0) }, t + 3 &* stride, store)
  }
}

/// Three taps → w2, (w0 − w2)/4½, −(½w0 + w2)/1⅛, (2w0 + w2)/9, w0 and w1.
private struct TransposedWeights {
  let first = Register(repeating: 0.2222222222222222), second = Register(repeating: -0.4444444444444444)
  let third = Register(repeating: -0.8888888888888888), fourth = Register(repeating: 0.1111111111111111)

  @inline(__always) func minusOne(_ a: Register, _ c: Register) -> Register { idv_mul_r(idv_sub_r(a, c), first) }
  @inline(__always) func half(_ a: Register, _ c: Register) -> Register {
    idv_fma_r(a, second, idv_mul_r(c, third))
  }
  @inline(__always) func two(_ a: Register, _ c: Register) -> Register {
    idv_fma_r(a, first, idv_mul_r(c, fourth))
  }

  @inline(__always) func store(_ a: Register, _ b: Register, _ c: Register, _ t: Target, _ step: Int) {
    t.put(c)
    t.put(minusOne(a, c), step)
    t.put(half(a, c), 2 &* step)
    t.put(two(a, c), 3 &* step)
    t.put(a, 4 &* step)
    t.put(b, 5 &* step)
  }
}

func winogradTransposedWeights(_ run: UnsafePointer<KernelRun>) {
  let r = run.pointee
  let tap = r.tapStride, step = r.elementStride, down = 6 &* step, g = TransposedWeights()
  var offset = 0
  while offset < r.vectors &* 16 {
    let s = r.taps + offset, t = r.transformed + offset
    /// One from each of the three columns of the first and of the last row of taps.
    func row(_ t: Target, _ combine: (Register, Register) -> Register) {
      g.store(
        combine(s.register(), s.register(6 &* tap)), combine(s.register(tap), s.register(7 &* tap)),
        combine(s.register(2 &* tap), s.register(8 &* tap)), t, step)
    }
    row(t) { $1 }
    row(t + down) { g.minusOne($0, $1) }
    row(t + 2 &* down) { g.half($0, $1) }
    row(t + 3 &* down) { g.two($0, $1) }
    row(t + 4 &* down) { a, _ in a }
    g.store(s.register(3 &* tap), s.register(4 &* tap), s.register(5 &* tap), t + 5 &* down, step)
    offset &+= Int(IDV_REGISTER_FLOATS)
  }
}
