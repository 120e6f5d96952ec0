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

/// Fills the group's slots with this tier's copy. Field by field: a whole group assigned would be copied by a weak
/// function that tiers share.
func plug(into kernels: inout ModulationKernels) {
  kernels.activate = { rowActivate($0, $1, $2, $3, $4, $5, $6, $7, $8) }
  kernels.activateBackward = { rowActivateBackward($0, $1, $2, $3, $4, $5, $6) }
  kernels.activateSums = { planeActivateSums($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10) }
}
