import SIMDKernels
import TestSupport
import Testing

@Suite struct PatchTests {
  private static let cases: [(c: Int, h: Int, w: Int, windows: PatchWindows)] = [
    (3, 16, 13, PatchWindows(kernel: 11, stride: 4, padding: 2)),
    (5, 7, 9, PatchWindows(kernel: 5, stride: 1, padding: 2)),
    (3, 8, 8, PatchWindows(kernel: 7, stride: 2, padding: 3)),
    (17, 4, 3, PatchWindows(kernel: 2, stride: 2, padding: 0)),
    (1, 1, 1, PatchWindows(kernel: 5, stride: 1, padding: 2)),
    (2, 5, 5, PatchWindows(kernel: 1, stride: 3, padding: 0)),
  ]

  @Test("Windows as channels, and the adjoint") func patches() {
    for (c, h, w, windows) in Self.cases {
      var random = SeededRandom(61)
      let image = BlockedShape(c, h, w, batch: 2)
      let output = BlockedShape(c * windows.area, windows.count(h), windows.count(w), batch: 2)
      let x = Planar(image, &random), g = Planar(output, &random)
      let input = x.blocked(halo: 1), gradient = g.blocked(halo: 1), label = "\((c, h, w)) \(windows)"
      let forward = g.map { i, k, y, column, _ in
        let (channel, tap) = (k / windows.area, k % windows.area)
        return x.padded(
          i, channel, y * windows.stride + tap / windows.kernel - windows.padding,
          column * windows.stride + tap % windows.kernel - windows.padding)
      }
      verify(forward, tolerance: 0, "patches \(label)") {
        $0.gatherPatches(windows, output: $1, input: input.base, outputShape: output, inputShape: image)
      }
      var backward = Planar(2, c, h, w)
      g.forEachIndex { i, k, y, column in
        let (channel, tap) = (k / windows.area, k % windows.area)
        let row = y * windows.stride + tap / windows.kernel - windows.padding
        let place = column * windows.stride + tap % windows.kernel - windows.padding
        if row >= 0, place >= 0, row < h, place < w { backward[i, channel, row, place] += g[i, k, y, column] }
      }
      verify(backward, tolerance: 4 * Tolerance.elementwise, "their adjoint \(label)") {
        $0.gatherPatchesBackward(
          windows, gradInput: $1, gradOutput: gradient.base, outputShape: output, inputShape: image)
      }
    }
  }

  @Test("The first maximum of each window gets its gradient") func maximumPooling() {
    for (c, h, w, kernel, step) in [(3, 7, 9, 3, 2), (17, 6, 6, 2, 2), (2, 8, 5, 3, 2)] {
      var random = SeededRandom(62)
      let image = BlockedShape(c, h, w, batch: 2)
      func count(_ side: Int) -> Int { (side - kernel + step - 1) / step + 1 }
      let output = BlockedShape(c, count(h), count(w), batch: 2)
      // Few values, so that there are ties.
      let x = Planar(image, &random).map { _, _, _, _, v in (v * 3).rounded() }, g = Planar(output, &random)
      let input = x.blocked(halo: 1), gradient = g.blocked(halo: 1)
      var expected = Planar(2, c, h, w)
      g.forEachIndex { i, k, y, column in
        var best = (value: -Double.infinity, row: 0, column: 0)
        for row in y * step..<min(h, y * step + kernel) {
          for place in column * step..<min(w, column * step + kernel) where x[i, k, row, place] > best.value {
            best = (x[i, k, row, place], row, place)
          }
        }
        expected[i, k, best.row, best.column] += g[i, k, y, column]
      }
      let windows = PoolingWindows(kernel: kernel, step: step, row: 0, column: 0, rowEnd: h, columnEnd: w)
      verify(expected, tolerance: 2 * Tolerance.elementwise, "pooling \((c, h, w, kernel, step))") {
        $0.maxPoolBackward(
          windows, gradInput: $1, gradOutput: gradient.base, input: input.base, outputShape: output, inputShape: image)
      }
    }
  }

  @Test("LPIPS's distance by its definition, and its gradient; nothing where all channels are zero")
  func unitDistance() {
    for (c, h, w) in [(3, 4, 5), (17, 2, 3), (40, 1, 1)] {
      var random = SeededRandom(63)
      let shape = BlockedShape(c, h, w, batch: 2)
      var f = Planar(shape, &random)
      let g = Planar(shape, &random)
      for channel in 0..<c { f[1, channel, 0, 0] = 0 }
      let weights = (0..<shape.paddedChannels).map { $0 < c ? abs(random.float()) : 0 }
      let (first, second) = (f.blocked(halo: 1), g.blocked(halo: 1))
      func norm(_ x: Planar, _ i: Int, _ y: Int, _ z: Int) -> Double {
        (0..<c).reduce(0.0) { $0 + x[i, $1, y, z] * x[i, $1, y, z] }.squareRoot()
      }
      func unit(_ x: Planar, _ i: Int, _ k: Int, _ y: Int, _ z: Int) -> Double {
        x[i, k, y, z] / (norm(x, i, y, z) + 1e-10)
      }
      var losses = [0.0, 0.0]
      f.forEachIndex { i, k, y, z in
        let difference = unit(f, i, k, y, z) - unit(g, i, k, y, z)
        losses[i] += Double(weights[k]) * difference * difference / Double(h * w)
      }
      forEveryKernel(2, "unit distance \((c, h, w))") { kernels, output in
        let partials = UnsafeMutablePointer<Double>.allocate(capacity: kernels.unitDistancePartialCount(shape))
        defer { partials.deallocate() }
        kernels.unitDistance(
          losses: output.base, f: first.base, g: second.base, weights: weights, shape: shape, partials: partials)
      } check: { name, output in
        for i in 0..<2 { #expect(abs(Double(output.base[i]) - losses[i]) <= 1e-5 * losses[i], "\(name)") }
      }
      let upstream: [Float] = [1, 0.5]
      let gradient = f.map { i, k, y, z, value in
        let length = norm(f, i, y, z)
        if length == 0 { return 0 }
        func slope(_ k: Int) -> Double {
          2 * Double(weights[k]) * (unit(f, i, k, y, z) - unit(g, i, k, y, z)) * Double(upstream[i]) / Double(h * w)
        }
        let along = (0..<c).reduce(0.0) { $0 + slope($1) * f[i, $1, y, z] }
        return slope(k) / length - value * along / (length * length * length)
      }
      verify(gradient, tolerance: 2e-5, "its gradient \((c, h, w))") {
        $0.unitDistanceBackward(
          gradF: $1, f: first.base, g: second.base, weights: weights, upstream: upstream, shape: shape)
      }
    }
  }
}
