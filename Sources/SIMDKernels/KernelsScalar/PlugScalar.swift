import KernelABI

/// Plugs in the scalar tier: complete, the table every other tier starts from.
package func plugScalar(into table: inout KernelTable) {
  table.tier = .scalar
  table.wideGemm = TapGemm(mr: 2, nr: 16) { tapGemm2x16($0) }
  table.narrowGemm = TapGemm(mr: 2, nr: 16) { tapGemm2x16($0) }
  let gemm = Int8Gemm(mr: 1, nr: 16) { int8Gemm1x16($0) }
  table.plugInt8(
    isFast: false, inputOffset: 0, wideGemm: gemm, narrowGemm: gemm,
    largestMagnitude: { vlargestMagnitude($0, $1) }, quantize: { vquantize($0, $1, $2, $3, $4) })
  plugShared(into: &table)
}
