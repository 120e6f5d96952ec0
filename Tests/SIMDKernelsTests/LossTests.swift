import SIMDKernels
import TestSupport
import Testing

@Suite struct LossTests {
  @Test("Mean squared error per image and its gradient")
  func images() {
    for (c, h, w) in awkwardShapes {
      var random = SeededRandom(41)
      let shape = BlockedShape(c, h, w, batch: 2)
      let a = Planar(shape, &random), b = Planar(shape, &random)
      let left = a.blocked(halo: 1), right = b.blocked(halo: 1)
      let size = c * h * w, weight: [Float] = [0.5, 2]
      var losses = [0.0, 0.0]
      for i in a.values.indices {
        let difference = a.values[i] - b.values[i]
        losses[i / size] += difference * difference / Double(size)
      }
      verify(flat: losses, tolerance: Tolerance.loss, "loss \((c, h, w))") { kernels, output in
        let partials = UnsafeMutablePointer<Double>.allocate(capacity: kernels.meanSquaredErrorPartialCount(shape))
        defer { partials.deallocate() }
        kernels.squaredErrors(partials: partials, a: left.base, b: right.base, shape: shape)
        kernels.meanSquaredError(losses: output, partials: partials, shape: shape)
      }
      let gradient = a.map { i, k, y, x, v in 2 * (v - b[i, k, y, x]) / Double(size) * Double(weight[i]) }
      verify(gradient, tolerance: Tolerance.elementwise, "gradient of a \((c, h, w))") {
        $0.meanSquaredErrorBackward(gradA: $1, a: left.base, b: right.base, weight: weight, shape: shape)
      }
      verify(gradient.map { _, _, _, _, v in -v }, tolerance: Tolerance.elementwise, "gradient of b, in place") {
        $1.update(from: right.base, count: shape.elementCount)
        $0.meanSquaredErrorBackward(gradA: $1, a: $1, b: left.base, weight: weight, shape: shape)
      }
    }
  }

  @Test("The same for dense rows")
  func rows() {
    for columns in [1, 17, 512, 5000] {
      var random = SeededRandom(42)
      let shape = DenseShape(rows: 2, columns: columns), weight: [Float] = [1, 3]
      let a = denseBuffer(2, columns) { _, _ in random.float() }, b = denseBuffer(2, columns) { _, _ in random.float() }
      let difference = (0..<shape.elementCount).map { Double(a.base[$0]) - Double(b.base[$0]) }
      var losses = [0.0, 0.0]
      for (i, d) in difference.enumerated() { losses[i / shape.rowStride] += d * d / Double(columns) }
      verify(flat: losses, tolerance: Tolerance.loss, "loss of \(columns)") { kernels, output in
        let partials = UnsafeMutablePointer<Double>.allocate(capacity: kernels.meanSquaredErrorPartialCount(shape))
        defer { partials.deallocate() }
        kernels.meanSquaredError(losses: output, a: a.base, b: b.base, shape: shape, partials: partials)
      }
      let gradient = difference.indices.map { i in
        2 * difference[i] / Double(columns) * Double(weight[i / shape.rowStride])
      }
      verify(flat: gradient, tolerance: Tolerance.elementwise, "gradient of \(columns)") {
        $0.meanSquaredErrorBackward(gradA: $1, a: a.base, b: b.base, weight: weight, shape: shape)
      }
    }
  }
}
