import SIMDKernels
import TestSupport
import Testing

/// Kernels of modulated convolutions and of networks with PReLU.
@Suite struct ModulationTests {
  /// A layer's constants: strength and bias padded with zeros, and a row of factors for each of two images.
  private struct Layer {
    let shape: BlockedShape
    let noise: [Float], strength: [Float], bias: [Float]
    let factors: GuardedBuffer
    let slope = 0.2

    init(_ shape: BlockedShape, _ random: inout SeededRandom) {
      self.shape = shape
      let padding = [Float](repeating: 0, count: shape.paddedChannels - shape.channels)
      noise = random.floats(shape.pixelCount)
      strength = random.floats(shape.channels) + padding
      bias = random.floats(shape.channels) + padding
      var values: [Float] = []
      for _ in 0..<shape.batch * shape.channels { values.append(random.float() * 0.5 + 1.25) }
      factors = denseBuffer(shape.batch, shape.channels) { values[$0 * shape.channels + $1] }
    }

    var rowStride: Int { DenseShape(rows: 1, columns: shape.channels).rowStride }
    func factor(_ image: Int, _ channel: Int) -> Double { Double(factors.base[image * rowStride + channel]) }
    func shift(_ k: Int, _ y: Int, _ x: Int) -> Double {
      Double(strength[k]) * Double(noise[y * shape.width + x]) + Double(bias[k])
    }
    func output(_ i: Int, _ k: Int, _ y: Int, _ x: Int, _ value: Double, limit: Double) -> Double {
      let z = factor(i, k) * value + shift(k, y, x)
      return min(limit, max(-limit, z > 0 ? z : slope * z))
    }

    /// Calls `body` with the layer as the kernels take it.
    func withFunction(limit: Float, _ body: (ModulatedActivation) -> Void) {
      noise.withUnsafeBufferPointer { noise in
        strength.withUnsafeBufferPointer { strength in
          bias.withUnsafeBufferPointer { bias in
            body(
              ModulatedActivation(
                noise: noise.baseAddress!, noiseStrength: strength.baseAddress!, bias: bias.baseAddress!,
                activation: .leakyReLU(slope: Float(slope)), limit: limit))
          }
        }
      }
    }
  }

  @Test("Scale, noise, bias, activation and clamp, and their gradients", arguments: [Float.infinity, 0.75])
  func activation(_ limit: Float) {
    for (c, h, w) in awkwardShapes {
      var random = SeededRandom(UInt64(41 + c))
      let shape = BlockedShape(c, h, w, batch: 2), layer = Layer(shape, &random)
      let x = Planar(shape, &random), g = Planar(shape, &random)
      let input = x.blocked(halo: 1), gradient = g.blocked(halo: 1)
      let y = x.map { layer.output($0, $1, $2, $3, $4, limit: Double(limit)) }
      let output = y.blocked(halo: 1), label = "\((c, h, w)), limit \(limit)"
      layer.withFunction(limit: limit) { function in
        verify(y, tolerance: 2 * Tolerance.elementwise, "activate \(label)") {
          $0.activateModulated(
            output: $1, input: input.base, factors: layer.factors.base, factorRowStride: layer.rowStride, function,
            shape: shape)
        }
        // The side of the kink and of the limit is that of the rounded output.
        let local = g.map { i, k, row, column, value in
          let y = Double(Float(y[i, k, row, column]))
          return abs(y) < Double(limit) ? value * (y > 0 ? 1 : layer.slope) : 0
        }
        verify(
          local.map { i, k, _, _, v in v * layer.factor(i, k) }, tolerance: Tolerance.elementwise,
          "activate backward, in place \(label)"
        ) {
          $1.update(from: gradient.base, count: shape.elementCount)
          $0.activateModulatedBackward(
            gradInput: $1, gradOutput: $1, output: output.base, factors: layer.factors.base,
            factorRowStride: layer.rowStride, function, shape: shape)
        }
        var sums = [Double](repeating: 0, count: 2 * layer.rowStride), scale = 1e-30
        local.forEachIndex { i, k, row, column in
          let value = Double(Float(y[i, k, row, column])), z = value > 0 ? value : value / layer.slope
          let term = local[i, k, row, column] * (z - layer.shift(k, row, column)) / layer.factor(i, k)
          sums[i * layer.rowStride + k] += term
          scale = max(scale, abs(local[i, k, row, column]) * (abs(z) + 2))
        }
        verify(
          flat: sums, tolerance: Tolerance.product, scale: scale * Double(h * w), "gradient of the factors \(label)"
        ) {
          $0.activateModulatedFactorGradient(
            gradFactors: $1, gradOutput: gradient.base, output: output.base, factors: layer.factors.base,
            factorRowStride: layer.rowStride, function, shape: shape)
        }
      }
    }
  }

  @Test("What is not finite shows, clamp or not") func notFinite() {
    var random = SeededRandom(42)
    let shape = BlockedShape(1, 1, 3), layer = Layer(shape, &random)
    for (limit, value) in [(Float.infinity, Float.nan), (0.5, .nan), (0.5, .infinity)] {
      let input = GuardedBuffer([Float](repeating: 0, count: shape.elementCount))
      input.base[shape.index(0, 0, 0, 1)] = value
      layer.withFunction(limit: limit) { function in
        forEveryKernel(shape.elementCount, "not finite") { kernels, output in
          kernels.activateModulated(
            output: output.base, input: input.base, factors: layer.factors.base, factorRowStride: layer.rowStride,
            function, shape: shape)
        } check: { name, output in
          #expect(output.base[shape.index(0, 0, 0, 1)].isNaN, "\(name)")
          #expect(output.base[shape.index(0, 0, 0, 0)].isFinite, "\(name)")
        }
      }
    }
  }

  @Test("Channels scaled by a row for each image, by constants; sums and means of channels")
  func channels() {
    for (c, h, w) in awkwardShapes {
      var random = SeededRandom(UInt64(43 + c))
      let shape = BlockedShape(c, h, w, batch: 2), layer = Layer(shape, &random), label = "\((c, h, w))"
      let a = Planar(shape, &random), b = Planar(shape, &random)
      let left = a.blocked(halo: 1), right = b.blocked(halo: 1)
      verify(a.map { i, k, _, _, v in v * layer.factor(i, k) }, tolerance: Tolerance.elementwise, "scale \(label)") {
        $0.scaleChannels(
          output: $1, input: left.base, factors: layer.factors.base, factorRowStride: layer.rowStride, shape: shape)
      }
      verify(
        a.map { _, k, _, _, v in v * Double(layer.strength[k]) + Double(layer.bias[k]) },
        tolerance: Tolerance.elementwise, "affine \(label)"
      ) { kernels, output in
        kernels.affineChannels(
          output: output, input: left.base, scale: layer.strength, shift: layer.bias, shape: shape)
      }
      var products = [Double](repeating: 0, count: 2 * layer.rowStride), means = products
      a.forEachIndex { i, k, y, x in
        products[i * layer.rowStride + k] += a[i, k, y, x] * b[i, k, y, x]
        means[i * layer.rowStride + k] += a[i, k, y, x] / Double(h * w)
      }
      verify(flat: products, tolerance: Tolerance.product, scale: Double(h * w), "products \(label)") {
        $0.channelProducts(sums: $1, sumsRowStride: layer.rowStride, a: left.base, b: right.base, shape: shape)
      }
      verify(flat: means, tolerance: Tolerance.statistics, scale: 1, "means \(label)") {
        $0.channelMeans(means: $1, meansRowStride: layer.rowStride, input: left.base, shape: shape)
      }
      verify(
        a.map { i, k, _, _, _ in layer.factor(i, k) / Double(h * w) }, tolerance: Tolerance.elementwise,
        "means backward \(label)"
      ) {
        $0.channelMeansBackward(
          gradInput: $1, gradMeans: layer.factors.base, gradRowStride: layer.rowStride, shape: shape)
      }
      verify(
        a.map { i, k, y, x, v in b[i, k, y, x] > 0 ? v : v * Double(layer.strength[k]) },
        tolerance: Tolerance.elementwise, "PReLU backward \(label)"
      ) { kernels, output in
        kernels.parametricReLUBackward(
          gradInput: output, gradOutput: left.base, input: right.base, slopes: layer.strength, shape: shape)
      }
    }
  }

  @Test("Demodulation and its gradient, of every type of weights") func demodulation() {
    for (inputs, outputs) in [(1, 1), (17, 20), (64, 48)] {
      var random = SeededRandom(44)
      let squares = (0..<outputs * inputs).map { _ in abs(random.float()) }
      let styles = random.floats(2 * inputs), incoming = random.floats(2 * outputs)
      let from = DenseShape(rows: 2, columns: inputs), to = DenseShape(rows: 2, columns: outputs)
      let style = denseBuffer(2, inputs) { styles[$0 * inputs + $1] }
      let g = denseBuffer(2, outputs) { incoming[$0 * outputs + $1] }
      var d = [Double](repeating: 0, count: to.elementCount)
      for row in 0..<2 {
        for o in 0..<outputs {
          let sum = (0..<inputs).reduce(1e-8) {
            $0 + Double(squares[o * inputs + $1]) * Double(styles[row * inputs + $1])
              * Double(styles[row * inputs + $1])
          }
          d[row * to.rowStride + o] = 1.5 / sum.squareRoot()
        }
      }
      var gradient = [Double](repeating: 0, count: from.elementCount)
      for row in 0..<2 {
        for i in 0..<inputs {
          let sum = (0..<outputs).reduce(0.0) {
            let factor = d[row * to.rowStride + $1]
            return $0 + Double(incoming[row * outputs + $1]) * factor * factor * factor
              * Double(squares[$1 * inputs + i])
          }
          gradient[row * from.rowStride + i] = -sum * Double(styles[row * inputs + i]) / 2.25
        }
      }
      let output = GuardedBuffer(d.map { Float($0) })
      squares.withUnsafeBytes { bytes in
        let weights = DenseWeights(base: bytes.baseAddress!, element: .f32, outputs: outputs, inputs: inputs)
        verify(flat: d, tolerance: Tolerance.product, "demodulation \(inputs) \(outputs)") { kernels, target in
          let scratch = GuardedBuffer(from.elementCount)
          kernels.demodulate(
            output: target, outputShape: to, styles: style.base, stylesShape: from, squares: weights, gain: 1.5,
            epsilon: 1e-8, scratch: scratch.base)
        }
        verify(flat: gradient, tolerance: 5 * Tolerance.product, "its gradient \(inputs) \(outputs)") {
          kernels, target in
          let scratch = GuardedBuffer(to.elementCount)
          kernels.demodulateBackward(
            gradStyles: target, stylesShape: from, gradOutput: g.base, output: output.base, outputShape: to,
            styles: style.base, squares: weights, gain: 1.5, scratch: scratch.base)
        }
      }
    }
  }
}
