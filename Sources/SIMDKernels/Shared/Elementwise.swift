import CKernelShims
import KernelABI

@inline(__always) private func map2(
  _ output: Target, _ a: Source, _ b: Source, _ vectors: Int, _ body: (Lanes, Lanes) -> Lanes
) {
  var i = 0
  let end = vectors &* 16
  while i < end {
    output.store(body(a.lanes(i), b.lanes(i)), i)
    i &+= 16
  }
}

func vadd(_ output: Target, _ a: Source, _ b: Source, _ vectors: Int) {
  map2(output, a, b, vectors) { $0 + $1 }
}

func vmultiply(_ output: Target, _ a: Source, _ b: Source, _ vectors: Int) {
  map2(output, a, b, vectors) { $0 * $1 }
}

func vscale(_ output: Target, _ input: Source, _ factor: Float, _ vectors: Int) {
  let factor = Lanes(repeating: factor)
  map2(output, input, input, vectors) { x, _ in x * factor }
}

func vactivationBackward(
  _ gradInput: Target, _ gradOutput: Source, _ output: Source, _ slope: Float, _ vectors: Int
) {
  let slope = Lanes(repeating: slope)
  map2(gradInput, gradOutput, output, vectors) { g, y in idv_where_positive(y, g, g * slope) }
}

/// x · P(x²)/Q(x²), degree 13 over 6: the coefficients Eigen and XLA use. Beyond ±9 the quotient is ±1 in float.
/// What is not finite becomes not-a-number, so that a diverged optimization does not look like a saturated image.
func vtanh(_ output: Target, _ input: Source, _ vectors: Int) {
  let limit = Lanes(repeating: 9)
  map2(output, input, input, vectors) { value, _ in
    let x = idv_max(idv_min(value, limit), -limit)
    let s = x * x
    var p = Lanes(repeating: -2.76076847742355e-16)
    p = fma(p, s, Lanes(repeating: 2.00018790482477e-13))
    p = fma(p, s, Lanes(repeating: -8.60467152213735e-11))
    p = fma(p, s, Lanes(repeating: 5.12229709037114e-08))
    p = fma(p, s, Lanes(repeating: 1.48572235717979e-05))
    p = fma(p, s, Lanes(repeating: 6.37261928875436e-04))
    p = fma(p, s, Lanes(repeating: 4.89352455891786e-03))
    var q = Lanes(repeating: 1.19825839466702e-06)
    q = fma(q, s, Lanes(repeating: 1.18534705686654e-04))
    q = fma(q, s, Lanes(repeating: 2.26843463243900e-03))
    q = fma(q, s, Lanes(repeating: 4.89352518554385e-03))
    return x * p / q + (value - x) * Lanes(repeating: 0)
  }
}

func vtanhBackward(_ gradInput: Target, _ gradOutput: Source, _ output: Source, _ vectors: Int) {
  let one = Lanes(repeating: 1)
  map2(gradInput, gradOutput, output, vectors) { g, y in g * (one - y * y) }
}

func vsquaredDifference(_ a: Source, _ b: Source, _ vectors: Int) -> Float {
  var sum = Lanes(repeating: 0)
  for i in 0..<vectors {
    let d = a.lanes(i &* 16) - b.lanes(i &* 16)
    sum = fma(d, d, sum)
  }
  return horizontalSum(sum)
}

func vscaledDifference(_ output: Target, _ a: Source, _ b: Source, _ factor: Float, _ vectors: Int) {
  let factor = Lanes(repeating: factor)
  map2(output, a, b, vectors) { ($0 - $1) * factor }
}

func vnoiseBiasActivate(
  _ output: Target, _ input: Source, _ noise: Source?, _ strength: Source, _ bias: Source, _ slope: Float,
  _ pixels: Int
) {
  let strength = strength.lanes(), bias = bias.lanes(), slope = Lanes(repeating: slope)
  if let noise {
    for i in 0..<pixels {
      let x = fma(strength, Lanes(repeating: noise[i]), input.lanes(i &* 16)) + bias
      output.store(leakyReLU(x, slope), i &* 16)
    }
  } else {
    for i in 0..<pixels { output.store(leakyReLU(input.lanes(i &* 16) + bias, slope), i &* 16) }
  }
}

func vparametricReLU(_ output: Target, _ input: Source, _ slopes: Source, _ pixels: Int) {
  let slopes = slopes.lanes()
  for i in 0..<pixels { output.store(leakyReLU(input.lanes(i &* 16), slopes), i &* 16) }
}

func vparametricReLUBackward(
  _ gradInput: Target, _ gradOutput: Source, _ input: Source, _ slopes: Source, _ pixels: Int
) {
  let slopes = slopes.lanes()
  for i in 0..<pixels {
    let g = gradOutput.lanes(i &* 16)
    gradInput.store(idv_where_positive(input.lanes(i &* 16), g, g * slopes), i &* 16)
  }
}

/// Fills the group's slots with this tier's copy. Field by field: a whole group assigned would be copied by a weak
/// function that tiers share.
func plug(into kernels: inout ElementwiseKernels) {
  kernels.add = { vadd($0, $1, $2, $3) }
  kernels.multiply = { vmultiply($0, $1, $2, $3) }
  kernels.scale = { vscale($0, $1, $2, $3) }
  kernels.activationBackward = { vactivationBackward($0, $1, $2, $3, $4) }
  kernels.tanh = { vtanh($0, $1, $2) }
  kernels.tanhBackward = { vtanhBackward($0, $1, $2, $3) }
  kernels.squaredDifference = { vsquaredDifference($0, $1, $2) }
  kernels.scaledDifference = { vscaledDifference($0, $1, $2, $3, $4) }
  kernels.parametricReLU = { vparametricReLU($0, $1, $2, $3) }
  kernels.parametricReLUBackward = { vparametricReLUBackward($0, $1, $2, $3, $4) }
  kernels.noiseBiasActivate = { vnoiseBiasActivate($0, $1, $2, $3, $4, $5, $6) }
}
