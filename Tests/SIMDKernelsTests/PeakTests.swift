import SIMDKernels
import Testing

@Suite struct PeakTests {
  @Test("The peak is a speed, in every tier")
  func peak() {
    for tier in Kernels.availableTiers {
      let peak = Kernels(threadCount: 2, cap: tier).measurePeak(repetitions: 3)
      #expect(peak.isFinite && peak > (tier == .scalar ? 1e6 : 1e7), "\(tier.rawValue): \(peak)")
    }
  }

  @Test("The bandwidth of memory is a speed")
  func bandwidth() {
    let bandwidth = Kernels(threadCount: 2).measureMemoryBandwidth(byteCount: 8 << 20, repetitions: 2)
    #expect(bandwidth.isFinite && bandwidth > 1e6)
  }

  private func execution(_ form: ConvolutionForm, _ direction: Direction, _ algorithm: ConvolutionAlgorithm) -> Int {
    let kernels = Kernels(threadCount: 1)
    let low = BlockedShape(batch: 1, channels: 64, height: 16, width: 16, halo: 1)
    let high = BlockedShape(batch: 1, channels: 64, height: 32, width: 32, halo: 1)
    let other = form == .upsample2x ? high : low
    let packed = PackedConvolution(
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
    #expect(execution(.upsample2x, .forward, .winograd) * 64 == phases * 25)
    #expect(execution(.upsample2x, .backwardData, .winograd) * 64 == phases * 25)
  }
}
