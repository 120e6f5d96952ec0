import Testing

@testable import SIMDKernels

@Suite struct PeakTests {
  @Test("What is timed for the peak does the work that is counted, in every tier")
  func peak() {
    for tier in Kernels.availableTiers {
      let kernels = Kernels(threadCount: 2, cap: tier), gemm = kernels.table.wideGemm
      let operands = PeakOperands(gemm)
      operands.run()
      // Ones by halves, so that an output counts its products; 16 tiles write the same outputs.
      let products = 2 * Int(operands.output.base[0])
      for i in 0..<operands.output.count { #expect(Int(operands.output.base[i]) == products / 2, "\(tier.rawValue)") }
      #expect(operands.output.count == gemm.mr * gemm.nr)
      #expect(operands.work == 16 * gemm.mr * gemm.nr * products * 2, "\(tier.rawValue)")
      #expect(kernels.measurePeak(repetitions: 1) > 0)
      let bytes = Int8PeakOperands(kernels.table.int8)
      bytes.run()
      expectProducts(of: bytes, output: bytes.output, tiles: 16, tier)
      #expect((kernels.measurePeaks()[.bytes] != nil) == kernels.table.int8.isFast)
      guard let reduced = kernels.table.reduced else { continue }
      let words = ReducedPeakOperands(reduced)
      words.run()
      expectProducts(of: words, output: words.output, tiles: 1, tier)
      #expect(kernels.measurePeak(.words, repetitions: 1) > 0)
    }
    #expect(Kernels(threadCount: 2).measureMemoryBandwidth(byteCount: 8 << 20, repetitions: 1) > 0)
  }

  /// Ones by ones count the products of an output.
  private func expectProducts(of product: any PeakProduct, output: AlignedFloats, tiles: Int, _ tier: Tier) {
    let count = Int(output.base[0])
    #expect(count > 0 && (0..<output.count).allSatisfy { Int(output.base[$0]) == count }, "\(tier.rawValue)")
    #expect(product.work == 2 * tiles * output.count * count, "\(tier.rawValue)")
  }

  @Test("Operations of the definition, whatever computes it")
  func work() {
    let same = KernelBenchmark(.convolution(.same(kernel: 3), inputs: 24, outputs: 40, side: 16), .forward)
    #expect(same.work == 2 * 16 * 16 * 9 * 24 * 40)
    let upsampled = KernelBenchmark(.convolution(.upsample2x, inputs: 24, outputs: 40, side: 16), .backwardData)
    #expect(upsampled.work == 2 * 32 * 32 * 9 * 24 * 40)
    let halved = KernelBenchmark(.convolution(.downsample2x, inputs: 24, outputs: 40, side: 16), .backwardData)
    #expect(halved.work == 2 * 8 * 8 * 9 * 24 * 40)
    #expect(KernelBenchmark(.dense(inputs: 24, outputs: 40), .forward).work == 2 * 24 * 40)
  }

  private func execution(_ form: ConvolutionForm, _ direction: Direction, _ algorithm: ConvolutionAlgorithm) -> Int {
    let kernels = Kernels(threadCount: 1)
    let low = BlockedShape(batch: 1, channels: 64, height: 16, width: 16, halo: 1)
    let side = form.outputExtent(16)
    let other = BlockedShape(batch: 1, channels: 64, height: side, width: side, halo: 1)
    let packed = try! PackedConvolution(
      weights: [Float](repeating: 0, count: 64 * 64 * 9), outputChannels: 64, inputChannels: 64, form: form,
      direction: direction, kernels: kernels, algorithm: algorithm)
    let plan = ConvolutionPlan(
      packed, input: direction == .forward ? low : other, output: direction == .forward ? other : low, kernels: kernels)
    #expect((plan.execution.transformByteCount > 0) == (algorithm == .winograd))
    return plan.execution.matrixWork
  }

  @Test("What is executed: all products of the definition, or a quarter, or 25 of 64")
  func executed() {
    let same = 2 * 16 * 16 * 9 * 64 * 64
    #expect(execution(.same(kernel: 3), .forward, .direct) == same)
    #expect(execution(.same(kernel: 3), .forward, .winograd) * 4 == same)
    #expect(execution(.same(kernel: 3), .backwardData, .winograd) * 4 == same)
    // Four phases of four taps each, or five products by five for four pixels by four.
    let phases = 2 * 32 * 32 * 4 * 64 * 64
    #expect(execution(.upsample2x, .forward, .direct) == phases)
    #expect(execution(.upsample2x, .backwardData, .direct) == phases)
    // A quarter of the pixels; backward, phases of one, two, two and four taps.
    #expect(execution(.downsample2x, .forward, .direct) * 4 == same)
    #expect(execution(.downsample2x, .backwardData, .direct) * 4 == same)
    // As many as the small image has pixels; forward, phases of four, two, two and one taps.
    #expect(execution(.transposed2x, .backwardData, .direct) == same)
    #expect(execution(.transposed2x, .forward, .winograd) * 16 == same * 9)
    #expect(execution(.transposed2x, .backwardData, .winograd) * 16 == same * 9)
    #expect(execution(.upsample2x, .forward, .winograd) * 64 == phases * 25)
    #expect(execution(.upsample2x, .backwardData, .winograd) * 64 == phases * 25)
  }
}
