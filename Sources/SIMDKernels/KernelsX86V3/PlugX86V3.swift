import KernelABI

/// Plugs in the kernels compiled for x86-64-v3.
package func plugX86V3(into table: inout KernelTable) {
  table.tier = .x86v3
  table.wideGemm = TapGemm(mr: 6, nr: 16) { tapGemm6x16($0) }
  table.narrowGemm = TapGemm(mr: 6, nr: 16) { tapGemm6x16($0) }
  plugShared(into: &table)
}
