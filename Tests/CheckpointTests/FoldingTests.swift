import Checkpoint
import TestSupport
import Testing

@Suite struct FoldingTests {
  /// The published fused form, step by step, against an upsampled convolution with the unfused kernel.
  @Test func fusedUpsamplingEqualsAConvolutionOnTheUpsampledInput() {
    var random = SeededRandom(5)
    let (inputs, outputs, side) = (2, 3, 4)
    let w = (0..<9 * inputs * outputs).map { _ in Float.random(in: -1...1, using: &random) }
    let x = (0..<inputs * side * side).map { _ in Float.random(in: -1...1, using: &random) }
    func fused(_ y: Int, _ x: Int, _ i: Int, _ o: Int) -> Float {
      (0..<3).contains(y) && (0..<3).contains(x) ? w[(y * 3 + x) * inputs * outputs + i * outputs + o] : 0
    }
    // Zero-padded, shifted by one in each direction and summed: 4×4. Then a transposed convolution, stride 2, padding 1.
    var transposed = [Float](repeating: 0, count: outputs * 4 * side * side)
    for o in 0..<outputs {
      for i in 0..<inputs {
        for iy in 0..<side {
          for ix in 0..<side {
            for ky in 0..<4 {
              for kx in 0..<4 {
                let (oy, ox) = (2 * iy - 1 + ky, 2 * ix - 1 + kx)
                guard (0..<2 * side).contains(oy), (0..<2 * side).contains(ox) else { continue }
                var kernel = fused(ky, kx, i, o) + fused(ky - 1, kx, i, o)
                kernel += fused(ky, kx - 1, i, o) + fused(ky - 1, kx - 1, i, o)
                transposed[(o * 2 * side + oy) * 2 * side + ox] += x[(i * side + iy) * side + ix] * kernel
              }
            }
          }
        }
      }
    }
    let unfused = Folding.unfused(w, inputs: inputs, outputs: outputs, scale: 1)
    for o in 0..<outputs {
      for oy in 0..<2 * side {
        for ox in 0..<2 * side {
          var sum: Float = 0
          for i in 0..<inputs {
            for ky in 0..<3 {
              for kx in 0..<3 {
                let (uy, ux) = (oy + ky - 1, ox + kx - 1)
                guard (0..<2 * side).contains(uy), (0..<2 * side).contains(ux) else { continue }
                sum += unfused[((o * inputs + i) * 3 + ky) * 3 + kx] * x[(i * side + uy / 2) * side + ux / 2]
              }
            }
          }
          #expect(abs(sum - transposed[(o * 2 * side + oy) * 2 * side + ox]) < 1e-5)
        }
      }
    }
  }
}
