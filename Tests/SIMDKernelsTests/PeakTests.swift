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
}
