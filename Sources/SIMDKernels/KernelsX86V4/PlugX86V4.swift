import KernelABI

/// Plugs in the kernels compiled for x86-64-v4.
package func plugX86V4(into table: inout KernelTable) {
  table.tier = .x86v4
  table.wideGemm = TapGemm(mr: 8, nr: 32) {
    if $0.pointee.hasAdjacentRows { rowGemm8x32($0.pointee) } else { tapGemm8x32($0) }
  }
  table.narrowGemm = TapGemm(mr: 12, nr: 16) { tapGemm12x16($0) }
  plugShared(into: &table)
}
