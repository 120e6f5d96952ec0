import KernelABI
import SIMDKernels
import TestSupport
import Testing

/// Convolutions with operands of 8 bits: sums are exact, so that every tier must give the bits of an oracle on integers.
@Suite struct Int8Tests {
  /// One output channel of one phase of upsampling (or the only one): codes by offset from the low-resolution pixel.
  private struct Column {
    var codes: [(dy: Int, dx: Int, c: Int, code: Int)] = []
    var scale: Float = 0

    /// From the definition: each output pixel's own sum of kernel elements per pixel and channel that it reads.
    init(_ test: ConvolutionCase, _ weights: [Float], output o: Int, row: Int, column: Int) {
      let k = test.form.kernel, step = test.form.enlargement
      var sums: [[Int]: Double] = [:]
      for c in 0..<test.i {
        for tap in 0..<k * k {
          if test.form == .transposed2x {
            guard tap / k % 2 == row && tap % k % 2 == column else { continue }
            sums[[-(tap / k / 2), -(tap % k / 2), c]] = Double(weights[(o * test.i + c) * k * k + tap])
            continue
          }
          // Floor division: rows above the image are halves of -1, which is -1.
          let dy = (row + tap / k - k / 2 + step) / step - 1, dx = (column + tap % k - k / 2 + step) / step - 1
          sums[[dy, dx, c], default: 0] += Double(weights[(o * test.i + c) * k * k + tap])
        }
      }
      let largest = sums.values.map { abs(Float($0)) }.max() ?? 0
      scale = largest / 127
      for (place, sum) in sums {
        let code = scale == 0 ? 0 : Int((Float(sum) / scale).rounded(.toNearestOrEven))
        codes.append((place[0], place[1], place[2], max(-127, min(127, code))))
      }
    }
  }

  /// y = activation(Float(Σ codes) · (weight's scale · image's unit) + bias), in integers up to there.
  private func oracle(_ test: ConvolutionCase, _ x: Planar, _ weights: [Float], _ bias: [Float], slope: Float) -> Planar
  {
    let step = test.form == .transposed2x ? 2 : test.form.enlargement, stride = test.form.stride
    var y = Planar(x.n, test.o, test.outputHeight, test.outputWidth)
    let columns = (0..<test.o).map { o in
      (0..<step * step).map { Column(test, weights, output: o, row: $0 / step, column: $0 % step) }
    }
    let imageCount = x.c * x.h * x.w
    for n in 0..<x.n {
      let values = x.values[n * imageCount..<(n + 1) * imageCount].map(Float.init)
      let largest = values.map(abs).max() ?? 0
      let factor = largest < 1e-30 ? 0 : 127 / largest, unit = largest < 1e-30 ? 0 : largest / 127
      let codes = values.map { Int(max(-127, min(127, $0 * factor)).rounded(.toNearestOrEven)) }
      for o in 0..<test.o {
        for row in 0..<y.h {
          for column in 0..<y.w {
            let phase = columns[o][row % step * step + column % step]
            var sum = 0
            for (dy, dx, c, code) in phase.codes {
              let sourceRow = row / step * stride + dy, sourceColumn = column / step * stride + dx
              if sourceRow < 0 || sourceColumn < 0 || sourceRow >= x.h || sourceColumn >= x.w { continue }
              sum += code * codes[(c * x.h + sourceRow) * x.w + sourceColumn]
            }
            let product = Float(Int32(sum)) * (phase.scale * unit)
            let v = product + bias[o]
            y[n, o, row, column] = Double(v > 0 ? v : v * slope)
          }
        }
      }
    }
    return y
  }

  @Test("Every tier, on any threads, gives the bits of integer arithmetic", arguments: ConvolutionCase.all)
  func exact(_ test: ConvolutionCase) {
    var random = SeededRandom(21)
    let k = test.form.kernel
    let weights = random.floats(test.o * test.i * k * k), bias = random.floats(test.o)
    let x = Planar(test.batch, test.i, test.h, test.w, &random).map { n, _, _, _, v in v * [1, 1e-3, 40][n % 3] }
    let expected = oracle(test, x, weights, bias, slope: 0.2)
    let target = BlockedShape(test.o, test.outputHeight, test.outputWidth, batch: test.batch, halo: test.outputHalo)
    let bits = expected.blocked(halo: test.outputHalo).bits
    for tier in Kernels.availableTiers {
      for threads in 1...3 {
        let output = run(Kernels(threadCount: threads, cap: tier), test, weights, x, bias, target)
        #expect(output.bits == bits, "\(tier.rawValue), \(threads) threads")
      }
    }
  }

  @Test("Stays within a percent or two of the definition", arguments: ConvolutionCase.tiled)
  func close(_ test: ConvolutionCase) {
    var random = SeededRandom(22)
    let weights = random.floats(test.o * test.i * 9), bias = [Float](repeating: 0, count: test.o)
    let x = Planar(test.batch, test.i, test.h, test.w, &random)
    let y = convolution(x, weights.map(Double.init), outputs: test.o, form: test.form)
    let target = BlockedShape(test.o, y.h, y.w, batch: test.batch, halo: test.outputHalo)
    let output = run(Kernels(threadCount: 2), test, weights, x, bias, target, slope: 1)
    var squares = 0.0, errors = 0.0
    y.forEachIndex {
      let error = Double(output.base[target.index($0, $1, $2, $3)]) - y[$0, $1, $2, $3]
      squares += y[$0, $1, $2, $3] * y[$0, $1, $2, $3]
      errors += error * error
    }
    #expect((errors / squares).squareRoot() < Tolerance.int8, "\((errors / squares).squareRoot())")
  }

  @Test("An image gives the same bits alone and in a batch")
  func batch() {
    var random = SeededRandom(23)
    let test = ConvolutionCase(form: .same(kernel: 3), o: 48, i: 32, h: 4, w: 4, batch: 3)
    let weights = random.floats(test.o * test.i * 9), bias = random.floats(test.o)
    let x = Planar(3, test.i, test.h, test.w, &random).map { n, _, _, _, v in v * [1, 1e-4, 300][n] }
    for tier in Kernels.availableTiers {
      let kernels = Kernels(threadCount: 2, cap: tier)
      let together = run(kernels, test, weights, x, bias, BlockedShape(test.o, 4, 4, batch: 3)).bits
      var single = test
      single.batch = 1
      for n in 0..<3 {
        var alone = Planar(1, test.i, test.h, test.w)
        alone.forEachIndex { alone[0, $1, $2, $3] = x[n, $1, $2, $3] }
        let bits = run(kernels, single, weights, alone, bias, BlockedShape(test.o, 4, 4)).bits
        #expect(Array(together[n * bits.count..<(n + 1) * bits.count]) == bits, "\(tier.rawValue), image \(n)")
      }
    }
  }

  /// As many channels as a file may state; with the input's offset the sums on the way leave 32 bits.
  @Test("The largest sums are right", arguments: [16, 1024, 8192])
  func largestSums(_ channels: Int) {
    let test = ConvolutionCase(form: .same(kernel: 3), o: 2, i: channels, h: 3, w: 3)
    let bias: [Float] = [0, 0]
    for sign in [Float(1), -1] {
      let x = Planar(1, channels, 3, 3).map { _, _, _, _, _ in 1 }
      let weights = [Float](repeating: sign, count: test.o * test.i * 9)
      for tier in Kernels.availableTiers {
        let output = run(
          Kernels(threadCount: 1, cap: tier), test, weights, x, bias, BlockedShape(2, 3, 3), slope: 1)
        let found = Double(output.base[BlockedShape(2, 3, 3).index(0, 1, 1, 1)])
        let exact = Double(sign) * 9 * Double(channels)
        #expect(abs(found - exact) <= 1e-6 * abs(exact), "\(tier.rawValue): \(found)")
      }
    }
  }

  @Test("Codes of a file stay the codes they are, whatever their scale", arguments: [Float(1), 0.1, 3e-5, 1234.5678])
  func storedCodes(_ scale: Float) {
    var random = SeededRandom(24)
    let test = ConvolutionCase(form: .same(kernel: 1), o: 16, i: 48, h: 2, w: 2)
    var codes = (0..<test.o * test.i).map { _ in Int(random.next() % 255) - 127 }
    for o in 0..<test.o { codes[o * test.i + o] = 127 }
    // Inputs that are codes, too: all is exact but the scales' rounding.
    let inputs = (0..<test.i * 4).map { _ in Int(random.next() % 255) - 127 }
    var x = Planar(1, test.i, 2, 2)
    for i in inputs.indices { x.values[i] = Double(inputs[i]) }
    x.values[0] = 127
    let y = convolution(x, codes.map(Double.init), outputs: test.o, form: test.form)
    let target = BlockedShape(test.o, 2, 2)
    for tier in Kernels.availableTiers {
      let output = run(
        Kernels(threadCount: 1, cap: tier), test, codes.map { Float($0) * scale }, x, [Float](repeating: 0, count: 16),
        target, slope: 1)
      y.forEachIndex {
        let exact = y[$0, $1, $2, $3] * Double(scale)
        #expect(abs(Double(output.base[target.index($0, $1, $2, $3)]) - exact) <= 4e-7 * abs(exact))
      }
    }
  }

  @Test("Zeros give the bias, and one loud channel leaves the others' outputs alone")
  func zeros() {
    let test = ConvolutionCase(form: .same(kernel: 3), o: 32, i: 16, h: 5, w: 4)
    var random = SeededRandom(25)
    let weights = random.floats(test.o * test.i * 9), bias = random.floats(test.o)
    var loud = weights
    for i in test.i * 9..<2 * test.i * 9 { loud[i] *= 1e5 }  // output channel 1
    let x = Planar(1, test.i, test.h, test.w, &random), target = BlockedShape(test.o, test.h, test.w)
    for tier in Kernels.availableTiers {
      let kernels = Kernels(threadCount: 1, cap: tier)
      let before = run(kernels, test, weights, x, bias, target)
      let after = run(kernels, test, loud, x, bias, target)
      let silent = run(kernels, test, weights, x.map { _, _, _, _, _ in 1e-35 }, bias, target, slope: 1)
      x.forEachIndex { _, _, row, column in
        for o in 0..<test.o {
          let place = target.index(0, o, row, column)
          if o != 1 { #expect(before.base[place].bitPattern == after.base[place].bitPattern) }
          #expect(silent.base[place] == bias[o])
        }
      }
    }
  }

  @Test(
    "What is not finite stays visible: in all of an output channel, or in all of an image",
    arguments: [Float.nan, .infinity])
  func notFinite(_ bad: Float) {
    var random = SeededRandom(27)
    for form in [ConvolutionForm.same(kernel: 3), .same(kernel: 1), .upsample2x] {
      let test = ConvolutionCase(form: form, o: 40, i: 48, h: 8, w: 8, batch: 2)
      let area = form.kernel * form.kernel
      let weights = random.floats(test.o * test.i * area), bias = random.floats(test.o)
      let x = Planar(2, test.i, test.h, test.w, &random), y = Planar(2, test.o, test.outputHeight, test.outputWidth)
      let target = BlockedShape(test.o, y.h, y.w, batch: 2)
      for tier in Kernels.availableTiers {
        let kernels = Kernels(threadCount: 2, cap: tier)
        let plain = run(kernels, test, weights, x, bias, target)
        for (o, c) in [(0, 0), (20, 17), (39, 47)] {
          var wrong = weights
          wrong[(o * test.i + c) * area + area / 2] = bad
          let output = run(kernels, test, wrong, x, bias, target)
          var wrongPixel = x
          wrongPixel[1, c, 2, 1] = Double(bad)
          let image = run(kernels, test, weights, wrongPixel, bias, target)
          var surprises = (weight: 0, pixel: 0, other: 0)
          y.forEachIndex { n, channel, row, column in
            let place = target.index(n, channel, row, column)
            if output.base[place].isFinite != (channel != o) { surprises.weight += 1 }
            if n == 1 {
              if image.base[place].isFinite { surprises.pixel += 1 }
            } else if image.base[place].bitPattern != plain.base[place].bitPattern {
              surprises.other += 1
            }
          }
          #expect(surprises == (0, 0, 0), "\(tier.rawValue), \(form), \((o, c))")
        }
      }
    }
  }

  @Test("The largest magnitude of what is not finite is not a number")
  func largestNotFinite() {
    for tier in Kernels.availableTiers {
      let int8 = Kernels(threadCount: 1, cap: tier).table.int8
      for bad in [Float.nan, -.nan, .infinity, -.infinity] {
        for place in [0, 15, 16, 47] {
          let source = GuardedBuffer((0..<48).map { $0 == place ? bad : Float($0) })
          #expect(int8.largestMagnitude(source.base, 3).isNaN, "\(tier.rawValue): \(bad) at \(place)")
        }
      }
    }
  }

  @Test("Codes are the nearest integers, ties to even, from -127 to 127, plus the offset")
  func quantize() {
    var random = SeededRandom(26)
    var values: [Float] = [0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, 126.5, 127.4, 127.5, 128, 1e9, -127.5, -128, -1e30]
    values += random.floats(64 - values.count).map { $0 * 130 }
    let source = GuardedBuffer(values), bytes = GuardedBuffer(values.count / 4)
    let target = UnsafeMutableRawPointer(bytes.base).assumingMemoryBound(to: UInt8.self)
    for tier in Kernels.availableTiers {
      let int8 = Kernels(threadCount: 1, cap: tier).table.int8
      #expect(int8.largestMagnitude(source.base, 4) == 1e30)
      #expect(int8.largestMagnitude(source.base + 16, 3) == values[16...].map(abs).max())
      for (factor, offset) in [(Float(1), UInt8(0)), (1, 128), (0.25, 0), (0, 128)] {
        int8.quantize(target, source.base, factor, offset, 4)
        #expect(bytes.isGuarded)
        for (i, value) in values.enumerated() {
          let code = Int(max(-127, min(127, (value * factor).rounded(.toNearestOrEven))))
          #expect(target[i] == UInt8(truncatingIfNeeded: code + Int(offset)), "\(tier.rawValue): \(value) · \(factor)")
        }
      }
    }
  }

  private func run(
    _ kernels: Kernels, _ test: ConvolutionCase, _ weights: [Float], _ x: Planar, _ bias: [Float],
    _ target: BlockedShape, slope: Float = 0.2
  ) -> GuardedBuffer {
    let input = x.blocked(halo: 1)
    let paddedBias = GuardedBuffer(bias + [Float](repeating: 0, count: (16 - test.o % 16) % 16))
    let packed = try! PackedConvolution(
      weights: weights, outputChannels: test.o, inputChannels: test.i, form: test.form, direction: .forward,
      kernels: kernels, algorithm: .int8)
    let plan = ConvolutionPlan(
      packed, input: BlockedShape(x.c, x.h, x.w, batch: x.n), output: target, kernels: kernels)
    let workspace = GuardedBuffer(plan.workspaceByteCount / 4), output = GuardedBuffer(target.elementCount)
    kernels.convolve(
      plan, input: input.base, output: output.base, bias: paddedBias.base, activation: .leakyReLU(slope: slope),
      workspace: workspace.base)
    #expect(workspace.isGuarded && output.isGuarded, "wrote outside of its memory")
    return output
  }
}
