import SIMDKernels
import TestSupport
import Testing

/// A dense layer's weights in every element type, at an address that is not a multiple of anything.
final class StoredWeights {
  let bytes: UnsafeMutableRawPointer
  let scales: [Float]
  let values: [Double]
  let weights: DenseWeights
  private let scaleMemory: UnsafeMutablePointer<Float>

  init(_ element: String, outputs: Int, inputs: Int, _ random: inout SeededRandom) {
    let count = outputs * inputs
    let size = element == "f32" ? 4 : element == "f16" ? 2 : 1
    // Exactly as many bytes as there are weights: reading past the end is for a sanitizer to find.
    bytes = UnsafeMutableRawPointer.allocate(byteCount: count * size + size, alignment: 64) + size
    scales = random.floats(outputs).map { abs($0) + 0.01 }
    scaleMemory = .allocate(capacity: outputs)
    scaleMemory.initialize(from: scales, count: outputs)
    var values: [Double] = []
    for i in 0..<count {
      switch element {
      case "f32":
        let value = random.float()
        bytes.storeBytes(of: value, toByteOffset: i * 4, as: Float.self)
        values.append(Double(value))
      case "f16":
        // Every kind of half but infinities and NaN: also subnormals and both zeros.
        var bits = UInt16(truncatingIfNeeded: random.next())
        if bits & 0x7C00 >= 0x4000 { bits &= 0xBFFF }
        bytes.storeBytes(of: bits, toByteOffset: i * 2, as: UInt16.self)
        values.append(half(bits))
      default:
        let value = Int8(truncatingIfNeeded: random.next())
        bytes.storeBytes(of: value, toByteOffset: i, as: Int8.self)
        values.append(Double(value) * Double(scales[i / inputs]))
      }
    }
    self.values = values
    let stored: DenseWeights.Element = element == "f32" ? .f32 : element == "f16" ? .f16 : .int8(scales: scaleMemory)
    weights = DenseWeights(base: bytes, element: stored, outputs: outputs, inputs: inputs)
  }

  deinit {
    let size = values.isEmpty ? 4 : weights.rowByteStride / weights.inputs
    (bytes - size).deallocate()
    scaleMemory.deallocate()
  }
}

/// IEEE 754 binary16, from its definition.
func half(_ bits: UInt16) -> Double {
  let sign = bits & 0x8000 == 0 ? 1.0 : -1.0, exponent = Int(bits >> 10 & 31), fraction = Double(bits & 0x3FF)
  func power(_ e: Int) -> Double { Double(sign: .plus, exponent: e, significand: 1) }
  return exponent == 0 ? sign * fraction * power(-24) : sign * (1 + fraction / 1024) * power(exponent - 15)
}

@Suite struct DenseTests {
  @Test("A matrix in parts gives the bits of the whole, both ways", arguments: ["f32", "f16", "int8"])
  func parts(_ element: String) {
    let (outputs, inputs, rows) = (200, 130, 2)
    var random = SeededRandom(8)
    let stored = StoredWeights(element, outputs: outputs, inputs: inputs, &random)
    let xs = DenseShape(rows: rows, columns: inputs), gs = DenseShape(rows: rows, columns: outputs)
    let x = denseBuffer(rows, inputs) { _, _ in random.float() }
    let g = denseBuffer(rows, outputs) { _, _ in random.float() }
    for tier in Kernels.availableTiers {
      let kernels = Kernels(threadCount: 2, cap: tier)
      func run(_ partRows: Int) -> [[Float]] {
        let y = GuardedBuffer(gs.elementCount), gx = GuardedBuffer(xs.elementCount)
        for first in stride(from: 0, to: outputs, by: partRows) {
          var part = stored.weights
          part.base += first * part.rowByteStride
          part.outputs = min(partRows, outputs - first)
          if case .int8(let scales) = part.element { part.element = .int8(scales: scales + first) }
          kernels.dense(
            output: y.base + first, outputRowStride: gs.rowStride, input: x.base, inputRowStride: xs.rowStride,
            rows: rows, weights: part, bias: nil, activation: .none)
          kernels.denseBackwardData(
            gradInput: gx.base, gradInputRowStride: xs.rowStride, gradOutput: g.base + first,
            gradOutputRowStride: gs.rowStride, rows: rows, weights: part, accumulates: first > 0)
        }
        #expect(y.isGuarded && gx.isGuarded)
        return [y.values, gx.values]
      }
      #expect(run(64) == run(outputs), "\(tier.rawValue)")
      #expect(run(128) == run(outputs), "\(tier.rawValue)")
    }
  }

  @Test("Forward and transposed, every element type", arguments: ["f32", "f16", "int8"])
  func dense(_ element: String) {
    for (outputs, inputs, rows) in [(1, 1, 1), (7, 5, 2), (18, 33, 3), (64, 512, 1), (130, 100, 4), (33, 2050, 2)] {
      var random = SeededRandom(UInt64(outputs * inputs))
      let stored = StoredWeights(element, outputs: outputs, inputs: inputs, &random)
      let x = denseBuffer(rows, inputs) { _, _ in random.float() }
      let g = denseBuffer(rows, outputs) { _, _ in random.float() }
      let bias = random.floats(outputs)
      let xs = DenseShape(rows: rows, columns: inputs), gs = DenseShape(rows: rows, columns: outputs)
      var y = [Double](repeating: 0, count: gs.elementCount), gx = [Double](repeating: 0, count: xs.elementCount)
      for r in 0..<rows {
        for o in 0..<outputs {
          var sum = Double(bias[o])
          for i in 0..<inputs {
            let w = stored.values[o * inputs + i]
            sum += w * Double(x.base[r * xs.rowStride + i])
            gx[r * xs.rowStride + i] += w * Double(g.base[r * gs.rowStride + o])
          }
          y[r * gs.rowStride + o] = sum > 0 ? sum : sum * Double(Float(0.2))
        }
      }
      let largest = stored.values.map { abs($0) }.max()!
      let label = "\(element) \(inputs)→\(outputs), \(rows) rows"
      verify(flat: y, tolerance: Tolerance.product, scale: largest * Double(inputs), "dense \(label)") {
        $0.dense(
          output: $1, outputRowStride: gs.rowStride, input: x.base, inputRowStride: xs.rowStride, rows: rows,
          weights: stored.weights, bias: bias, activation: .leakyReLU(slope: 0.2))
      }
      verify(flat: gx, tolerance: Tolerance.product, scale: largest * Double(outputs), "transposed \(label)") {
        $0.denseBackwardData(
          gradInput: $1, gradInputRowStride: xs.rowStride, gradOutput: g.base, gradOutputRowStride: gs.rowStride,
          rows: rows, weights: stored.weights)
      }
    }
  }

  @Test("A slice of a wider row as input: what lies beside it does not matter")
  func slicedInput() {
    var random = SeededRandom(31)
    let stored = StoredWeights("f32", outputs: 5, inputs: 9, &random)
    let wide = denseBuffer(1, 40) { _, i in i < 4 || i >= 13 ? .nan : Float(i) }
    var expected = [Double](repeating: 0, count: 16)
    for o in 0..<5 {
      for i in 0..<9 { expected[o] += stored.values[o * 9 + i] * Double(i + 4) }
    }
    verify(flat: expected, tolerance: Tolerance.product, scale: 100, "slice") {
      $0.dense(
        output: $1, outputRowStride: 16, input: wide.base + 4, inputRowStride: 48, rows: 1, weights: stored.weights,
        bias: nil, activation: .none)
    }
  }

  @Test("Pixel norm and its gradient, slices, repetitions and affine maps of columns")
  func rows() {
    var random = SeededRandom(32)
    let shape = DenseShape(rows: 3, columns: 40), narrow = DenseShape(rows: 3, columns: 17)
    let x = denseBuffer(3, 40) { _, _ in random.float() }
    let row = { (r: Int) in (0..<40).map { Double(x.base[r * shape.rowStride + $0]) } }
    let padding = [Double](repeating: 0, count: 8)
    let normed = (0..<3).flatMap { r -> [Double] in
      let mean = row(r).reduce(0) { $0 + $1 * $1 } / 40
      return row(r).map { $0 / (mean + 1e-8).squareRoot() } + padding
    }
    verify(flat: normed, tolerance: Tolerance.elementwise, "pixel norm") {
      $0.pixelNorm(output: $1, input: x.base, shape: shape, epsilon: 1e-8)
    }
    var slice = [Double](repeating: 0, count: narrow.elementCount)
    var embedded = [Double](repeating: 0, count: normed.count)
    for r in 0..<3 {
      for c in 0..<17 {
        slice[r * narrow.rowStride + c] = row(r)[5 + c]
        embedded[r * shape.rowStride + 5 + c] = row(r)[5 + c]
      }
    }
    verify(flat: slice, tolerance: 0, "slice") {
      $0.sliceColumns(output: $1, outputShape: narrow, input: x.base, inputShape: shape, start: 5)
    }
    let small = GuardedBuffer(slice.map { Float($0) })
    verify(flat: embedded, tolerance: 0, "embed") {
      $0.embedColumns(output: $1, outputShape: shape, input: small.base, inputShape: narrow, start: 5)
    }

    let g = denseBuffer(3, 40) { _, _ in random.float() }
    let gradient = (0..<3).flatMap { r -> [Double] in
      let values = row(r), gradients = (0..<40).map { Double(g.base[r * shape.rowStride + $0]) }
      let scale = 1 / (values.reduce(0) { $0 + $1 * $1 } / 40 + 1e-8).squareRoot()
      // Each entry of the Jacobian: r δ − x x r³ / 40.
      return (0..<40).map { j in
        (0..<40).reduce(0.0) { sum, i in
          let spread = values[i] * values[j] * scale * scale * scale / 40
          return sum + gradients[i] * ((i == j ? scale : 0) - spread)
        }
      } + padding
    }
    verify(flat: gradient, tolerance: Tolerance.elementwise, "pixel norm's gradient") {
      $0.pixelNormBackward(gradInput: $1, gradOutput: g.base, input: x.base, shape: shape, epsilon: 1e-8)
    }
    let none = [Float](repeating: 0, count: 8)
    let scale = random.floats(40) + none, shift = random.floats(40) + none
    for useShift in [false, true] {
      let mapped = (0..<3).flatMap { r -> [Double] in
        (0..<40).map { row(r)[$0] * Double(scale[$0]) + (useShift ? Double(shift[$0]) : 0) } + padding
      }
      verify(flat: mapped, tolerance: Tolerance.elementwise, "affine") {
        $0.columnAffine(output: $1, input: x.base, scale: scale, shift: useShift ? shift : nil, shape: shape)
      }
    }
    let wide = DenseShape(rows: 3, columns: 17 * 4)
    let tiled = (0..<3).flatMap { r -> [Double] in
      (0..<wide.rowStride).map { $0 < wide.columns ? slice[r * narrow.rowStride + $0 % 17] : 0 }
    }
    verify(flat: tiled, tolerance: 0, "repeat") {
      $0.tileColumns(output: $1, outputShape: wide, input: small.base, inputShape: narrow)
    }
  }
}
