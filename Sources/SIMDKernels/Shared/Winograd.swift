import CKernelShims
import KernelABI

// Two-dimensional transforms are tensor products: rows of the result are made from columns of the source, one or two at
// a time, and go through the rows' transform in registers. To load a vector twice is cheaper than to store it in between.
// Two rows are twelve vectors, so that a vector must be one register: a pixel is done in parts as wide as the tier's.

/// Calls `body` for each part of each tile's pixels, with its place in the first pixel and in the first element.
@inline(__always)
func forEachPart(_ run: TileRun, _ body: (_ pixel: Target, _ element: Target, _ part: Int) -> Void) {
  for tile in 0..<run.tiles {
    var part = 0
    while part < 16 {
      body(run.pixels + run.tileOffsets[tile] + part, run.transformed + tile &* 16 + part, part)
      part &+= Int(IDV_REGISTER_FLOATS)
    }
  }
}

/// A row of up to six vectors.
private struct Row {
  var a: Register, b: Register, c: Register, d: Register, e: Register, f: Register

  /// One from each of six columns, `step` floats apart.
  @inline(__always) init(six s: Source, _ step: Int, _ column: (Source) -> Register) {
    a = column(s)
    b = column(s + step)
    c = column(s + 2 &* step)
    d = column(s + 3 &* step)
    e = column(s + 4 &* step)
    f = column(s + 5 &* step)
  }
  @inline(__always) init(five s: Source, _ step: Int, _ column: (Source) -> Register) {
    a = column(s)
    b = column(s + step)
    c = column(s + 2 &* step)
    d = column(s + 3 &* step)
    e = column(s + 4 &* step)
    f = e
  }
  @inline(__always) init(four s: Source, _ step: Int, _ column: (Source) -> Register) {
    a = column(s)
    b = column(s + step)
    c = column(s + 2 &* step)
    d = column(s + 3 &* step)
    (e, f) = (d, d)
  }
  /// Lane by lane what `combine` makes of two rows.
  @inline(__always) init(_ x: Row, _ y: Row, _ combine: (Register, Register) -> Register) {
    a = combine(x.a, y.a)
    b = combine(x.b, y.b)
    c = combine(x.c, y.c)
    d = combine(x.d, y.d)
    e = combine(x.e, y.e)
    f = combine(x.f, y.f)
  }
}

/// Where output pixels go, and what becomes of them on the way.
struct PixelStore {
  let bias: Register, slope: Register

  @inline(__always) init(_ run: TileRun, _ part: Int) {
    bias = run.bias.register(part)
    slope = Register(repeating: run.slope)
  }
  @inline(__always) func callAsFunction(_ value: Register, _ target: Target) {
    target.put(idv_leaky_relu_r(idv_add_r(value, bias), slope))
  }
}

// MARK: F(4, 3) at 0, ±a, ±b, ∞ with a² = ½, b² = 2: four times smaller errors than at the customary 0, ±1, ±2, ∞.

/// Six pixels → six elements.
@inline(__always)
private func storeSameInput(_ r: Row, _ t: Target, _ step: Int) {
  let a = Register(repeating: 0.7071067811865476), b = Register(repeating: 1.4142135623730951)
  let minusA = Register(repeating: -0.7071067811865476), minusB = Register(repeating: -1.4142135623730951)
  let minusA2 = Register(repeating: -0.5), minusB2 = Register(repeating: -2), minusSum = Register(repeating: -2.5)
  let evenA = idv_fma_r(r.c, minusB2, r.e), oddA = idv_fma_r(r.b, minusB2, r.d)
  let evenB = idv_fma_r(r.c, minusA2, r.e), oddB = idv_fma_r(r.b, minusA2, r.d)
  t.put(idv_add_r(idv_fma_r(r.c, minusSum, r.e), r.a))
  t.put(idv_fma_r(oddA, a, evenA), step)
  t.put(idv_fma_r(oddA, minusA, evenA), 2 &* step)
  t.put(idv_fma_r(oddB, b, evenB), 3 &* step)
  t.put(idv_fma_r(oddB, minusB, evenB), 4 &* step)
  t.put(idv_add_r(idv_fma_r(r.d, minusSum, r.f), r.b), 5 &* step)
}

/// The two rows of elements at ±x: y² is the square of the other pair.
@inline(__always)
private func storeSameInputPair(_ s: Source, _ rowStride: Int, _ x: Float, _ minusY2: Float, _ t: Target, _ step: Int) {
  let minusY2 = Register(repeating: minusY2), plus = Register(repeating: x), minus = Register(repeating: -x)
  let even = Row(six: s, 16) { idv_fma_r($0.register(2 &* rowStride), minusY2, $0.register(4 &* rowStride)) }
  let odd = Row(six: s, 16) { idv_fma_r($0.register(rowStride), minusY2, $0.register(3 &* rowStride)) }
  storeSameInput(Row(odd, even) { idv_fma_r($0, plus, $1) }, t, step)
  storeSameInput(Row(odd, even) { idv_fma_r($0, minus, $1) }, t + 6 &* step, step)
}

func winogradSameInput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let stride = r.rowStride, step = r.elementStride
  let minusSum = Register(repeating: -2.5)
  forEachPart(r) { pixel, t, _ in
    let s = Source(pixel)
    func outer(_ s: Source) -> Row {
      Row(six: s, 16) {
        idv_add_r(idv_fma_r($0.register(2 &* stride), minusSum, $0.register(4 &* stride)), $0.register())
      }
    }
    storeSameInput(outer(s), t, step)
    storeSameInputPair(s, stride, 0.7071067811865476, -2, t + 6 &* step, step)
    storeSameInputPair(s, stride, 1.4142135623730951, -0.5, t + 18 &* step, step)
    storeSameInput(outer(s + stride), t + 30 &* step, step)
  }
}

/// Six elements → four pixels.
@inline(__always)
private func storeSameOutput(_ r: Row, _ t: Target, _ store: PixelStore) {
  let a = Register(repeating: 0.7071067811865476), b = Register(repeating: 1.4142135623730951)
  let a2 = Register(repeating: 0.5), b2 = Register(repeating: 2)
  let a3 = Register(repeating: 0.3535533905932738), b3 = Register(repeating: 2.8284271247461903)
  let s1 = idv_add_r(r.b, r.c), d1 = idv_sub_r(r.b, r.c), s2 = idv_add_r(r.d, r.e), d2 = idv_sub_r(r.d, r.e)
  store(idv_add_r(idv_add_r(r.a, s1), s2), t)
  store(idv_fma_r(d2, b, idv_mul_r(d1, a)), t + 16)
  store(idv_fma_r(s2, b2, idv_mul_r(s1, a2)), t + 32)
  store(idv_fma_r(d2, b3, idv_fma_r(d1, a3, r.f)), t + 48)
}

func winogradSameOutput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let step = r.elementStride, down = 6 &* step
  let a = Register(repeating: 0.7071067811865476), b = Register(repeating: 1.4142135623730951)
  let a2 = Register(repeating: 0.5), b2 = Register(repeating: 2)
  let a3 = Register(repeating: 0.3535533905932738), b3 = Register(repeating: 2.8284271247461903)
  forEachPart(r) { t, element, part in
    let s = Source(element), store = PixelStore(r, part)
    let s1 = Row(six: s, step) { idv_add_r($0.register(down), $0.register(2 &* down)) }
    let s2 = Row(six: s, step) { idv_add_r($0.register(3 &* down), $0.register(4 &* down)) }
    let first = Row(six: s, step) { $0.register() }
    storeSameOutput(Row(Row(first, s1) { idv_add_r($0, $1) }, s2) { idv_add_r($0, $1) }, t, store)
    storeSameOutput(Row(s1, s2) { idv_fma_r($1, b2, idv_mul_r($0, a2)) }, t + 2 &* r.rowStride, store)
    let d1 = Row(six: s, step) { idv_sub_r($0.register(down), $0.register(2 &* down)) }
    let d2 = Row(six: s, step) { idv_sub_r($0.register(3 &* down), $0.register(4 &* down)) }
    let last = Row(six: s, step) { $0.register(5 &* down) }
    storeSameOutput(Row(d1, d2) { idv_fma_r($1, b, idv_mul_r($0, a)) }, t + r.rowStride, store)
    storeSameOutput(
      Row(Row(d1, last) { idv_fma_r($0, a3, $1) }, d2) { idv_fma_r($1, b3, $0) }, t + 3 &* r.rowStride, store)
  }
}

// MARK: F(2, 3) at 0, ±1, ∞. Its input transform is that of upsampling, which has one element with the other sign.

/// Four products → two pixels: p0 + p1 + p2, p1 − p2 − p3.
@inline(__always)
private func storeSmallOutput(_ r: Row, _ t: Target, _ store: PixelStore) {
  store(idv_add_r(idv_add_r(r.a, r.b), r.c), t)
  store(idv_sub_r(idv_sub_r(r.b, r.c), r.d), t + 16)
}

func winogradSmallOutput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let step = r.elementStride, down = 4 &* step
  forEachPart(r) { t, element, part in
    let s = Source(element), store = PixelStore(r, part)
    let p1 = Row(four: s + down, step) { $0.register() }, p2 = Row(four: s + 2 &* down, step) { $0.register() }
    let sum = Row(Row(four: s, step) { $0.register() }, p1) { idv_add_r($0, $1) }
    storeSmallOutput(Row(sum, p2) { idv_add_r($0, $1) }, t, store)
    let p3 = Row(four: s + 3 &* down, step) { $0.register() }
    storeSmallOutput(Row(Row(p1, p2) { idv_sub_r($0, $1) }, p3) { idv_sub_r($0, $1) }, t + r.rowStride, store)
  }
}

// MARK: Upsampling by 2 and three taps.

/// Low-resolution l0 … l3 → l0 − l2, l1 + l2, l1 − l2, l1 − l3.
@inline(__always)
private func storeUpsampleInput(_ r: Row, _ t: Target, _ step: Int) {
  t.put(idv_sub_r(r.a, r.c))
  t.put(idv_add_r(r.b, r.c), step)
  t.put(idv_sub_r(r.b, r.c), 2 &* step)
  t.put(idv_sub_r(r.b, r.d), 3 &* step)
}

func winogradUpsampleInput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let stride = r.rowStride, step = r.elementStride
  forEachPart(r) { pixel, t, _ in
    let s = Source(pixel)
    let l1 = Row(four: s + stride, 16) { $0.register() }, l2 = Row(four: s + 2 &* stride, 16) { $0.register() }
    storeUpsampleInput(Row(Row(four: s, 16) { $0.register() }, l2) { idv_sub_r($0, $1) }, t, step)
    storeUpsampleInput(Row(l1, l2) { idv_add_r($0, $1) }, t + 4 &* step, step)
    storeUpsampleInput(Row(l1, l2) { idv_sub_r($0, $1) }, t + 8 &* step, step)
    let l3 = Row(four: s + 3 &* stride, 16) { $0.register() }
    storeUpsampleInput(Row(l1, l3) { idv_sub_r($0, $1) }, t + 12 &* step, step)
  }
}

/// Five products → four high-resolution pixels: p0 + p1 − p2, p1 + p3, p1 + p2, p1 − p3 − p4.
@inline(__always)
private func storeUpsampleOutput(_ r: Row, _ t: Target, _ store: PixelStore) {
  store(idv_sub_r(idv_add_r(r.a, r.b), r.c), t)
  store(idv_add_r(r.b, r.d), t + 16)
  store(idv_add_r(r.b, r.c), t + 32)
  store(idv_sub_r(idv_sub_r(r.b, r.d), r.e), t + 48)
}

func winogradUpsampleOutput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let step = r.elementStride, down = 5 &* step
  forEachPart(r) { t, element, part in
    let s = Source(element), store = PixelStore(r, part)
    let p1 = Row(five: s + down, step) { $0.register() }, p2 = Row(five: s + 2 &* down, step) { $0.register() }
    let sum = Row(Row(five: s, step) { $0.register() }, p1) { idv_add_r($0, $1) }
    storeUpsampleOutput(Row(sum, p2) { idv_sub_r($0, $1) }, t, store)
    storeUpsampleOutput(Row(p1, p2) { idv_add_r($0, $1) }, t + 2 &* r.rowStride, store)
    let p3 = Row(five: s + 3 &* down, step) { $0.register() }, p4 = Row(five: s + 4 &* down, step) { $0.register() }
    storeUpsampleOutput(Row(p1, p3) { idv_add_r($0, $1) }, t + r.rowStride, store)
    storeUpsampleOutput(Row(Row(p1, p3) { idv_sub_r($0, $1) }, p4) { idv_sub_r($0, $1) }, t + 3 &* r.rowStride, store)
  }
}

// MARK: Its adjoint.

/// Gradients g−1 … g4, s_i = g_i + g_i+1 → s0, s2, s−1 − s1, s1, s3 − s1.
@inline(__always)
private func storeAdjointInput(_ r: Row, _ t: Target, _ step: Int) {
  let middle = idv_add_r(r.c, r.d)
  t.put(idv_add_r(r.b, r.c))
  t.put(idv_add_r(r.d, r.e), step)
  t.put(idv_sub_r(idv_add_r(r.a, r.b), middle), 2 &* step)
  t.put(middle, 3 &* step)
  t.put(idv_sub_r(idv_add_r(r.e, r.f), middle), 4 &* step)
}

func winogradAdjointInput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let stride = r.rowStride, step = r.elementStride
  forEachPart(r) { pixel, t, _ in
    let s = Source(pixel)
    func sums(_ first: Int) -> Row {
      Row(six: s + first &* stride, 16) { idv_add_r($0.register(), $0.register(stride)) }
    }
    storeAdjointInput(sums(1), t, step)
    storeAdjointInput(sums(3), t + 5 &* step, step)
    let middle = sums(2)
    storeAdjointInput(Row(sums(0), middle) { idv_sub_r($0, $1) }, t + 10 &* step, step)
    storeAdjointInput(middle, t + 15 &* step, step)
    storeAdjointInput(Row(sums(4), middle) { idv_sub_r($0, $1) }, t + 20 &* step, step)
  }
}

/// Five products → two low-resolution gradients: p0 + p2 + p3, p1 + p3 + p4.
@inline(__always)
private func storeAdjointOutput(_ r: Row, _ t: Target, _ store: PixelStore) {
  store(idv_add_r(idv_add_r(r.a, r.c), r.d), t)
  store(idv_add_r(idv_add_r(r.b, r.d), r.e), t + 16)
}

func winogradAdjointOutput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let step = r.elementStride, down = 5 &* step
  forEachPart(r) { t, element, part in
    let s = Source(element), store = PixelStore(r, part)
    storeAdjointOutput(
      Row(five: s, step) { idv_add_r(idv_add_r($0.register(), $0.register(2 &* down)), $0.register(3 &* down)) }, t,
      store)
    storeAdjointOutput(
      Row(five: s + down, step) { idv_add_r(idv_add_r($0.register(), $0.register(2 &* down)), $0.register(3 &* down)) },
      t + r.rowStride, store)
  }
}

/// Fills the group's slots with this tier's copy.
func plug(into kernels: inout WinogradKernels) {
  kernels.sameInput = { winogradSameInput($0) }
  kernels.sameOutput = { winogradSameOutput($0) }
  kernels.smallOutput = { winogradSmallOutput($0) }
  kernels.upsampleInput = { winogradUpsampleInput($0) }
  kernels.upsampleOutput = { winogradUpsampleOutput($0) }
  kernels.upsampleAdjointInput = { winogradAdjointInput($0) }
  kernels.upsampleAdjointOutput = { winogradAdjointOutput($0) }
  kernels.transposedInput = { winogradTransposedInput($0) }
  kernels.transposedOutput = { winogradTransposedOutput($0) }
  kernels.transposedAdjointInput = { winogradTransposedAdjointInput($0) }
  kernels.transposedAdjointOutput = { winogradTransposedAdjointOutput($0) }
  kernels.sameWeights = { winogradSameWeights($0) }
  kernels.smallWeights = { winogradSmallWeights($0) }
  kernels.upsampleWeights = { winogradUpsampleWeights($0) }
  kernels.upsampleAdjointWeights = { winogradAdjointWeights($0) }
  kernels.transposedWeights = { winogradTransposedWeights($0) }
}
