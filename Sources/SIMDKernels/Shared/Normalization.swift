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

/// Sums of gradients, and of the same times x − mean.
private struct GradientSums {
  private(set) var plain = Lanes(repeating: 0), centered = Lanes(repeating: 0)

  @inline(__always) mutating func add(_ gradient: Source, _ x: Source, _ mean: Lanes) {
    let gradient = gradient.lanes()
    plain += gradient
    centered = fma(gradient, x.lanes() - mean, centered)
  }
  @inline(__always) mutating func add(_ other: GradientSums) {
    plain += other.plain
    centered += other.centered
  }
}

func planeModulateSums(
  _ sum: Target, _ sumNormalized: Target, _ gradOutput: Source, _ gradRowStride: Int, _ input: Source,
  _ rowStride: Int, _ mean: Source, _ rstd: Source, _ rows: Int, _ pixels: Int
) {
  let mean = mean.lanes(), rstd = rstd.lanes()
  var total = GradientSums()
  var y = 0
  // The sums of a row wait for each other: those of four rows take turns.
  while y &+ 4 <= rows {
    var a = GradientSums(), b = a, c = a, d = a
    let g = gradOutput + y &* gradRowStride, x = input + y &* rowStride
    for i in 0..<pixels {
      a.add(g + i &* 16, x + i &* 16, mean)
      b.add(g + (gradRowStride &+ i &* 16), x + (rowStride &+ i &* 16), mean)
      c.add(g + (2 &* gradRowStride &+ i &* 16), x + (2 &* rowStride &+ i &* 16), mean)
      d.add(g + (3 &* gradRowStride &+ i &* 16), x + (3 &* rowStride &+ i &* 16), mean)
    }
    total.add(a)
    total.add(b)
    total.add(c)
    total.add(d)
    y &+= 4
  }
  while y < rows {
    var row = GradientSums()
    let g = gradOutput + y &* gradRowStride, x = input + y &* rowStride
    for i in 0..<pixels { row.add(g + i &* 16, x + i &* 16, mean) }
    total.add(row)
    y &+= 1
  }
  sum.store(total.plain)
  sumNormalized.store(total.centered * rstd)
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
