import SIMDKernels
import Testing

@Suite struct DispatchTests {
  @Test("A cap is obeyed, within its architecture")
  func caps() {
    #expect(Kernels(cap: .scalar).table.tier == .scalar)
    for tier in Kernels.availableTiers { #expect(Kernels(cap: tier).table.tier == tier) }
    #expect(!Tier.x86v4.isAdmitted(by: .x86v3))
    #expect(!Tier.x86v3.isAdmitted(by: .neon))
    #expect(Tier.scalar.isAdmitted(by: .neon))
  }

  @Test("Every slot has a kernel of the lowest tier, or of the one that adds it, and one of them in force")
  func registry() {
    let kernels = Kernels()
    let list = kernels.describe()
    #expect(Set(list.map { "\($0.slot) \($0.name)" }).count == list.count)
    for (slot, candidates) in Dictionary(grouping: list, by: \.slot) {
      if !slot.hasPrefix("reduced.") { #expect(candidates.first?.tier == .scalar) }
      // The highest that this value may use.
      #expect(candidates.filter(\.isInForce).map(\.tier) == [candidates.last!.tier])
      for kernel in candidates { #expect(kernel.name.hasSuffix("__\(kernel.tier.rawValue)")) }
    }
    for tier in Kernels.availableTiers {
      let capped = Kernels(cap: tier)
      let ahead = capped.describe().filter { $0.isInForce && !$0.tier.isAdmitted(by: tier) }
      #expect(ahead.isEmpty, "\(tier.rawValue)")
    }
  }

  @Test("Reduced precision is there where the tier has 16-bit products, and full precision otherwise")
  func precision() {
    for tier in Kernels.availableTiers {
      let kernels = Kernels(cap: tier, precision: .reduced)
      #expect((kernels.precision == .reduced) == (kernels.table.reduced != nil))
      #expect(Kernels(cap: tier).precision == .full)
      let isOfIntegers = kernels.table.reduced?.operand == .int16
      #expect(Kernels(cap: tier, precision: .automatic).precision == (isOfIntegers ? .reduced : .full))
    }
  }

  @Test("Threads: what was asked for, or one per physical core")
  func threads() {
    #expect(Kernels(threadCount: 3).threadCount == 3)
    #expect(Kernels().threadCount >= 1)
  }
}
