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

  @Test("Every slot has a kernel of every tier, and one of them in force")
  func registry() {
    let kernels = Kernels()
    let list = kernels.describe()
    let slots = Set(list.map(\.slot))
    #expect(Set(list.map(\.name)).count >= slots.count)
    for slot in slots {
      let candidates = list.filter { $0.slot == slot }
      #expect(Set(candidates.map(\.tier)) == Set(Kernels.availableTiers))
      #expect(candidates.filter(\.isInForce).map(\.tier) == [kernels.table.tier])
      for kernel in candidates { #expect(kernel.name.hasSuffix("__\(kernel.tier.rawValue)")) }
    }
  }

  @Test("Threads: what was asked for, or one per physical core")
  func threads() {
    #expect(Kernels(threadCount: 3).threadCount == 3)
    #expect(Kernels().threadCount >= 1)
  }
}
