import KernelABI
import TestSupport
import Testing

@testable import SIMDKernels

/// Direct convolutions with 16-bit operands, in the tiers that have them.
@Suite struct ReducedDirectTests {
  private static var tiers: [Tier] {
    Kernels.availableTiers.filter { Kernels(threadCount: 1, cap: $0).table.reducedDirect != nil }
  }

  /// How the weights are held.
  private enum Holding: CaseIterable {
    case packed
    /// Words that both directions share, or halves that become words.
    case words, halves
  }

  @Test(
    "Agrees with the definition, both directions, however weights are held, with the same bits on any threads",
    arguments: ConvolutionCase.all)
  func convolution(_ test: ConvolutionCase) {
    var random = SeededRandom(41)
    let k = test.form.kernel
    let weights = random.floats(test.o * test.i * k * k), doubles = weights.map(Double.init)
    let x = Planar(test.batch, test.i, test.h, test.w, &random)
    let g = Planar(test.batch, test.o, test.outputHeight, test.outputWidth, &random)
    let y = SIMDKernelsTests.convolution(x, doubles, outputs: test.o, form: test.form)
    let gx = convolutionBackward(g, doubles, inputs: test.i, form: test.form)
    for tier in Self.tiers {
      for (direction, from, to) in [(Direction.forward, x, y), (.backwardData, g, gx)] {
        for holding in Holding.allCases where holding != .words || !test.form.foldsTaps {
          var first: [UInt32]?
          for threads in 1...3 {
            let kernels = Kernels(threadCount: threads, cap: tier)
            let output = run(kernels, test, direction, weights, from, to, holding, halo: test.outputHalo)
            let label = "\(tier.rawValue), \(direction), \(holding), \(threads) threads"
            if let first {
              #expect(output.bits == first, "\(label): differs from one thread")
            } else {
              first = output.bits
              expectClose(output, to, halo: test.outputHalo, label)
            }
          }
        }
      }
    }
  }

  @Test("Words that lie in compact weights give the bits of packed ones")
  func sameWords() {
    var random = SeededRandom(42)
    let test = ConvolutionCase(form: .same(kernel: 3), o: 80, i: 48, h: 4, w: 4)
    let weights = random.floats(test.o * test.i * 9)
    let x = Planar(1, test.i, 4, 4, &random), y = Planar(1, test.o, 4, 4)
    for tier in Self.tiers {
      let kernels = Kernels(threadCount: 2, cap: tier)
      let packed = run(kernels, test, .forward, weights, x, y, .packed, halo: 1).bits
      #expect(run(kernels, test, .forward, weights, x, y, .words, halo: 1).bits == packed)
    }
  }

  /// Blocks of pixels that span images, and images that take several.
  @Test("An image gives the same bits alone and in a batch", arguments: [(4, 6), (8, 4), (24, 3)])
  func batch(_ side: Int, _ batch: Int) {
    var random = SeededRandom(43)
    let test = ConvolutionCase(form: .same(kernel: 3), o: 48, i: 32, h: side, w: side, batch: batch)
    let weights = random.floats(test.o * test.i * 9)
    // Images of very different sizes: a scale for the whole batch would show.
    let x = Planar(batch, test.i, side, side, &random).map { n, _, _, _, v in v * [1, 1e-4, 300, 0][n % 4] }
    let all = Planar(batch, test.o, side, side), one = Planar(1, test.o, side, side)
    for tier in Self.tiers {
      for threads in [1, 3] {
        let kernels = Kernels(threadCount: threads, cap: tier)
        let together = run(kernels, test, .forward, weights, x, all, .words, halo: 0).bits
        for n in 0..<batch {
          var alone = Planar(1, test.i, side, side)
          alone.forEachIndex { alone[0, $1, $2, $3] = x[n, $1, $2, $3] }
          let bits = run(kernels, test, .forward, weights, alone, one, .words, halo: 0).bits
          #expect(Array(together[n * bits.count..<(n + 1) * bits.count]) == bits, "\(tier.rawValue), image \(n)")
        }
      }
    }
  }

  /// Sums of one sign, as large as they get, must not leave 32 bits, in either direction.
  @Test("Sums of the largest operands do not overflow", arguments: [3, 16, 512, 2048])
  func largestSums(_ channels: Int) {
    for form in [ConvolutionForm.same(kernel: 1), .same(kernel: 3), .downsample2x, .transposed2x] {
      let forward = ConvolutionCase(form: form, o: 16, i: channels, h: 4, w: 4)
      let backward = ConvolutionCase(form: form, o: channels, i: 16, h: 4, w: 4)
      let x = Planar(1, channels, 4, 4).map { _, _, _, _, _ in 1 }
      let g = Planar(1, channels, backward.outputHeight, backward.outputWidth).map { _, _, _, _, _ in 1 }
      for weight in [Float(1), -0.37] {
        let weights = [Float](repeating: weight, count: 16 * channels * form.kernel * form.kernel)
        let doubles = weights.map(Double.init)
        let y = SIMDKernelsTests.convolution(x, doubles, outputs: 16, form: forward.form)
        let gx = convolutionBackward(g, doubles, inputs: 16, form: backward.form)
        for tier in Self.tiers {
          let kernels = Kernels(threadCount: 2, cap: tier)
          for holding in Holding.allCases {
            let output = run(kernels, forward, .forward, weights, x, y, holding, halo: 1)
            expectClose(output, y, halo: 1, "\(tier.rawValue), \(holding), \(weight)")
            let gradient = run(kernels, backward, .backwardData, weights, g, gx, holding, halo: 1)
            expectClose(gradient, gx, halo: 1, "\(tier.rawValue), \(holding), \(weight), backward")
          }
        }
      }
    }
  }

  @Test("One loud output channel, in either direction, leaves the others as exact as before")
  func loud() {
    var random = SeededRandom(44)
    let test = ConvolutionCase(form: .same(kernel: 3), o: 48, i: 32, h: 4, w: 4)
    var weights = random.floats(test.o * test.i * 9)
    for i in 0..<test.i * 9 { weights[i] = 0 }  // output channel 0
    for i in test.i * 9..<2 * test.i * 9 { weights[i] *= 1e5 }  // output channel 1
    let doubles = weights.map(Double.init)
    let x = Planar(1, test.i, 4, 4, &random)
    let y = SIMDKernelsTests.convolution(x, doubles, outputs: test.o, form: test.form)
    // A gradient that does not come from the loud channel.
    let g = Planar(1, test.o, 4, 4, &random).map { _, o, _, _, v in o == 1 ? v * 1e-5 : v }
    let gx = convolutionBackward(g, doubles, inputs: test.i, form: test.form)
    let blocked = BlockedShape(test.o, 4, 4, halo: 0)
    for tier in Self.tiers {
      let kernels = Kernels(threadCount: 1, cap: tier)
      for holding in [Holding.packed, .words] {
        let output = run(kernels, test, .forward, weights, x, y, holding, halo: 0)
        var worst = 0.0
        y.forEachIndex { n, o, row, column in
          let value = Double(output.base[blocked.index(n, o, row, column)])
          if o == 0 { #expect(value == 0) }
          if o > 1 { worst = max(worst, abs(value - y[n, o, row, column])) }
        }
        #expect(worst < Tolerance.reduced * 9 * Double(test.i) / 4, "\(tier.rawValue), \(holding): off by \(worst)")
      }
      expectClose(
        run(kernels, test, .backwardData, weights, g, gx, .words, halo: 0), gx, halo: 0, "\(tier.rawValue), backward")
    }
  }

  @Test("What is not finite stays visible", arguments: [Float.nan, .infinity])
  func notFinite(_ bad: Float) {
    var random = SeededRandom(45)
    let test = ConvolutionCase(form: .same(kernel: 3), o: 40, i: 48, h: 4, w: 4)
    let weights = random.floats(test.o * test.i * 9)
    let x = Planar(1, test.i, 4, 4, &random), y = Planar(1, test.o, 4, 4), target = BlockedShape(test.o, 4, 4)
    for tier in Self.tiers {
      let kernels = Kernels(threadCount: 2, cap: tier)
      for holding in Holding.allCases {
        var wrong = weights
        wrong[(20 * test.i + 17) * 9 + 4] = bad
        let output = run(kernels, test, .forward, wrong, x, y, holding, halo: 1)
        var surprises = 0
        y.forEachIndex { n, o, row, column in
          if output.base[target.index(n, o, row, column)].isFinite != (o != 20) { surprises += 1 }
        }
        #expect(surprises == 0, "\(tier.rawValue), \(holding), weight")
        var wrongPixel = x
        wrongPixel[0, 17, 2, 1] = Double(bad)
        let around = run(kernels, test, .forward, weights, wrongPixel, y, holding, halo: 1)
        #expect(!around.base[target.index(0, 0, 2, 1)].isFinite && !around.base[target.index(0, 39, 1, 0)].isFinite)
      }
    }
  }

  @Test("Sizes can be had without touching a weight")
  func planning() {
    for tier in Self.tiers {
      let kernels = Kernels(threadCount: 2, cap: tier).planning
      let compact = try! CompactWeights(outputs: 48, inputs: 40, kernel: 3, element: .word, kernels: kernels) { _ in
        Issue.record("asked for weights")
        return []
      }
      #expect(compact.byteCount == 48 * 48 * 9 * 2)
      for direction in [Direction.forward, .backwardData] {
        let packed = try! PackedConvolution(
          compact, form: .same(kernel: 3), direction: direction, kernels: kernels, algorithm: .reducedDirect)
        #expect(packed.byteCount == 0 && packed.readByteCount == 48 * 48 * 9 * 2)
      }
    }
  }

  // MARK: Kernels by themselves

  @Test(
    "Sums are the integers' own, and totals add up over chunks",
    arguments: [(1, 8), (4, 8), (9, 8), (9, 2), (1, 1)])
  func products(_ taps: Int, _ pairs: Int) throws {
    var random = SeededRandom(46)
    let blocks = 2, stride = 40 * 16
    for tier in Self.tiers {
      let direct = try #require(Kernels(threadCount: 1, cap: tier).table.reducedDirect)
      for gemm in [direct.wideGemm, direct.narrowGemm] {
        let rows = 2 * gemm.mr, nr = gemm.nr, lanes = nr / 16
        func words(_ count: Int, _ most: Int) -> [Int] {
          (0..<count).map { _ in Int(random.next() % UInt64(2 * most + 1)) - most }
        }
        let input = words(blocks * stride, 3000), panel = words(blocks * taps * 2 * pairs * nr, 300)
        let tapOffsets = (0..<taps).map { Int32($0 * 16) }, pixels = (0..<rows).map { Int32($0 * 16) }
        let inputWords = input.map { UInt16(bitPattern: Int16($0)) }
        let panelWords = panel.map { UInt16(bitPattern: Int16($0)) }
        let rowScales = GuardedBuffer(random.floats(rows)), columnScales = GuardedBuffer(random.floats(nr))
        let bias = GuardedBuffer(random.floats(nr))
        let output = GuardedBuffer(lanes * rows * 16), slope: Float = 0.2
        func run(isFirst: Bool, isLast: Bool) {
          inputWords.withUnsafeBufferPointer { input in
            panelWords.withUnsafeBufferPointer { panel in
              tapOffsets.withUnsafeBufferPointer { tapOffsets in
                pixels.withUnsafeBufferPointer { pixels in
                  var arguments = ReducedTapGemmArguments(
                    input: input.baseAddress!, inputBlockStride: stride, blocks: blocks, pairs: pairs,
                    taps: taps, tapOffsets: tapOffsets.baseAddress!, inputPixels: pixels.baseAddress!,
                    outputPixels: pixels.baseAddress!, tiles: 2, panel: panel.baseAddress!, output: output.base,
                    outputBlockStride: rows * 16, rowScales: rowScales.base,
                    columnScales: isLast ? UnsafePointer(columnScales.base) : nil, bias: bias.base, slope: slope)
                  arguments.isFirst = isFirst
                  gemm.run(&arguments)
                }
              }
            }
          }
        }
        func sum(_ row: Int, _ n: Int) -> Int {
          var sum = 0
          for b in 0..<blocks {
            for t in 0..<taps {
              for c in 0..<2 * pairs {
                let place = (((b * taps + t) * pairs + c / 2) * nr + n) * 2 + c % 2
                sum += input[b * stride + row * 16 + t * 16 + c] * panel[place]
              }
            }
          }
          return sum
        }
        func expect(_ label: String, _ value: (_ sum: Double, _ row: Int, _ n: Int) -> Double) {
          #expect(output.isGuarded)
          for row in 0..<rows {
            for n in 0..<nr {
              let expected = value(Double(sum(row, n)), row, n)
              let found = Double(output.base[(n / 16 * rows + row) * 16 + n % 16])
              #expect(abs(found - expected) <= 4e-7 * max(1, abs(expected)), "\(label), row \(row), column \(n)")
            }
          }
        }
        run(isFirst: true, isLast: false)
        expect("first") { sum, _, _ in Double(Float(sum)) }
        run(isFirst: false, isLast: false)
        expect("second") { sum, _, _ in 2 * Double(Float(sum)) }
        run(isFirst: false, isLast: true)
        expect("last") { sum, row, n in
          let y = 3 * sum * Double(rowScales.base[row]) * Double(columnScales.base[n]) + Double(bias.base[n])
          return y > 0 ? y : y * Double(slope)
        }
      }
    }
  }

  @Test("Operands are scaled, rounded to the nearest and put side by side")
  func operands() throws {
    var random = SeededRandom(47)
    for tier in Self.tiers {
      let direct = try #require(Kernels(threadCount: 1, cap: tier).table.reducedDirect)
      let source = GuardedBuffer(random.floats(96).map { $0 * 50 }), scales = random.floats(32)
      let words = GuardedBuffer(48), target = UnsafeMutableRawPointer(words.base).assumingMemoryBound(to: UInt16.self)
      func word(_ i: Int) -> Float { Float(Int16(bitPattern: target[i])) }
      let most = direct.largestMagnitude(source.base, scales, 6)
      #expect(most == (0..<96).map { abs(source.base[$0] * scales[$0 % 16]) }.max())
      direct.quantize(target, source.base, scales, 3, 6)
      for i in 0..<96 { #expect(word(i) == (source.base[i] * scales[i % 16] * 3).rounded(.toNearestOrEven)) }
      // Three rows of 32 are one pair, and one of them more than fits.
      direct.pair(target, source.base, scales, 2, 1)
      for c in 0..<2 {
        for n in 0..<32 {
          #expect(word(n * 2 + c) == (source.base[c * 32 + n] * scales[n]).rounded(.toNearestOrEven))
        }
      }
      #expect(words.isGuarded && source.isGuarded)
      for bad in [Float.nan, .infinity] {
        source.base[77] = bad
        #expect(!direct.largestMagnitude(source.base, scales, 6).isFinite)
      }
    }
  }

  @Test("Pairs are turned tap by tap")
  func transposition() throws {
    for tier in Self.tiers {
      let direct = try #require(Kernels(threadCount: 1, cap: tier).table.reducedDirect)
      let taps = 3, rowStride = 64, source = (0..<taps * 8 * rowStride).map { UInt16($0) }
      let memory = GuardedBuffer(taps * 8 * 32 / 2)
      let target = UnsafeMutableRawPointer(memory.base).assumingMemoryBound(to: UInt16.self)
      // Backwards, as the adjoint reads its kernel.
      direct.transpose(target + 2 * 8 * 32, 32, -8 * 32, source, rowStride, 8 * rowStride, taps, source)
      #expect(memory.isGuarded)
      for tap in 0..<taps {
        for c in 0..<16 {
          for o in 0..<16 {
            let found = target[((2 - tap) * 8 + o / 2) * 32 + c * 2 + o % 2]
            #expect(found == source[(tap * 8 + c / 2) * rowStride + o * 2 + c % 2])
          }
        }
      }
    }
  }

  private func run(
    _ kernels: Kernels, _ test: ConvolutionCase, _ direction: Direction, _ weights: [Float], _ from: Planar,
    _ to: Planar, _ holding: Holding, halo: Int
  ) -> GuardedBuffer {
    let input = from.blocked(halo: 1), rowLength = test.i * test.form.kernel * test.form.kernel
    let packed: PackedConvolution
    switch holding {
    case .packed:
      packed = try! PackedConvolution(
        weights: weights, outputChannels: test.o, inputChannels: test.i, form: test.form, direction: direction,
        kernels: kernels, algorithm: .reducedDirect)
    case .words, .halves:
      let compact = try! CompactWeights(
        outputs: test.o, inputs: test.i, kernel: test.form.kernel, element: holding == .words ? .word : .half,
        kernels: kernels
      ) { Array(weights[$0.lowerBound * rowLength..<$0.upperBound * rowLength]) }
      packed = try! PackedConvolution(
        compact, form: test.form, direction: direction, kernels: kernels, algorithm: .reducedDirect)
    }
    let target = BlockedShape(to.c, to.h, to.w, batch: to.n, halo: halo)
    let plan = ConvolutionPlan(
      packed, input: BlockedShape(from.c, from.h, from.w, batch: from.n), output: target, kernels: kernels)
    let workspace = GuardedBuffer(plan.workspaceByteCount / 4), output = GuardedBuffer(target.elementCount)
    kernels.convolve(plan, input: input.base, output: output.base, workspace: workspace.base)
    #expect(workspace.isGuarded && output.isGuarded, "wrote outside of its memory")
    return output
  }

  /// Errors relative to the largest output, which random signs make far smaller than Σ|products|.
  private func expectClose(_ output: GuardedBuffer, _ expected: Planar, halo: Int, _ label: String) {
    let shape = BlockedShape(expected.c, expected.h, expected.w, batch: expected.n, halo: halo)
    let largest = expected.values.reduce(0) { max($0, abs($1)) }
    var worst = 0.0
    expected.forEachIndex {
      worst = max(worst, abs(Double(output.base[shape.index($0, $1, $2, $3)]) - expected[$0, $1, $2, $3]))
    }
    #expect(worst <= Tolerance.reduced * largest, "\(label): off by \(worst) of \(largest)")
  }
}
