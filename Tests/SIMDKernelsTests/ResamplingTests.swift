import SIMDKernels
import TestSupport
import Testing

@Suite struct ResamplingTests {
  @Test("Blur is the binomial filter with zero padding")
  func blur() {
    for (c, h, w) in awkwardShapes {
      var random = SeededRandom(21)
      let shape = BlockedShape(c, h, w, batch: 2)
      let x = Planar(shape, &random), input = x.blocked(halo: 1)
      let taps: [Double] = [1, 2, 1]
      let expected = x.map { i, k, y, column, _ in
        var sum = 0.0
        for dy in 0..<3 {
          for dx in 0..<3 { sum += taps[dy] * taps[dx] / 16 * x.padded(i, k, y + dy - 1, column + dx - 1) }
        }
        return sum
      }
      for halo in [0, 1] {
        verify(expected, halo: halo, tolerance: Tolerance.elementwise, "blur \((c, h, w))") {
          $0.blur3x3(
            output: $1, input: input.base, outputShape: BlockedShape(c, h, w, batch: 2, halo: halo),
            inputShape: shape)
        }
      }
    }
  }

  @Test("Pooling and its gradients, odd extents, ties")
  func pooling() {
    for (c, h, w) in [(1, 2, 2), (3, 5, 7), (17, 4, 4), (64, 16, 16), (24, 6, 10)] {
      var random = SeededRandom(22)
      let shape = BlockedShape(c, h, w, batch: 2)
      let pooled = BlockedShape(c, h / 2, w / 2, batch: 2)
      // Quantized, so that ties are common.
      let x = Planar(shape, &random).map { _, _, _, _, v in (v * 2).rounded() }
      let g = Planar(pooled, &random)
      let input = x.blocked(halo: 1), gradient = g.blocked(halo: 1)
      func quad(_ i: Int, _ k: Int, _ y: Int, _ column: Int) -> [Double] {
        [(0, 0), (0, 1), (1, 0), (1, 1)].map { x[i, k, 2 * y + $0.0, 2 * column + $0.1] }
      }
      let label = "\((c, h, w))"
      let means = g.map { i, k, y, column, _ in quad(i, k, y, column).reduce(0, +) / 4 }
      let maxima = g.map { i, k, y, column, _ in quad(i, k, y, column).max()! }
      verify(means, tolerance: Tolerance.elementwise, "average \(label)") {
        $0.averagePool2x2(output: $1, input: input.base, outputShape: pooled, inputShape: shape)
      }
      verify(maxima, tolerance: Tolerance.elementwise, "maximum \(label)") {
        $0.maxPool2x2(output: $1, input: input.base, outputShape: pooled, inputShape: shape)
      }
      var average = Planar(2, c, h, w), maximum = average
      g.forEachIndex { i, k, y, column in
        let values = quad(i, k, y, column), first = values.firstIndex(of: values.max()!)!
        for q in 0..<4 { average[i, k, 2 * y + q / 2, 2 * column + q % 2] = g[i, k, y, column] / 4 }
        maximum[i, k, 2 * y + first / 2, 2 * column + first % 2] = g[i, k, y, column]
      }
      verify(average, tolerance: Tolerance.elementwise, "average backward \(label)") {
        $0.averagePool2x2Backward(gradInput: $1, gradOutput: gradient.base, outputShape: pooled, inputShape: shape)
      }
      verify(maximum, tolerance: Tolerance.elementwise, "maximum backward \(label)") {
        $0.maxPool2x2Backward(
          gradInput: $1, gradOutput: gradient.base, input: input.base, outputShape: pooled, inputShape: shape)
      }
    }
  }

  @Test("Layouts: planar, flat and blocked; halos")
  func layouts() {
    for (c, h, w) in awkwardShapes {
      var random = SeededRandom(23)
      let shape = BlockedShape(c, h, w, batch: 2)
      let x = Planar(shape, &random), input = x.blocked(halo: 1), planar = x.values.map { Float($0) }
      let label = "\((c, h, w))"
      verify(x, tolerance: 0, "from planar \(label)") { $0.fromPlanar(blocked: $1, planar: planar, shape: shape) }
      verify(flat: x.values, tolerance: 0, "to planar \(label)") {
        $0.toPlanar(planar: $1, blocked: input.base, shape: shape)
      }
      let rows = DenseShape(rows: 2, columns: c * h * w)
      let flat = (0..<2).flatMap { i in
        x.values[(i * rows.columns)..<((i + 1) * rows.columns)]
          + [Double](repeating: 0, count: rows.rowStride - rows.columns)
      }
      verify(flat: flat, tolerance: 0, "flatten \(label)") {
        $0.flatten(dense: $1, denseRowStride: rows.rowStride, blocked: input.base, shape: shape)
      }
      let dense = GuardedBuffer(flat.map { Float($0) })
      verify(x, tolerance: 0, "unflatten \(label)") {
        $0.unflatten(blocked: $1, dense: dense.base, denseRowStride: rows.rowStride, shape: shape)
      }
    }
  }
}
