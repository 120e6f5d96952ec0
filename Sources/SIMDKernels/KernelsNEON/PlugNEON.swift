import KernelABI

/// Plugs in the kernels compiled for Advanced SIMD.
package func plugNEON(into table: inout KernelTable) {
  table.tier = .neon
  table.wideGemm = TapGemm(mr: 6, nr: 16) { tapGemm6x16($0) }
  table.narrowGemm = TapGemm(mr: 6, nr: 16) { tapGemm6x16($0) }
  plugShared(into: &table)
}
