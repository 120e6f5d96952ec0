import KernelABI

/// Fills every slot whose source all tiers share with this tier's copy.
func plugShared(into table: inout KernelTable) {
  plug(into: &table.winograd)
  plug(into: &table.elementwise)
  plug(into: &table.normalization)
  plug(into: &table.modulation)
  plug(into: &table.resampling)
  plug(into: &table.layout)
  plug(into: &table.dense)
}
