import CKernelShims
import KernelABI

func planeStatistics(
  _ mean: Target, _ rstd: Target, _ input: Source, _ rowStride: Int, _ rows: Int, _ pixels: Int, _ epsilon: Float
) {
  let reciprocal = Lanes(repeating: 1 / Float(pixels))
  var average = Lanes(repeating: 0), deviation = Lanes(repeating: 0)
  for y in 0..<rows {
    let row = input + y &* rowStride
    var s0 = Lanes(repeating: 0), s1 = s0
    var x = 0
    while x &+ 2 <= pixels {
      s0 += row.lanes(x &* 16)
      s1 += row.lanes(x &* 16 &+ 16)
      x &+= 2
    }
    if x < pixels { s0 += row.lanes(x &* 16) }
    let rowAverage = (s0 + s1) * reciprocal
    var q0 = Lanes(repeating: 0), q1 = q0
    x = 0
    while x &+ 2 <= pixels {
      let d0 = row.lanes(x &* 16) - rowAverage, d1 = row.lanes(x &* 16 &+ 16) - rowAverage
      q0 = fma(d0, d0, q0)
      q1 = fma(d1, d1, q1)
      x &+= 2
    }
    if x < pixels {
      let d0 = row.lanes(x &* 16) - rowAverage
      q0 = fma(d0, d0, q0)
    }
    // Merge a row of `pixels` into the y · pixels seen so far.
    let delta = rowAverage - average
    average = fma(delta, Lanes(repeating: 1 / Float(y &+ 1)), average)
    deviation += q0 + q1
    deviation = fma(delta * delta, Lanes(repeating: Float(pixels) * Float(y) / Float(y &+ 1)), deviation)
  }
  let variance = deviation * Lanes(repeating: 1 / (Float(pixels) * Float(rows)))
  mean.store(average)
  rstd.store(Lanes(repeating: 1) / (variance + Lanes(repeating: epsilon)).squareRoot())
}

func rowModulate(
  _ output: Target, _ input: Source, _ mean: Source, _ scale: Source, _ shift: Source, _ pixels: Int
) {
  let mean = mean.lanes(), scale = scale.lanes(), shift = shift.lanes()
  for i in 0..<pixels { output.store(fma(input.lanes(i &* 16) - mean, scale, shift), i &* 16) }
}

func planeModulateSums(
  _ sum: Target, _ sumNormalized: Target, _ gradOutput: Source, _ gradRowStride: Int, _ input: Source,
  _ rowStride: Int, _ mean: Source, _ rstd: Source, _ rows: Int, _ pixels: Int
) {
  let mean = mean.lanes(), rstd = rstd.lanes()
  var total = Lanes(repeating: 0), totalCentered = Lanes(repeating: 0)
  for y in 0..<rows {
    let g = gradOutput + y &* gradRowStride, x = input + y &* rowStride
    var s = Lanes(repeating: 0), q = s
    for i in 0..<pixels {
      let grad = g.lanes(i &* 16)
      s += grad
      q = fma(grad, x.lanes(i &* 16) - mean, q)
    }
    total += s
    totalCentered += q
  }
  sum.store(total)
  sumNormalized.store(totalCentered * rstd)
}

func rowModulateBackward(
  _ gradInput: Target, _ gradOutput: Source, _ input: Source, _ mean: Source, _ rstd: Source, _ scale: Source,
  _ a: Source, _ b: Source, _ pixels: Int
) {
  let mean = mean.lanes(), scale = scale.lanes(), a = a.lanes(), slope = rstd.lanes() * b.lanes()
  for i in 0..<pixels {
    let g = gradOutput.lanes(i &* 16) - a
    gradInput.store((g - (input.lanes(i &* 16) - mean) * slope) * scale, i &* 16)
  }
}

/// Fills the group's slots with this tier's copy. Field by field: a whole group assigned would be copied by a weak
/// function that tiers share.
func plug(into kernels: inout NormalizationKernels) {
  kernels.statistics = { planeStatistics($0, $1, $2, $3, $4, $5, $6) }
  kernels.modulate = { rowModulate($0, $1, $2, $3, $4, $5) }
  kernels.modulateSums = { planeModulateSums($0, $1, $2, $3, $4, $5, $6, $7, $8, $9) }
  kernels.modulateBackward = { rowModulateBackward($0, $1, $2, $3, $4, $5, $6, $7, $8) }
}
