import Glibc
import SIMDKernels
import TestSupport
import Testing

/// Channels, height and width: from the networks, and awkward ones.
let awkwardShapes: [(Int, Int, Int)] = [
  (1, 1, 1), (3, 5, 7), (8, 4, 4), (12, 1, 1), (17, 5, 7), (24, 8, 8), (48, 4, 4), (64, 32, 32), (3, 64, 64),
]

@Suite struct ElementwiseTests {
  @Test("Noise, bias and activation in one pass, also in place")
  func noiseBiasActivate() {
    for (c, h, w) in awkwardShapes {
      var random = SeededRandom(UInt64(c + h))
      let shape = BlockedShape(c, h, w, batch: 2)
      let x = Planar(shape, &random), noise = random.floats(h * w)
      let padding = [Float](repeating: 0, count: shape.paddedChannels - c)
      let strength = random.floats(c) + padding, bias = random.floats(c) + padding
      let input = x.blocked(halo: 1)
      func expected(noise useNoise: Bool, bias useBias: Bool, slope: Double) -> Planar {
        x.map { _, k, y, column, value in
          let v =
            value + (useNoise ? Double(noise[y * w + column]) * Double(strength[k]) : 0)
            + (useBias ? Double(bias[k]) : 0)
          return v > 0 ? v : slope * v
        }
      }
      verify(expected(noise: true, bias: true, slope: 0.2), tolerance: Tolerance.elementwise, "noise \((c, h, w))") {
        $0.addNoiseBiasActivate(
          output: $1, input: input.base, shape: shape, noise: noise, noiseStrength: strength, bias: bias,
          activation: .leakyReLU(slope: 0.2))
      }
      verify(expected(noise: false, bias: true, slope: 0), tolerance: Tolerance.elementwise, "in place \((c, h, w))") {
        $1.update(from: input.base, count: shape.elementCount)
        $0.addNoiseBiasActivate(
          output: $1, input: $1, shape: shape, noise: nil, noiseStrength: nil, bias: bias,
          activation: .leakyReLU(slope: 0))
      }
      verify(expected(noise: true, bias: false, slope: 1), tolerance: Tolerance.elementwise, "no bias \((c, h, w))") {
        $0.addNoiseBiasActivate(
          output: $1, input: input.base, shape: shape, noise: noise, noiseStrength: strength, bias: nil,
          activation: .none)
      }
    }
  }

  @Test("Maps of one and two tensors")
  func maps() {
    for (c, h, w) in awkwardShapes {
      var random = SeededRandom(7)
      let shape = BlockedShape(c, h, w, batch: 2)
      let a = Planar(shape, &random), b = Planar(shape, &random)
      let left = a.blocked(halo: 1), right = b.blocked(halo: 1)
      func both(_ body: (Double, Double) -> Double) -> Planar { a.map { i, k, y, x, v in body(v, b[i, k, y, x]) } }
      let one = Tolerance.elementwise
      verify(both { $0 * $1 }, tolerance: one, "multiply") {
        $0.multiply(output: $1, a: left.base, b: right.base, shape: shape)
      }
      verify(both { a, _ in a * 0.75 }, tolerance: one, "scale") {
        $0.table.elementwise.scale($1, left.base, 0.75, shape.elementCount / 16)
      }
      verify(both { $1 > 0 ? $0 : $0 * 0.2 }, tolerance: one, "activation backward") {
        $0.activationBackward(gradInput: $1, gradOutput: left.base, output: right.base, shape: shape, slope: 0.2)
      }
      verify(both { $0 * (1 - $1 * $1) }, tolerance: one, "tanh backward, in place") {
        $1.update(from: left.base, count: shape.elementCount)
        $0.tanhBackward(gradInput: $1, gradOutput: $1, output: right.base, shape: shape)
      }
      for count in 1...4 {
        let inputs = (0..<count).map { UnsafePointer($0 % 2 == 0 ? left.base : right.base) }
        verify(
          both { $0 * Double((count + 1) / 2) + $1 * Double(count / 2) }, tolerance: one, "sum of \(count)"
        ) { kernels, output in
          inputs.withUnsafeBufferPointer { kernels.sum(output: output, inputs: $0, shape: shape) }
        }
      }
      let shift = random.floats(c)
      verify(a.map { _, k, _, _, v in v + Double(shift[k]) }, tolerance: one, "channel shift") {
        $0.addChannelShift(output: $1, input: left.base, shift: shift, shape: shape)
      }
    }
  }

  @Test("tanh of what is not finite is not a number")
  func tanhNotFinite() {
    let shape = DenseShape(rows: 1, columns: 16)
    let input = GuardedBuffer([.nan, .infinity, -.infinity] + [Float](repeating: 100, count: 13))
    for tier in Kernels.availableTiers {
      let output = GuardedBuffer(16)
      Kernels(threadCount: 1, cap: tier).tanh(output: output.base, input: input.base, shape: shape)
      let (notFinite, saturated) = (output.values[..<3], output.values[3...])
      #expect(notFinite.allSatisfy { $0.isNaN }, "\(tier.rawValue)")
      #expect(saturated.allSatisfy { $0 == 1 }, "\(tier.rawValue)")
    }
  }

  @Test("tanh from subnormal to saturated")
  func tangents() {
    let shape = DenseShape(rows: 1, columns: 4096)
    let input = denseBuffer(1, 4096) { _, i in
      let x = Float(i - 2048) / 200
      return i % 3 == 0 ? x * 1e-4 : x
    }
    let expected = (0..<4096).map { Glibc.tanh(Double(input.base[$0])) }
    verify(flat: expected, tolerance: Tolerance.tanh, "tanh") {
      $0.tanh(output: $1, input: input.base, shape: shape)
    }
    let relative = GuardedBuffer(4096)
    Kernels(threadCount: 1).tanh(output: relative.base, input: input.base, shape: shape)
    for i in expected.indices where expected[i] != 0 {
      #expect(abs(Double(relative.base[i]) / expected[i] - 1) < Tolerance.tanh, "tanh(\(input.base[i]))")
    }
  }
}
