import KernelABI
@testable import SIMDKernels
import TestSupport
import Testing

/// Winograd's algorithm with 16-bit operands, in the tiers that have them.
@Suite struct ReducedTests {
  private static var tiers: [Tier] {
    Kernels.availableTiers.filter { Kernels(threadCount: 1, cap: $0).table.reduced != nil }
  }

  @Test(
    "Agrees with the definition, both directions, with the same bits on any threads", arguments: ConvolutionCase.tiled)
  func convolution(_ test: ConvolutionCase) { expectAgreement(test, .reducedWinograd) }

  @Test("So do small tiles", arguments: ConvolutionCase.smallTiled)
  func smallTiles(_ test: ConvolutionCase) { expectAgreement(test, .smallReducedWinograd) }

  private func expectAgreement(_ test: ConvolutionCase, _ algorithm: ConvolutionAlgorithm) {
    var random = SeededRandom(7)
    let weights = random.floats(test.o * test.i * 9), doubles = weights.map(Double.init)
    let x = Planar(test.batch, test.i, test.h, test.w, &random)
    let g = Planar(test.batch, test.o, test.outputHeight, test.outputWidth, &random)
    let y = SIMDKernelsTests.convolution(x, doubles, outputs: test.o, form: test.form)
    let gx = convolutionBackward(g, doubles, inputs: test.i, form: test.form)
    for tier in Self.tiers {
      for (direction, from, to) in [(Direction.forward, x, y), (.backwardData, g, gx)] {
        var first: [UInt32]?
        for threads in 1...3 {
          let kernels = Kernels(threadCount: threads, cap: tier)
          let output = run(kernels, test, direction, weights, from, to, halo: test.outputHalo, algorithm)
          let label = "\(tier.rawValue), \(direction), \(threads) threads"
          if let first {
            #expect(output.bits == first, "\(label): differs from one thread")
          } else {
            first = output.bits
            expectClose(output, to, halo: test.outputHalo, tier, label)
          }
        }
      }
    }
  }

  @Test("Backward on the words of forward agrees with the definition", arguments: ConvolutionCase.tiled)
  func sharedWords(_ test: ConvolutionCase) {
    guard test.form != .upsample2x else { return }
    expectSharing(test, .reducedWinograd)
  }

  @Test("So it does on small tiles", arguments: ConvolutionCase.smallTiled)
  func sharedSmallWords(_ test: ConvolutionCase) { expectSharing(test, .smallReducedWinograd) }

  private func expectSharing(_ test: ConvolutionCase, _ algorithm: ConvolutionAlgorithm) {
    var random = SeededRandom(13)
    var weights = random.floats(test.o * test.i * 9)
    // Output channels of very different units.
    for o in 0..<test.o { for i in 0..<test.i * 9 { weights[o * test.i * 9 + i] *= [1, 1e-3, 0, 20][o % 4] } }
    let g = Planar(test.batch, test.o, test.outputHeight, test.outputWidth, &random)
    let gx = convolutionBackward(g, weights.map(Double.init), inputs: test.i, form: test.form)
    for tier in Self.tiers where Kernels(threadCount: 1, cap: tier).table.reducedDirect != nil {
      var first: [UInt32]?
      for threads in 1...3 {
        let kernels = Kernels(threadCount: threads, cap: tier)
        let (forward, shared) = test.bothDirections(weights, algorithm, kernels)
        guard let packed = shared else { return }
        #expect(packed.byteCount < forward.byteCount / 4 || test.o < 20)
        let output = run(kernels, packed, g, gx, halo: test.outputHalo), label = "\(tier.rawValue), \(threads) threads"
        if let first {
          #expect(output.bits == first, "\(label): differs from one thread")
        } else {
          first = output.bits
          expectClose(output, gx, halo: test.outputHalo, tier, label)
        }
      }
    }
  }

  @Test("An image gives the same bits alone and in a batch")
  func batch() {
    var random = SeededRandom(8)
    let test = ConvolutionCase(form: .same(kernel: 3), o: 48, i: 32, h: 16, w: 16, batch: 3)
    let weights = random.floats(test.o * test.i * 9)
    // Images of very different sizes: a scale for the whole batch would show.
    let x = Planar(3, test.i, test.h, test.w, &random).map { n, _, _, _, v in v * [1, 1e-4, 300][n] }
    let all = Planar(3, test.o, test.h, test.w), one = Planar(1, test.o, test.h, test.w)
    for tier in Self.tiers {
      let kernels = Kernels(threadCount: 2, cap: tier)
      let together = run(kernels, test, .forward, weights, x, all, halo: 0).bits
      // Staged in several passes: two images and one, then one at a time.
      for imageCount in [2, 1] {
        var few = Kernels(threadCount: 5, cap: tier)
        few.passByteCount = imageCount * 16 * 36 * test.i * 2
        let bits = run(few, test, .forward, weights, x, all, halo: 0).bits
        #expect(bits == together, "\(tier.rawValue), \(imageCount) a pass")
      }
      for n in 0..<3 {
        var alone = Planar(1, test.i, test.h, test.w)
        alone.forEachIndex { alone[0, $1, $2, $3] = x[n, $1, $2, $3] }
        let bits = run(kernels, test, .forward, weights, alone, one, halo: 0).bits
        #expect(Array(together[n * bits.count..<(n + 1) * bits.count]) == bits, "\(tier.rawValue), image \(n)")
      }
    }
  }

  /// Sums of one sign, as large as they get, must not leave 32 bits.
  @Test("Sums of the largest operands do not overflow", arguments: [16, 512, 2048])
  func largestSums(_ channels: Int) {
    let test = ConvolutionCase(form: .same(kernel: 3), o: 16, i: channels, h: 4, w: 4)
    let x = Planar(1, channels, 4, 4).map { _, _, _, _, _ in 1 }
    for weight in [Float(1), -0.37] {
      let weights = [Float](repeating: weight, count: test.o * test.i * 9)
      let y = SIMDKernelsTests.convolution(x, weights.map(Double.init), outputs: test.o, form: test.form)
      for tier in Self.tiers {
        let output = run(Kernels(threadCount: 2, cap: tier), test, .forward, weights, x, y, halo: 1)
        expectClose(output, y, halo: 1, tier, "\(tier.rawValue), \(weight)")
      }
    }
  }

  @Test("Zeros stay zeros, and one loud channel leaves the others' outputs alone")
  func zeros() {
    let test = ConvolutionCase(form: .same(kernel: 3), o: 32, i: 16, h: 8, w: 8)
    var random = SeededRandom(9)
    var weights = random.floats(test.o * test.i * 9)
    for i in 0..<test.i * 9 { weights[i] = 0 }  // output channel 0
    for i in test.i * 9..<2 * test.i * 9 { weights[i] *= 1e5 }  // output channel 1
    let nothing = Planar(1, test.i, test.h, test.w), x = Planar(1, test.i, test.h, test.w, &random)
    for tier in Self.tiers {
      let kernels = Kernels(threadCount: 1, cap: tier)
      let shape = Planar(1, test.o, test.h, test.w)
      #expect(run(kernels, test, .forward, weights, nothing, shape, halo: 1).values.allSatisfy { $0 == 0 })
      let y = SIMDKernelsTests.convolution(x, weights.map(Double.init), outputs: test.o, form: test.form)
      let output = run(kernels, test, .forward, weights, x, y, halo: 0)
      var worst = 0.0
      let blocked = BlockedShape(test.o, test.h, test.w, halo: 0)
      y.forEachIndex { n, o, row, column in
        let value = Double(output.base[blocked.index(n, o, row, column)])
        if o == 0 { #expect(value == 0) }
        if o > 1 { worst = max(worst, abs(value - y[n, o, row, column])) }
      }
      #expect(worst < 1e-3 * 9 * Double(test.i) / 2, "\(tier.rawValue): off by \(worst)")
    }
  }

  @Test(
    "What is not finite stays visible: in all of an output channel, or around a pixel",
    arguments: [Float.nan, .infinity])
  func notFinite(_ bad: Float) {
    var random = SeededRandom(12)
    for form in [ConvolutionForm.same(kernel: 3), .upsample2x] {
      let test = ConvolutionCase(form: form, o: 40, i: 48, h: 16, w: 16), step = form.enlargement
      let weights = random.floats(test.o * test.i * 9)
      let x = Planar(1, test.i, test.h, test.w, &random), y = Planar(1, test.o, test.outputHeight, test.outputWidth)
      let target = BlockedShape(test.o, y.h, y.w)
      for tier in Self.tiers {
        let kernels = Kernels(threadCount: 2, cap: tier)
        for (o, c) in [(0, 0), (20, 17), (39, 47)] {
          var wrong = weights
          wrong[(o * test.i + c) * 9 + 4] = bad
          let output = run(kernels, test, .forward, wrong, x, y, halo: 1)
          var surprises = 0
          y.forEachIndex { n, channel, row, column in
            let isFinite = output.base[target.index(n, channel, row, column)].isFinite
            if isFinite != (channel != o) { surprises += 1 }
          }
          #expect(surprises == 0, "\(tier.rawValue), \(form), weight \((o, c))")
          var wrongPixel = x
          wrongPixel[0, c, 2, 1] = Double(bad)
          let around = run(kernels, test, .forward, weights, wrongPixel, y, halo: 1)
          for channel in 0..<test.o {
            for row in 2...3 {
              for column in 1...2 {
                if around.base[target.index(0, channel, row * step, column * step)].isFinite { surprises += 1 }
              }
            }
            if !around.base[target.index(0, channel, y.h - 1, y.w - 1)].isFinite { surprises += 1 }
          }
          #expect(surprises == 0, "\(tier.rawValue), \(form), pixel of channel \(c)")
        }
      }
    }
  }

  @Test("Rows are scaled to the limit and rounded to the nearest")
  func narrowing() throws {
    var random = SeededRandom(10)
    let blocks = 3, rows = 9, elements = 2, limit: Float = 1000
    let source = GuardedBuffer((0..<elements * blocks * rows * 16).map { _ in random.float() * 50 })
    for lane in 0..<16 { for block in 0..<blocks { source.base[(block * rows + 3) * 16 + lane] = 0 } }
    for tier in Self.tiers {
      let reduced = try #require(Kernels(threadCount: 1, cap: tier).table.reduced)
      let words = GuardedBuffer(elements * blocks * rows * 8), scales = GuardedBuffer(elements * rows)
      let target = UnsafeMutableRawPointer(words.base).assumingMemoryBound(to: UInt16.self)
      var run = NarrowingRun(
        source: source.base, sourceElementStride: blocks * rows * 16, sourceBlockStride: rows * 16, elements: elements,
        blocks: blocks, rows: rows, target: target, targetElementStride: blocks * rows * 16,
        targetBlockStride: rows * 16, rowScales: scales.base, scaleElementStride: rows, limit: limit)
      reduced.narrow(&run)
      #expect(words.isGuarded && scales.isGuarded)
      for element in 0..<elements {
        for row in 0..<rows {
          let places = (0..<blocks * 16).map { ((element * blocks + $0 / 16) * rows + row) * 16 + $0 % 16 }
          let most = places.map { abs(Double(source.base[$0])) }.max()!
          let scale = scales.base[element * rows + row]
          #expect(abs(Double(scale) - most / Double(limit)) <= 1e-6 * most)
          for place in places {
            let word = value(target[place], reduced.operand)
            let exact = most == 0 ? 0 : Double(source.base[place]) / most * Double(limit)
            // Half a unit; of a half's last place, or of its least exponent.
            let unit = reduced.operand == .int16 ? 1 : max(abs(exact) * 0x1p-10, 0x1p-24)
            #expect(abs(word - exact) <= 0.501 * unit, "\(place)")
          }
        }
      }
    }
  }

  private func value(_ word: UInt16, _ operand: ReducedOperand) -> Double {
    operand == .int16 ? Double(Int16(bitPattern: word)) : Double(Float16(bitPattern: word))
  }

  private func word(_ value: Int, _ operand: ReducedOperand) -> UInt16 {
    operand == .int16 ? UInt16(bitPattern: Int16(value)) : Float16(value).bitPattern
  }

  /// The micro-kernels by themselves: integer sums are exact, in halves too where they are small, and only the scales round.
  @Test("Products are the integers' own", arguments: [1, 2, 7])
  func products(_ blocks: Int) throws {
    var random = SeededRandom(11)
    for tier in Self.tiers {
      let reduced = try #require(Kernels(threadCount: 1, cap: tier).table.reduced)
      let operand = reduced.operand, group = operand.group
      let (mostA, mostB) = operand == .int16 ? (32767, 300) : (8, 4)
      for gemm in [reduced.wideGemm, reduced.narrowGemm] {
        let rows = 2 * gemm.mr, nr = gemm.nr
        func integers(_ count: Int, _ most: Int) -> [Int] {
          (0..<count).map { _ in Int(random.next() % UInt64(2 * most + 1)) - most }
        }
        let a = integers(blocks * rows * 16, mostA), b = integers(blocks * 16 * nr, mostB)
        let rowScales = random.floats(rows), columnScales = random.floats(nr)
        let output = GuardedBuffer(nr / 16 * rows * 16)
        a.map { word($0, operand) }.withUnsafeBufferPointer { a in
          b.map { word($0, operand) }.withUnsafeBufferPointer { b in
            rowScales.withUnsafeBufferPointer { rowScales in
              columnScales.withUnsafeBufferPointer { columnScales in
                var run = ReducedGemmArguments(
                  input: a.baseAddress!, inputBlockStride: rows * 16, blocks: blocks, tiles: 2, panel: b.baseAddress!,
                  rowScales: rowScales.baseAddress!, columnScales: columnScales.baseAddress!, output: output.base,
                  outputBlockStride: rows * 16, prefetch: UnsafeRawPointer(b.baseAddress!), prefetchLines: 0,
                  pixelPrefetch: UnsafeRawPointer(b.baseAddress!), pixelPrefetchLines: 0)
                gemm.run(&run)
              }
            }
          }
        }
        #expect(output.isGuarded)
        for row in 0..<rows {
          for n in 0..<nr {
            var sum = 0
            for c in 0..<blocks * 16 {
              let place = (c / group * nr + n) * group + c % group
              sum += a[(c / 16 * rows + row) * 16 + c % 16] * b[place]
            }
            let exact = Double(sum) * Double(rowScales[row]) * Double(columnScales[n])
            let found = Double(output.base[(n / 16 * rows + row) * 16 + n % 16])
            #expect(abs(found - exact) <= 3e-7 * abs(exact) + 1e-30, "\(tier.rawValue), \(nr), row \(row), column \(n)")
          }
        }
      }
    }
  }

  private func run(
    _ kernels: Kernels, _ test: ConvolutionCase, _ direction: Direction, _ weights: [Float], _ from: Planar,
    _ to: Planar, halo: Int, _ algorithm: ConvolutionAlgorithm = .reducedWinograd
  ) -> GuardedBuffer {
    let packed = try! PackedConvolution(
      weights: weights, outputChannels: test.o, inputChannels: test.i, form: test.form, direction: direction,
      kernels: kernels, algorithm: algorithm)
    return run(kernels, packed, from, to, halo: halo)
  }

  private func run(
    _ kernels: Kernels, _ packed: PackedConvolution, _ from: Planar, _ to: Planar, halo: Int
  ) -> GuardedBuffer {
    let input = from.blocked(halo: 1)
    let target = BlockedShape(to.c, to.h, to.w, batch: to.n, halo: halo)
    let plan = ConvolutionPlan(
      packed, input: BlockedShape(from.c, from.h, from.w, batch: from.n), output: target, kernels: kernels)
    let workspace = GuardedBuffer(plan.workspaceByteCount / 4), output = GuardedBuffer(target.elementCount)
    kernels.convolve(plan, input: input.base, output: output.base, workspace: workspace.base)
    #expect(workspace.isGuarded && output.isGuarded, "wrote outside of its memory")
    return output
  }

  /// Errors relative to the largest output, which random signs make far smaller than Σ|products|.
  private func expectClose(
    _ output: GuardedBuffer, _ expected: Planar, halo: Int, _ tier: Tier, _ label: String
  ) {
    let shape = BlockedShape(expected.c, expected.h, expected.w, batch: expected.n, halo: halo)
    let largest = expected.values.reduce(0) { max($0, abs($1)) }
    let tolerance = KernelRegistry.table(tier).reduced?.operand == .int16 ? Tolerance.reduced : Tolerance.halves
    var worst = 0.0
    expected.forEachIndex {
      worst = max(worst, abs(Double(output.base[shape.index($0, $1, $2, $3)]) - expected[$0, $1, $2, $3]))
    }
    #expect(worst <= tolerance * largest, "\(label): off by \(worst) of \(largest)")
  }
}
