import SIMDKernels
import TestSupport
import Testing

/// Kernels that enlarge, shrink and rearrange images.
@Suite struct PixelMoveTests {
  /// [1,3,3,1]/4 in one dimension on zeros between the pixels: share of input `i` in output `n`.
  private func share(_ n: Int, _ i: Int) -> Double {
    switch n - 2 * i {
    case 0, 1: 0.75
    case -1, 2: 0.25
    default: 0
    }
  }

  @Test("Up-sampling with [1, 3, 3, 1] and its adjoint") func upsampling() {
    for (c, h, w) in [(1, 1, 1), (3, 4, 4), (17, 3, 5), (3, 16, 16)] {
      var random = SeededRandom(51)
      let small = BlockedShape(c, h, w, batch: 2), large = BlockedShape(c, 2 * h, 2 * w, batch: 2)
      let x = Planar(small, &random), g = Planar(large, &random)
      let input = x.blocked(halo: 1), gradient = g.blocked(halo: 1), label = "\((c, h, w))"
      let up = g.map { i, k, y, column, _ in
        var sum = 0.0
        for a in 0..<h { for b in 0..<w { sum += share(y, a) * share(column, b) * x[i, k, a, b] } }
        return sum
      }
      verify(up, tolerance: Tolerance.elementwise, "upsample \(label)") {
        $0.upsampleFIR2x(output: $1, input: input.base, outputShape: large, inputShape: small)
      }
      let down = x.map { i, k, y, column, _ in
        var sum = 0.0
        for a in 0..<2 * h { for b in 0..<2 * w { sum += share(a, y) * share(b, column) * g[i, k, a, b] } }
        return sum
      }
      verify(down, tolerance: 2 * Tolerance.elementwise, "its adjoint \(label)") {
        $0.upsampleFIR2xBackward(gradInput: $1, gradOutput: gradient.base, outputShape: large, inputShape: small)
      }
    }
  }

  @Test("The filter behind a transposed convolution, and its adjoint") func filtering() {
    let filter = [0.25, 0.75, 0.75, 0.25]
    /// Share of pixel `i` of the larger image in pixel `n` of the smaller one.
    func share(_ n: Int, _ i: Int) -> Double { 0..<4 ~= i - n + 1 ? filter[i - n + 1] : 0 }
    for (c, h, w) in [(1, 1, 1), (3, 2, 1), (17, 3, 5), (3, 16, 40)] {
      var random = SeededRandom(53)
      let small = BlockedShape(c, h, w, batch: 2), large = BlockedShape(c, h + 1, w + 1, batch: 2)
      let t = Planar(large, &random), g = Planar(small, &random), label = "\((c, h, w))"
      let input = t.blocked(halo: 1), gradient = g.blocked(halo: 1)
      let filtered = g.map { i, k, y, column, _ in
        var sum = 0.0
        for a in 0...h { for b in 0...w { sum += share(y, a) * share(column, b) * t[i, k, a, b] } }
        return sum
      }
      verify(filtered, tolerance: 2 * Tolerance.elementwise, "filter \(label)") {
        $0.filterFIR(output: $1, input: input.base, outputShape: small, inputShape: large, padding: 1)
      }
      let back = t.map { i, k, y, column, _ in
        var sum = 0.0
        for a in 0..<h { for b in 0..<w { sum += share(a, y) * share(b, column) * g[i, k, a, b] } }
        return sum
      }
      verify(back, tolerance: 2 * Tolerance.elementwise, "its adjoint \(label)") {
        $0.filterFIR(output: $1, input: gradient.base, outputShape: large, inputShape: small, padding: 2)
      }
    }
  }

  @Test("Phases become pixels, and pixels phases") func shuffling() {
    for (c, h, w) in [(1, 1, 1), (16, 2, 3), (20, 3, 2), (48, 4, 4)] {
      var random = SeededRandom(52)
      let phase = (c + 15) & ~15
      let large = BlockedShape(c, 2 * h, 2 * w, batch: 2), small = BlockedShape(4 * phase, h, w, batch: 2)
      // Channels beyond those of a phase are zero, as a convolution with zero weights leaves them.
      let x = Planar(small, &random).map { _, k, _, _, v in k % phase < c ? v : 0 }
      let input = x.blocked(halo: 1)
      let shuffled = Planar(large, &random).map { i, k, y, column, _ in
        x[i, (y % 2 * 2 + column % 2) * phase + k, y / 2, column / 2]
      }
      verify(shuffled, tolerance: 0, "shuffle \((c, h, w))") {
        $0.pixelShuffle(output: $1, input: input.base, outputShape: large, inputShape: small)
      }
      let pixels = shuffled.blocked(halo: 1)
      verify(x, tolerance: 0, "unshuffle \((c, h, w))") {
        $0.pixelUnshuffle(output: $1, input: pixels.base, outputShape: small, inputShape: large)
      }
    }
  }

  @Test("Every second pixel, and zeros between") func subsampling() {
    for (c, h, w) in [(1, 1, 1), (3, 4, 6), (17, 5, 7), (64, 8, 8)] {
      var random = SeededRandom(53)
      let large = BlockedShape(c, h, w, batch: 2), small = BlockedShape(c, (h + 1) / 2, (w + 1) / 2, batch: 2)
      let x = Planar(large, &random), g = Planar(small, &random)
      let input = x.blocked(halo: 1), gradient = g.blocked(halo: 1)
      verify(g.map { i, k, y, column, _ in x[i, k, 2 * y, 2 * column] }, tolerance: 0, "subsample \((c, h, w))") {
        $0.subsample(output: $1, input: input.base, outputShape: small, inputShape: large, stride: 2)
      }
      let expected = x.map { i, k, y, column, _ in y % 2 == 0 && column % 2 == 0 ? g[i, k, y / 2, column / 2] : 0 }
      verify(expected, tolerance: 0, "its adjoint \((c, h, w))") {
        $0.subsampleBackward(gradInput: $1, gradOutput: gradient.base, outputShape: small, inputShape: large, stride: 2)
      }
    }
  }

  @Test("Means of windows and aligned corners, by their definitions") func axisWeights() {
    let overlapping = AxisWeights.adaptiveAverage(inputs: 188, outputs: 112)
    for i in 0..<112 {
      let (first, end) = (i * 188 / 112, ((i + 1) * 188 + 111) / 112)
      #expect(overlapping.first[i] == first && overlapping.weights[i].count == end - first)
      #expect((2...3).contains(end - first))
    }
    #expect(AxisWeights.adaptiveAverage(inputs: 2, outputs: 4).first == [0, 0, 1, 1])
    let aligned = AxisWeights.alignedCorners(inputs: 16, outputs: 32)
    for i in 0..<32 {
      let place = Double(i) * 15 / 31
      let value = zip(aligned.weights[i], aligned.first[i]...).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      #expect(abs(value - place) < 1e-5)
    }
  }

  @Test("Linear maps along both axes, and their adjoints") func resampling() {
    for (c, from, to) in [(3, (8, 6), (4, 3)), (17, (5, 7), (3, 4)), (3, (3, 2), (6, 5)), (20, (4, 4), (8, 8))] {
      for isMean in [true, false] {
        var random = SeededRandom(54)
        let large = BlockedShape(c, from.0, from.1, batch: 2), small = BlockedShape(c, to.0, to.1, batch: 2)
        func weights(_ n: Int, _ m: Int) -> AxisWeights {
          isMean ? .adaptiveAverage(inputs: n, outputs: m) : .alignedCorners(inputs: n, outputs: m)
        }
        let rows = weights(from.0, to.0), columns = weights(from.1, to.1)
        let x = Planar(large, &random), g = Planar(small, &random)
        let input = x.blocked(halo: 1), gradient = g.blocked(halo: 1), label = "\(c) \(from) \(to) \(isMean)"
        func share(_ axis: AxisWeights, _ output: Int, _ input: Int) -> Double {
          let offset = input - axis.first[output]
          return axis.weights[output].indices.contains(offset) ? Double(axis.weights[output][offset]) : 0
        }
        let forward = g.map { i, k, y, column, _ in
          var sum = 0.0
          for a in 0..<from.0 {
            for b in 0..<from.1 { sum += share(rows, y, a) * share(columns, column, b) * x[i, k, a, b] }
          }
          return sum
        }
        verify(forward, tolerance: 2 * Tolerance.elementwise, "resample \(label)") {
          $0.resample(
            output: $1, input: input.base, rows: rows, columns: columns, outputShape: small, inputShape: large)
        }
        let backward = x.map { i, k, y, column, _ in
          var sum = 0.0
          for a in 0..<to.0 {
            for b in 0..<to.1 { sum += share(rows, a, y) * share(columns, b, column) * g[i, k, a, b] }
          }
          return sum
        }
        verify(backward, tolerance: 2 * Tolerance.elementwise, "its adjoint \(label)") {
          $0.resample(
            output: $1, input: gradient.base, rows: rows.adjoint(inputs: from.0),
            columns: columns.adjoint(inputs: from.1), outputShape: large, inputShape: small)
        }
      }
    }
  }
}
