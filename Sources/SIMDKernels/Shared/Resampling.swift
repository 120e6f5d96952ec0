import CKernelShims
import KernelABI

/// Vertical sums slide along the row: each input pixel is loaded once per output row.
func rowBlur(_ output: Target, _ input: Source, _ rowStride: Int, _ pixels: Int) {
  let two = Lanes(repeating: 2), sixteenth = Lanes(repeating: 1 / 16)
  let middle = input + rowStride, below = middle + rowStride
  var left = fma(middle.lanes(), two, input.lanes()) + below.lanes()
  var center = fma(middle.lanes(16), two, input.lanes(16)) + below.lanes(16)
  for i in 0..<pixels {
    let next = (i &+ 2) &* 16
    let right = fma(middle.lanes(next), two, input.lanes(next)) + below.lanes(next)
    output.store((fma(center, two, left) + right) * sixteenth, i &* 16)
    left = center
    center = right
  }
}

func rowAveragePool(_ output: Target, _ input: Source, _ inputRowStride: Int, _ pixels: Int) {
  let quarter = Lanes(repeating: 0.25)
  for i in 0..<pixels {
    let upper = input + i &* 32, lower = upper + inputRowStride
    output.store(((upper.lanes() + upper.lanes(16)) + (lower.lanes() + lower.lanes(16))) * quarter, i &* 16)
  }
}

func rowAveragePoolBackward(_ gradInput: Target, _ gradInputRowStride: Int, _ gradOutput: Source, _ pixels: Int) {
  let quarter = Lanes(repeating: 0.25)
  for i in 0..<pixels {
    let g = gradOutput.lanes(i &* 16) * quarter
    let upper = gradInput + i &* 32, lower = upper + gradInputRowStride
    upper.store(g)
    upper.store(g, 16)
    lower.store(g)
    lower.store(g, 16)
  }
}

func rowMaxPool(_ output: Target, _ input: Source, _ inputRowStride: Int, _ pixels: Int) {
  for i in 0..<pixels {
    let upper = input + i &* 32, lower = upper + inputRowStride
    output.store(
      idv_max(idv_max(upper.lanes(), upper.lanes(16)), idv_max(lower.lanes(), lower.lanes(16))), i &* 16)
  }
}

func rowMaxPoolBackward(
  _ gradInput: Target, _ gradInputRowStride: Int, _ gradOutput: Source, _ input: Source, _ inputRowStride: Int,
  _ pixels: Int
) {
  let zero = Lanes(repeating: 0)
  for i in 0..<pixels {
    let upper = input + i &* 32, lower = upper + inputRowStride
    let a = upper.lanes(), b = upper.lanes(16), c = lower.lanes(), d = lower.lanes(16)
    let top = idv_max(idv_max(a, b), idv_max(c, d))
    var rest = gradOutput.lanes(i &* 16)
    let targetUpper = gradInput + i &* 32, targetLower = targetUpper + gradInputRowStride
    // Whoever takes the gradient leaves zero to those after.
    targetUpper.store(idv_where_equal(a, top, rest, zero))
    rest = idv_where_equal(a, top, zero, rest)
    targetUpper.store(idv_where_equal(b, top, rest, zero), 16)
    rest = idv_where_equal(b, top, zero, rest)
    targetLower.store(idv_where_equal(c, top, rest, zero))
    rest = idv_where_equal(c, top, zero, rest)
    targetLower.store(idv_where_equal(d, top, rest, zero), 16)
  }
}

func rowUpsample(_ output: Target, _ near: Source, _ far: Source, _ pixels: Int) {
  let most = Lanes(repeating: 0.75), rest = Lanes(repeating: 0.25)
  var left = fma(near.lanes(-16), most, far.lanes(-16) * rest)
  var center = fma(near.lanes(), most, far.lanes() * rest)
  for i in 0..<pixels {
    let next = (i &+ 1) &* 16
    let right = fma(near.lanes(next), most, far.lanes(next) * rest)
    output.store(fma(center, most, left * rest), i &* 32)
    output.store(fma(center, most, right * rest), i &* 32 &+ 16)
    left = center
    center = right
  }
}

func rowUpsampleBackward(_ gradInput: Target, _ gradOutput: Source, _ rowStride: Int, _ pixels: Int) {
  let most = Lanes(repeating: 0.75), rest = Lanes(repeating: 0.25)
  let r0 = gradOutput, r1 = r0 + rowStride, r2 = r1 + rowStride, r3 = r2 + rowStride
  @inline(__always) func column(_ i: Int) -> Lanes {
    fma(r1.lanes(i) + r2.lanes(i), most, (r0.lanes(i) + r3.lanes(i)) * rest)
  }
  var c0 = column(0), c1 = column(16)
  for i in 0..<pixels {
    let c2 = column(i &* 32 &+ 32), c3 = column(i &* 32 &+ 48)
    gradInput.store(fma(c1 + c2, most, (c0 + c3) * rest), i &* 16)
    c0 = c2
    c1 = c3
  }
}

func rowFilter(
  _ output: Target, _ r0: Source, _ r1: Source, _ r2: Source, _ r3: Source, _ width: Int, _ padding: Int
) {
  let most = Lanes(repeating: 0.75), rest = Lanes(repeating: 0.25), zero = Lanes(repeating: 0)
  @inline(__always) func column(_ i: Int) -> Lanes {
    let at = i &* 16
    return fma(r1.lanes(at) + r2.lanes(at), most, (r0.lanes(at) + r3.lanes(at)) * rest)
  }
  var c0 = zero, c1 = padding < 2 ? column(0) : zero
  var next = 2 &- padding
  var c2 = next < width ? column(next) : zero
  var target = output
  for _ in 0..<width &+ 2 &* padding &- 3 {
    next &+= 1
    let c3 = next < width ? column(next) : zero
    target.store(fma(c1 + c2, most, (c0 + c3) * rest))
    target += 16
    (c0, c1, c2) = (c1, c2, c3)
  }
}

func rowWindowMax(
  _ output: Target, _ input: Source, _ inputRowStride: Int, _ rows: Int, _ columns: Int, _ step: Int, _ pixels: Int
) {
  for i in 0..<pixels {
    var top = input.lanes(i &* step &* 16)
    for row in 0..<rows {
      let line = input + (row &* inputRowStride &+ i &* step &* 16)
      for column in 0..<columns { top = idv_max(top, line.lanes(column &* 16)) }
    }
    output.store(top, i &* 16)
  }
}

/// Fills the group's slots with this tier's copy. Field by field: a whole group assigned would be copied by a weak
/// function that tiers share.
func plug(into kernels: inout ResamplingKernels) {
  kernels.blur = { rowBlur($0, $1, $2, $3) }
  kernels.averagePool = { rowAveragePool($0, $1, $2, $3) }
  kernels.averagePoolBackward = { rowAveragePoolBackward($0, $1, $2, $3) }
  kernels.maxPool = { rowMaxPool($0, $1, $2, $3) }
  kernels.windowMax = { rowWindowMax($0, $1, $2, $3, $4, $5, $6) }
  kernels.maxPoolBackward = { rowMaxPoolBackward($0, $1, $2, $3, $4, $5) }
  kernels.upsample = { rowUpsample($0, $1, $2, $3) }
  kernels.filter = { rowFilter($0, $1, $2, $3, $4, $5, $6) }
  kernels.upsampleBackward = { rowUpsampleBackward($0, $1, $2, $3) }
}
