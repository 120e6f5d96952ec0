import Testing

@testable import SIMDKernels

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
      if !slot.hasPrefix("reduced.") && !slot.hasPrefix("reducedDirect.") { #expect(candidates.first?.tier == .scalar) }
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
    #expect(Kernels().threadCount == Processor.coreCount())
  }

  @Test("The registry has every slot of the table, and no other")
  func slots() {
    func labels(_ value: Any, _ prefix: String = "") -> [String] {
      Mirror(reflecting: value).children.compactMap { $0.label.map { prefix + $0 } }
    }
    for tier in Kernels.availableTiers {
      let table = KernelRegistry.table(tier)
      var slots: Set<String> = ["wideGemm", "narrowGemm"]
      slots.formUnion(labels(table.winograd, "winograd."))
      slots.formUnion(labels(table.elementwise, "elementwise."))
      slots.formUnion(labels(table.normalization, "normalization."))
      slots.formUnion(labels(table.resampling, "resampling."))
      slots.formUnion(labels(table.modulation, "modulation."))
      slots.formUnion(labels(table.layout, "layout."))
      slots.formUnion(labels(table.dense, "dense."))
      // What is no kernel is said of them.
      let remarks = ["int8.isFast", "int8.inputOffset", "int8.depth"]
      slots.formUnion(labels(table.int8, "int8.").filter { !remarks.contains($0) })
      if let reduced = table.reduced {
        slots.formUnion(labels(reduced, "reduced.").filter { $0 != "reduced.operand" })
      }
      if let direct = table.reducedDirect { slots.formUnion(labels(direct, "reducedDirect.")) }
      let listed = Kernels(cap: tier).describe().filter(\.isInForce).map(\.slot)
      #expect(Set(listed) == slots, "\(tier.rawValue)")
      #expect(listed.count == slots.count, "\(tier.rawValue)")
    }
    // Groups that the list above does not know of.
    let groups: Set<String> = [
      "tier", "wideGemm", "narrowGemm", "reduced", "reducedDirect", "int8", "winograd", "elementwise", "normalization",
      "resampling",
      "modulation", "layout", "dense",
    ]
    #expect(Set(labels(KernelRegistry.table(.scalar))) == groups)
  }
}
