import KernelABI

/// Plugs in the kernels compiled for x86-64-v4 with VNNI.
public func plugX86V4VNNI(into table: inout KernelTable) {
  table.tier = .x86v4vnni
  table.plugReduced(
    .int16, wideGemm: ReducedGemm(mr: 8, nr: 32) { reducedGemm8x32($0) },
    narrowGemm: ReducedGemm(mr: 8, nr: 16) { reducedGemm8x16($0) }, narrow: { narrow($0) })
}
