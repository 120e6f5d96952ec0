import CKernelShims
import KernelABI

// One-dimensional transforms, applied to columns and then to rows. Each loads its line, computes, and stores: only
// whole registers, no matrices. Vectors `step` floats apart on either side.

/// Six pixels → six elements of F(4, 3) at 0, ±a, ±b, ∞ with a² = ½, b² = 2: four times smaller errors than at the
/// customary 0, ±1, ±2, ∞.
@inline(__always)
private func sameInputLine(_ s: Source, _ step: Int, _ t: Target, _ targetStep: Int) {
  let a = Lanes(repeating: 0.7071067811865476), b = Lanes(repeating: 1.4142135623730951)
  let minusA = Lanes(repeating: -0.7071067811865476), minusB = Lanes(repeating: -1.4142135623730951)
  let minusA2 = Lanes(repeating: -0.5), minusB2 = Lanes(repeating: -2), minusSum = Lanes(repeating: -2.5)
  let d0 = s.lanes(), d1 = s.lanes(step), d2 = s.lanes(2 &* step)
  let d3 = s.lanes(3 &* step), d4 = s.lanes(4 &* step), d5 = s.lanes(5 &* step)
  let evenA = idv_fma(d2, minusB2, d4), oddA = idv_fma(d1, minusB2, d3)
  let evenB = idv_fma(d2, minusA2, d4), oddB = idv_fma(d1, minusA2, d3)
  t.store(idv_add(idv_fma(d2, minusSum, d4), d0))
  t.store(idv_fma(oddA, a, evenA), targetStep)
  t.store(idv_fma(oddA, minusA, evenA), 2 &* targetStep)
  t.store(idv_fma(oddB, b, evenB), 3 &* targetStep)
  t.store(idv_fma(oddB, minusB, evenB), 4 &* targetStep)
  t.store(idv_add(idv_fma(d3, minusSum, d5), d1), 5 &* targetStep)
}

/// Six elements → four pixels.
@inline(__always)
private func sameOutputLine(_ s: Source, _ step: Int) -> (Lanes, Lanes, Lanes, Lanes) {
  let a = Lanes(repeating: 0.7071067811865476), b = Lanes(repeating: 1.4142135623730951)
  let a2 = Lanes(repeating: 0.5), b2 = Lanes(repeating: 2)
  let a3 = Lanes(repeating: 0.3535533905932738), b3 = Lanes(repeating: 2.8284271247461903)
  let m1 = s.lanes(step), m2 = s.lanes(2 &* step), m3 = s.lanes(3 &* step), m4 = s.lanes(4 &* step)
  let s1 = idv_add(m1, m2), d1 = idv_sub(m1, m2), s2 = idv_add(m3, m4), d2 = idv_sub(m3, m4)
  return (
    idv_add(idv_add(s.lanes(), s1), s2), idv_fma(d2, b, idv_mul(d1, a)), idv_fma(s2, b2, idv_mul(s1, a2)),
    idv_fma(d2, b3, idv_fma(d1, a3, s.lanes(5 &* step)))
  )
}

/// Low-resolution l0 … l3 → l0 − l2, l1 + l2, l1 − l2, l1 − l3.
@inline(__always)
private func upsampleInputLine(_ s: Source, _ step: Int, _ t: Target, _ targetStep: Int) {
  let l0 = s.lanes(), l1 = s.lanes(step), l2 = s.lanes(2 &* step), l3 = s.lanes(3 &* step)
  t.store(idv_sub(l0, l2))
  t.store(idv_add(l1, l2), targetStep)
  t.store(idv_sub(l1, l2), 2 &* targetStep)
  t.store(idv_sub(l1, l3), 3 &* targetStep)
}

/// Five products → four high-resolution pixels: p0 + p1 − p2, p1 + p3, p1 + p2, p1 − p3 − p4.
@inline(__always)
private func upsampleOutputLine(_ s: Source, _ step: Int) -> (Lanes, Lanes, Lanes, Lanes) {
  let p0 = s.lanes(), p1 = s.lanes(step), p2 = s.lanes(2 &* step), p3 = s.lanes(3 &* step)
  let p4 = s.lanes(4 &* step)
  return (
    idv_sub(idv_add(p0, p1), p2), idv_add(p1, p3), idv_add(p1, p2), idv_sub(idv_sub(p1, p3), p4)
  )
}

/// Gradients g−1 … g4, s_i = g_i + g_i+1 → s0, s2, s−1 − s1, s1, s3 − s1.
@inline(__always)
private func adjointInputLine(_ s: Source, _ step: Int, _ t: Target, _ targetStep: Int) {
  let g1 = s.lanes(2 &* step), g2 = s.lanes(3 &* step), g0 = s.lanes(step), g3 = s.lanes(4 &* step)
  let middle = idv_add(g1, g2)
  t.store(idv_add(g0, g1))
  t.store(idv_add(g2, g3), targetStep)
  t.store(idv_sub(idv_add(s.lanes(), g0), middle), 2 &* targetStep)
  t.store(middle, 3 &* targetStep)
  t.store(idv_sub(idv_add(g3, s.lanes(5 &* step)), middle), 4 &* targetStep)
}

/// Five products → two low-resolution gradients: p0 + p2 + p3, p1 + p3 + p4.
@inline(__always)
private func adjointOutputLine(_ s: Source, _ step: Int) -> (Lanes, Lanes) {
  let p3 = s.lanes(3 &* step)
  return (
    idv_add(idv_add(s.lanes(), s.lanes(2 &* step)), p3), idv_add(idv_add(s.lanes(step), s.lanes(4 &* step)), p3)
  )
}

/// Columns of `side` pixels to scratch, then rows of `elements` columns to the transformed tile.
@inline(__always)
private func transformInput(
  _ run: UnsafePointer<TileRun>, side: Int, elements: Int, _ line: (Source, Int, Target, Int) -> Void
) {
  let r = run.pointee
  for tile in 0..<r.tiles {
    let pixels = Source(r.pixels) + Int(r.tileOffsets[tile])
    for x in 0..<side { line(pixels + x &* 16, r.rowStride, r.scratch + x &* 16, side &* 16) }
    var target = r.transformed + tile &* 16
    for y in 0..<elements {
      line(Source(r.scratch) + y &* side &* 16, 16, target, r.elementStride)
      target += elements &* r.elementStride
    }
  }
}

@inline(__always)
private func storePixel(_ target: Target, _ value: Lanes, _ bias: Lanes, _ slope: Lanes) {
  target.store(leakyReLU(idv_add(value, bias), slope))
}

/// Columns of elements to scratch (four rows of `elements`), then rows to 4×4 pixels.
@inline(__always)
private func transformOutput4(
  _ run: UnsafePointer<TileRun>, elements: Int, _ line: (Source, Int) -> (Lanes, Lanes, Lanes, Lanes)
) {
  let r = run.pointee
  let bias = r.bias.lanes(), slope = Lanes(repeating: r.slope)
  for tile in 0..<r.tiles {
    var source = Source(r.transformed) + tile &* 16
    for x in 0..<elements {
      let (y0, y1, y2, y3) = line(source, elements &* r.elementStride)
      let column = r.scratch + x &* 16
      column.store(y0)
      column.store(y1, elements &* 16)
      column.store(y2, elements &* 32)
      column.store(y3, elements &* 48)
      source += r.elementStride
    }
    var target = r.pixels + Int(r.tileOffsets[tile])
    for y in 0..<4 {
      let (x0, x1, x2, x3) = line(Source(r.scratch) + y &* elements &* 16, 16)
      storePixel(target, x0, bias, slope)
      storePixel(target + 16, x1, bias, slope)
      storePixel(target + 32, x2, bias, slope)
      storePixel(target + 48, x3, bias, slope)
      target += r.rowStride
    }
  }
}

func winogradSameInput(_ run: UnsafePointer<TileRun>) {
  transformInput(run, side: 6, elements: 6) { sameInputLine($0, $1, $2, $3) }
}

func winogradSameOutput(_ run: UnsafePointer<TileRun>) {
  transformOutput4(run, elements: 6) { sameOutputLine($0, $1) }
}

func winogradUpsampleInput(_ run: UnsafePointer<TileRun>) {
  transformInput(run, side: 4, elements: 4) { upsampleInputLine($0, $1, $2, $3) }
}

func winogradUpsampleOutput(_ run: UnsafePointer<TileRun>) {
  transformOutput4(run, elements: 5) { upsampleOutputLine($0, $1) }
}

func winogradAdjointInput(_ run: UnsafePointer<TileRun>) {
  transformInput(run, side: 6, elements: 5) { adjointInputLine($0, $1, $2, $3) }
}

func winogradAdjointOutput(_ run: UnsafePointer<TileRun>) {
  let r = run.pointee
  let bias = r.bias.lanes(), slope = Lanes(repeating: r.slope)
  for tile in 0..<r.tiles {
    var source = Source(r.transformed) + tile &* 16
    for x in 0..<5 {
      let (y0, y1) = adjointOutputLine(source, 5 &* r.elementStride)
      r.scratch.store(y0, x &* 16)
      r.scratch.store(y1, 80 &+ x &* 16)
      source += r.elementStride
    }
    var target = r.pixels + Int(r.tileOffsets[tile])
    for y in 0..<2 {
      let (x0, x1) = adjointOutputLine(Source(r.scratch) + y &* 80, 16)
      storePixel(target, x0, bias, slope)
      storePixel(target + 16, x1, bias, slope)
      target += r.rowStride
    }
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
