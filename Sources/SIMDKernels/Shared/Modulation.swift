import CKernelShims
import KernelABI

func rowActivate(
  _ output: Target, _ input: Source, _ noise: Source, _ scale: Source, _ strength: Source, _ bias: Source,
  _ slope: Float, _ limit: Float, _ pixels: Int
) {
  let scale = scale.lanes(), strength = strength.lanes(), bias = bias.lanes()
  let slope = Lanes(repeating: slope), limit = Lanes(repeating: limit)
  for i in 0..<pixels {
    let shift = fma(strength, Lanes(repeating: noise[i]), bias)
    let y = leakyReLU(fma(scale, input.lanes(i &* 16), shift), slope)
    output.store(idv_min(limit, idv_max(-limit, y)) + (y - y), i &* 16)
  }
}

/// g where |y| < limit, else 0.
@inline(__always) private func within(_ limit: Lanes, _ y: Lanes, _ g: Lanes) -> Lanes {
  idv_where_positive(limit - idv_max(y, -y), g, Lanes(repeating: 0))
}

func rowActivateBackward(
  _ gradInput: Target, _ gradOutput: Source, _ output: Source, _ scale: Source, _ slope: Float, _ limit: Float,
  _ pixels: Int
) {
  let scale = scale.lanes(), below = scale * Lanes(repeating: slope), limit = Lanes(repeating: limit)
  for i in 0..<pixels {
    let y = output.lanes(i &* 16), g = within(limit, y, gradOutput.lanes(i &* 16))
    gradInput.store(g * idv_where_positive(y, scale, below), i &* 16)
  }
}

/// With z = scale · x + shift and y = leakyReLU(z): ∂L/∂z = g·slope(y), so (∂L/∂z)·(z − shift) = g·y − (∂L/∂z)·shift.
func planeActivateSums(
  _ sum: Target, _ gradOutput: Source, _ output: Source, _ rowStride: Int, _ noise: Source, _ strength: Source,
  _ bias: Source, _ slope: Float, _ limit: Float, _ rows: Int, _ pixels: Int
) {
  let strength = strength.lanes(), bias = bias.lanes()
  let slope = Lanes(repeating: slope), limit = Lanes(repeating: limit)
  var total = Lanes(repeating: 0)
  for row in 0..<rows {
    let g = gradOutput + row &* rowStride, y = output + row &* rowStride, noise = noise + row &* pixels
    var products = Lanes(repeating: 0), shifts = products
    for i in 0..<pixels {
      let value = y.lanes(i &* 16), grad = within(limit, value, g.lanes(i &* 16))
      products = fma(grad, value, products)
      let shift = fma(strength, Lanes(repeating: noise[i]), bias)
      shifts = fma(idv_where_positive(value, grad, grad * slope), shift, shifts)
    }
    total += products - shifts
  }
  sum.store(total)
}

/// Sums of a pixel, lane by lane, for three outputs.
private struct Sums {
  private var a = Lanes(repeating: 0), b = Lanes(repeating: 0), c = Lanes(repeating: 0)

  @inline(__always) mutating func add(_ x: Lanes, _ a: Lanes, _ b: Lanes, _ c: Lanes) {
    self.a = fma(x, a, self.a)
    self.b = fma(x, b, self.b)
    self.c = fma(x, c, self.c)
  }

  /// Over all lanes but a quarter of them: of a in lanes 0 to 3, of c in 4 to 7, of b in 8 to 11; the others are zero.
  @inline(__always) var quarters: Lanes { idv_fold4(idv_fold8(a, b), idv_fold8(c, Lanes(repeating: 0))) }
}

func rowProject(
  _ output: Target, _ input: Source, _ blockStride: Int, _ blocks: Int, _ weights: Source, _ bias: Source,
  _ base: Source?, _ pixels: Int
) {
  let row = blocks &* 16, bias = bias.lanes(), zero = Lanes(repeating: 0)
  @inline(__always) func put(_ sums: Lanes, _ i: Int) {
    let value = bias + sums
    if let base { output.store(base.lanes(i &* 16) + value, i &* 16) } else { output.store(value, i &* 16) }
  }
  var i = 0
  // Four pixels hide the latency of their sums, and are summed up together.
  while i &+ 4 <= pixels {
    var p = Sums(), q = p, r = p, s = p
    for block in 0..<blocks {
      let x = input + (block &* blockStride &+ i &* 16), w = weights + block &* 16
      let (a, b, c) = (w.lanes(), w.lanes(row), w.lanes(2 &* row))
      p.add(x.lanes(), a, b, c)
      q.add(x.lanes(16), a, b, c)
      r.add(x.lanes(32), a, b, c)
      s.add(x.lanes(48), a, b, c)
    }
    // A third of the instructions of one sum after the other. In each quarter those of p, r, q and s follow each other then.
    let sums = idv_fold1(idv_fold2(p.quarters, q.quarters), idv_fold2(r.quarters, s.quarters))
    put(idv_spread(sums, 0), i)
    put(idv_spread(sums, 2), i &+ 1)
    put(idv_spread(sums, 1), i &+ 2)
    put(idv_spread(sums, 3), i &+ 3)
    i &+= 4
  }
  while i < pixels {
    var p = Sums()
    for block in 0..<blocks {
      let w = weights + block &* 16
      p.add(input.lanes(block &* blockStride &+ i &* 16), w.lanes(), w.lanes(row), w.lanes(2 &* row))
    }
    let pairs = idv_fold2(p.quarters, zero)
    put(idv_spread(idv_fold1(pairs, zero), 0), i)
    i &+= 1
  }
}

/// Fills the group's slots with this tier's copy. Field by field: a whole group assigned would be copied by a weak
/// function that tiers share.
func plug(into kernels: inout ModulationKernels) {
  kernels.activate = { rowActivate($0, $1, $2, $3, $4, $5, $6, $7, $8) }
  kernels.activateBackward = { rowActivateBackward($0, $1, $2, $3, $4, $5, $6) }
  kernels.project = { rowProject($0, $1, $2, $3, $4, $5, $6, $7) }
  kernels.activateSums = { planeActivateSums($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10) }
}
