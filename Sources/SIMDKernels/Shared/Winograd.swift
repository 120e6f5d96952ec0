import CKernelShims
import KernelABI

// Two-dimensional transforms are tensor products: rows of the result are made from columns of the source, one or two at
// a time, and go through the rows' transform in registers. To load a vector twice is cheaper than to store it in between.

/// A row of up to six vectors.
private struct Row {
  var a: Lanes, b: Lanes, c: Lanes, d: Lanes, e: Lanes, f: Lanes

  /// One from each of six columns, `step` floats apart.
  @inline(__always) init(six s: Source, _ step: Int, _ column: (Source) -> Lanes) {
    a = column(s)
    b = column(s + step)
    c = column(s + 2 &* step)
    d = column(s + 3 &* step)
    e = column(s + 4 &* step)
    f = column(s + 5 &* step)
  }
  @inline(__always) init(five s: Source, _ step: Int, _ column: (Source) -> Lanes) {
    a = column(s)
    b = column(s + step)
    c = column(s + 2 &* step)
    d = column(s + 3 &* step)
    e = column(s + 4 &* step)
    f = e
  }
  @inline(__always) init(four s: Source, _ step: Int, _ column: (Source) -> Lanes) {
    a = column(s)
    b = column(s + step)
    c = column(s + 2 &* step)
    d = column(s + 3 &* step)
    (e, f) = (d, d)
  }
  /// Lane by lane what `combine` makes of two rows.
  @inline(__always) init(_ x: Row, _ y: Row, _ combine: (Lanes, Lanes) -> Lanes) {
    a = combine(x.a, y.a)
    b = combine(x.b, y.b)
    c = combine(x.c, y.c)
    d = combine(x.d, y.d)
    e = combine(x.e, y.e)
    f = combine(x.f, y.f)
  }
}

/// Where output pixels go, and what becomes of them on the way.
private struct PixelStore {
  let bias: Lanes, slope: Lanes

  @inline(__always) init(_ run: TileRun) {
    bias = run.bias.lanes()
    slope = Lanes(repeating: run.slope)
  }
  @inline(__always) func callAsFunction(_ value: Lanes, _ target: Target) {
    target.store(leakyReLU(idv_add(value, bias), slope))
  }
}

// MARK: F(4, 3) at 0, ±a, ±b, ∞ with a² = ½, b² = 2: four times smaller errors than at the customary 0, ±1, ±2, ∞.

/// Six pixels → six elements.
@inline(__always)
private func storeSameInput(_ r: Row, _ t: Target, _ step: Int) {
  let a = Lanes(repeating: 0.7071067811865476), b = Lanes(repeating: 1.4142135623730951)
  let minusA = Lanes(repeating: -0.7071067811865476), minusB = Lanes(repeating: -1.4142135623730951)
  let minusA2 = Lanes(repeating: -0.5), minusB2 = Lanes(repeating: -2), minusSum = Lanes(repeating: -2.5)
  let evenA = idv_fma(r.c, minusB2, r.e), oddA = idv_fma(r.b, minusB2, r.d)
  let evenB = idv_fma(r.c, minusA2, r.e), oddB = idv_fma(r.b, minusA2, r.d)
  t.store(idv_add(idv_fma(r.c, minusSum, r.e), r.a))
  t.store(idv_fma(oddA, a, evenA), step)
  t.store(idv_fma(oddA, minusA, evenA), 2 &* step)
  t.store(idv_fma(oddB, b, evenB), 3 &* step)
  t.store(idv_fma(oddB, minusB, evenB), 4 &* step)
  t.store(idv_add(idv_fma(r.d, minusSum, r.f), r.b), 5 &* step)
}

/// The two rows of elements at ±x: y² is the square of the other pair.
@inline(__always)
private func storeSameInputPair(_ s: Source, _ rowStride: Int, _ x: Float, _ minusY2: Float, _ t: Target, _ step: Int) {
  let minusY2 = Lanes(repeating: minusY2), plus = Lanes(repeating: x), minus = Lanes(repeating: -x)
  let even = Row(six: s, 16) { idv_fma($0.lanes(2 &* rowStride), minusY2, $0.lanes(4 &* rowStride)) }
  let odd = Row(six: s, 16) { idv_fma($0.lanes(rowStride), minusY2, $0.lanes(3 &* rowStride)) }
  storeSameInput(Row(odd, even) { idv_fma($0, plus, $1) }, t, step)
  storeSameInput(Row(odd, even) { idv_fma($0, minus, $1) }, t + 6 &* step, step)
}

func winogradSameInput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let stride = r.rowStride, step = r.elementStride
  let minusSum = Lanes(repeating: -2.5)
  for tile in 0..<r.tiles {
    let s = Source(r.pixels) + Int(r.tileOffsets[tile]), t = r.transformed + tile &* 16
    storeSameInput(
      Row(six: s, 16) { idv_add(idv_fma($0.lanes(2 &* stride), minusSum, $0.lanes(4 &* stride)), $0.lanes()) }, t, step)
    storeSameInputPair(s, stride, 0.7071067811865476, -2, t + 6 &* step, step)
    storeSameInputPair(s, stride, 1.4142135623730951, -0.5, t + 18 &* step, step)
    storeSameInput(
      Row(six: s + stride, 16) { idv_add(idv_fma($0.lanes(2 &* stride), minusSum, $0.lanes(4 &* stride)), $0.lanes()) },
      t + 30 &* step, step)
  }
}

/// Six elements → four pixels.
@inline(__always)
private func storeSameOutput(_ r: Row, _ t: Target, _ store: PixelStore) {
  let a = Lanes(repeating: 0.7071067811865476), b = Lanes(repeating: 1.4142135623730951)
  let a2 = Lanes(repeating: 0.5), b2 = Lanes(repeating: 2)
  let a3 = Lanes(repeating: 0.3535533905932738), b3 = Lanes(repeating: 2.8284271247461903)
  let s1 = idv_add(r.b, r.c), d1 = idv_sub(r.b, r.c), s2 = idv_add(r.d, r.e), d2 = idv_sub(r.d, r.e)
  store(idv_add(idv_add(r.a, s1), s2), t)
  store(idv_fma(d2, b, idv_mul(d1, a)), t + 16)
  store(idv_fma(s2, b2, idv_mul(s1, a2)), t + 32)
  store(idv_fma(d2, b3, idv_fma(d1, a3, r.f)), t + 48)
}

func winogradSameOutput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let step = r.elementStride, down = 6 &* step, store = PixelStore(r)
  let a = Lanes(repeating: 0.7071067811865476), b = Lanes(repeating: 1.4142135623730951)
  let a2 = Lanes(repeating: 0.5), b2 = Lanes(repeating: 2)
  let a3 = Lanes(repeating: 0.3535533905932738), b3 = Lanes(repeating: 2.8284271247461903)
  for tile in 0..<r.tiles {
    let s = Source(r.transformed) + tile &* 16, t = r.pixels + Int(r.tileOffsets[tile])
    let s1 = Row(six: s, step) { idv_add($0.lanes(down), $0.lanes(2 &* down)) }
    let s2 = Row(six: s, step) { idv_add($0.lanes(3 &* down), $0.lanes(4 &* down)) }
    let first = Row(six: s, step) { $0.lanes() }
    storeSameOutput(Row(Row(first, s1) { idv_add($0, $1) }, s2) { idv_add($0, $1) }, t, store)
    storeSameOutput(Row(s1, s2) { idv_fma($1, b2, idv_mul($0, a2)) }, t + 2 &* r.rowStride, store)
    let d1 = Row(six: s, step) { idv_sub($0.lanes(down), $0.lanes(2 &* down)) }
    let d2 = Row(six: s, step) { idv_sub($0.lanes(3 &* down), $0.lanes(4 &* down)) }
    let last = Row(six: s, step) { $0.lanes(5 &* down) }
    storeSameOutput(Row(d1, d2) { idv_fma($1, b, idv_mul($0, a)) }, t + r.rowStride, store)
    storeSameOutput(
      Row(Row(d1, last) { idv_fma($0, a3, $1) }, d2) { idv_fma($1, b3, $0) }, t + 3 &* r.rowStride, store)
  }
}

// MARK: Upsampling by 2 and three taps.

/// Low-resolution l0 … l3 → l0 − l2, l1 + l2, l1 − l2, l1 − l3.
@inline(__always)
private func storeUpsampleInput(_ r: Row, _ t: Target, _ step: Int) {
  t.store(idv_sub(r.a, r.c))
  t.store(idv_add(r.b, r.c), step)
  t.store(idv_sub(r.b, r.c), 2 &* step)
  t.store(idv_sub(r.b, r.d), 3 &* step)
}

func winogradUpsampleInput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let stride = r.rowStride, step = r.elementStride
  for tile in 0..<r.tiles {
    let s = Source(r.pixels) + Int(r.tileOffsets[tile]), t = r.transformed + tile &* 16
    let l1 = Row(four: s + stride, 16) { $0.lanes() }, l2 = Row(four: s + 2 &* stride, 16) { $0.lanes() }
    storeUpsampleInput(Row(Row(four: s, 16) { $0.lanes() }, l2) { idv_sub($0, $1) }, t, step)
    storeUpsampleInput(Row(l1, l2) { idv_add($0, $1) }, t + 4 &* step, step)
    storeUpsampleInput(Row(l1, l2) { idv_sub($0, $1) }, t + 8 &* step, step)
    let l3 = Row(four: s + 3 &* stride, 16) { $0.lanes() }
    storeUpsampleInput(Row(l1, l3) { idv_sub($0, $1) }, t + 12 &* step, step)
  }
}

/// Five products → four high-resolution pixels: p0 + p1 − p2, p1 + p3, p1 + p2, p1 − p3 − p4.
@inline(__always)
private func storeUpsampleOutput(_ r: Row, _ t: Target, _ store: PixelStore) {
  store(idv_sub(idv_add(r.a, r.b), r.c), t)
  store(idv_add(r.b, r.d), t + 16)
  store(idv_add(r.b, r.c), t + 32)
  store(idv_sub(idv_sub(r.b, r.d), r.e), t + 48)
}

func winogradUpsampleOutput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let step = r.elementStride, down = 5 &* step, store = PixelStore(r)
  for tile in 0..<r.tiles {
    let s = Source(r.transformed) + tile &* 16, t = r.pixels + Int(r.tileOffsets[tile])
    let p1 = Row(five: s + down, step) { $0.lanes() }, p2 = Row(five: s + 2 &* down, step) { $0.lanes() }
    let sum = Row(Row(five: s, step) { $0.lanes() }, p1) { idv_add($0, $1) }
    storeUpsampleOutput(Row(sum, p2) { idv_sub($0, $1) }, t, store)
    storeUpsampleOutput(Row(p1, p2) { idv_add($0, $1) }, t + 2 &* r.rowStride, store)
    let p3 = Row(five: s + 3 &* down, step) { $0.lanes() }, p4 = Row(five: s + 4 &* down, step) { $0.lanes() }
    storeUpsampleOutput(Row(p1, p3) { idv_add($0, $1) }, t + r.rowStride, store)
    storeUpsampleOutput(Row(Row(p1, p3) { idv_sub($0, $1) }, p4) { idv_sub($0, $1) }, t + 3 &* r.rowStride, store)
  }
}

// MARK: Its adjoint.

/// Gradients g−1 … g4, s_i = g_i + g_i+1 → s0, s2, s−1 − s1, s1, s3 − s1.
@inline(__always)
private func storeAdjointInput(_ r: Row, _ t: Target, _ step: Int) {
  let middle = idv_add(r.c, r.d)
  t.store(idv_add(r.b, r.c))
  t.store(idv_add(r.d, r.e), step)
  t.store(idv_sub(idv_add(r.a, r.b), middle), 2 &* step)
  t.store(middle, 3 &* step)
  t.store(idv_sub(idv_add(r.e, r.f), middle), 4 &* step)
}

func winogradAdjointInput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let stride = r.rowStride, step = r.elementStride
  for tile in 0..<r.tiles {
    let s = Source(r.pixels) + Int(r.tileOffsets[tile]), t = r.transformed + tile &* 16
    func sums(_ first: Int) -> Row {
      Row(six: s + first &* stride, 16) { idv_add($0.lanes(), $0.lanes(stride)) }
    }
    storeAdjointInput(sums(1), t, step)
    storeAdjointInput(sums(3), t + 5 &* step, step)
    let middle = sums(2)
    storeAdjointInput(Row(sums(0), middle) { idv_sub($0, $1) }, t + 10 &* step, step)
    storeAdjointInput(middle, t + 15 &* step, step)
    storeAdjointInput(Row(sums(4), middle) { idv_sub($0, $1) }, t + 20 &* step, step)
  }
}

/// Five products → two low-resolution gradients: p0 + p2 + p3, p1 + p3 + p4.
@inline(__always)
private func storeAdjointOutput(_ r: Row, _ t: Target, _ store: PixelStore) {
  store(idv_add(idv_add(r.a, r.c), r.d), t)
  store(idv_add(idv_add(r.b, r.d), r.e), t + 16)
}

func winogradAdjointOutput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let step = r.elementStride, down = 5 &* step, store = PixelStore(r)
  for tile in 0..<r.tiles {
    let s = Source(r.transformed) + tile &* 16, t = r.pixels + Int(r.tileOffsets[tile])
    storeAdjointOutput(
      Row(five: s, step) { idv_add(idv_add($0.lanes(), $0.lanes(2 &* down)), $0.lanes(3 &* down)) }, t, store)
    storeAdjointOutput(
      Row(five: s + down, step) { idv_add(idv_add($0.lanes(), $0.lanes(2 &* down)), $0.lanes(3 &* down)) },
      t + r.rowStride, store)
  }
}

/// Fills the group's slots with this tier's copy.
func plug(into kernels: inout WinogradKernels) {
  kernels.sameInput = { winogradSameInput($0) }
  kernels.sameOutput = { winogradSameOutput($0) }
  kernels.upsampleInput = { winogradUpsampleInput($0) }
  kernels.upsampleOutput = { winogradUpsampleOutput($0) }
  kernels.upsampleAdjointInput = { winogradAdjointInput($0) }
  kernels.upsampleAdjointOutput = { winogradAdjointOutput($0) }
}
