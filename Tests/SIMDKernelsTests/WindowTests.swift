import SIMDKernels
import TestSupport
import Testing

@Suite struct WindowTests {
  @Test("Parametric ReLU has a slope for each channel, in place too")
  func parametricReLU() {
    for (c, h, w) in awkwardShapes {
      var random = SeededRandom(31)
      let shape = BlockedShape(c, h, w, batch: 2)
      let x = Planar(shape, &random), input = x.blocked(halo: 1)
      let slopes = (0..<shape.paddedChannels).map { $0 < c ? Float($0 % 7) / 5 - 0.4 : 0 }
      let expected = x.map { _, k, _, _, v in v > 0 ? v : Double(slopes[k]) * v }
      verify(expected, tolerance: Tolerance.elementwise, "prelu \((c, h, w))") {
        $0.parametricReLU(output: $1, input: input.base, slopes: slopes, shape: shape)
      }
      verify(expected, tolerance: Tolerance.elementwise, "prelu in place \((c, h, w))") {
        $1.update(from: input.base, count: shape.elementCount)
        $0.parametricReLU(output: $1, input: $1, slopes: slopes, shape: shape)
      }
    }
  }

  @Test("Maximum pooling of a region clips its last windows")
  func windows() {
    let cases: [(c: Int, h: Int, w: Int, kernel: Int, step: Int, inset: Int)] = [
      (3, 9, 12, 2, 2, 1), (17, 24, 24, 3, 2, 1), (1, 11, 8, 3, 2, 1), (20, 7, 7, 2, 2, 0), (5, 4, 4, 1, 1, 0),
      (5, 3, 3, 1, 1, 1), (2, 6, 5, 3, 2, 0),
    ]
    for (c, h, w, kernel, step, inset) in cases {
      // The region may end before the tensor: as known only at run time.
      for (rowEnd, columnEnd) in [(h - inset, w - inset), (h - inset - 1, w - inset - 1), (inset, w)] {
        var random = SeededRandom(32)
        let shape = BlockedShape(c, h, w, batch: 2)
        let x = Planar(shape, &random), input = x.blocked(halo: 1)
        // PyTorch's count with `ceil_mode`.
        func count(_ length: Int) -> Int { length < 1 ? 0 : (max(0, length - kernel) + step - 1) / step + 1 }
        let output = BlockedShape(c, count(h - 2 * inset), count(w - 2 * inset), batch: 2)
        let places = (count(min(rowEnd, h) - inset), count(min(columnEnd, w) - inset))
        let expected = Planar(output, &random).map { i, k, y, column, _ in
          guard y < places.0, column < places.1 else { return 0 }
          var best: Double?
          for row in y * step + inset..<y * step + inset + kernel where row < min(rowEnd, h) {
            for place in column * step + inset..<column * step + inset + kernel where place < min(columnEnd, w) {
              best = max(best ?? -.infinity, x[i, k, row, place])
            }
          }
          return best ?? 0
        }
        let windows = PoolingWindows(
          kernel: kernel, step: step, row: inset, column: inset, rowEnd: rowEnd, columnEnd: columnEnd)
        verify(expected, tolerance: 0, "windows \((c, h, w, kernel, step, inset, rowEnd))") {
          $0.maxPool(windows, output: $1, input: input.base, outputShape: output, inputShape: shape)
        }
      }
    }
  }
}
