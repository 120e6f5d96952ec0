import KernelABI

/// Plugs in the scalar tier: complete, the table every other tier starts from.
public func plugScalar(into table: inout KernelTable) {
  table.tier = .scalar
  table.wideGemm = TapGemm(mr: 2, nr: 16) { tapGemm2x16($0) }
  table.narrowGemm = TapGemm(mr: 2, nr: 16) { tapGemm2x16($0) }
  plugShared(into: &table)
}
