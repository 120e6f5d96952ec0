import KernelABI

/// Plugs in the kernels compiled for Advanced SIMD with dot products of bytes.
package func plugNEONDOT(into table: inout KernelTable) {
  table.tier = .neondot
  let gemm = Int8Gemm(mr: 6, nr: 16) { int8Gemm6x16($0) }
  table.plugInt8(
    isFast: true, inputOffset: 0, wideGemm: gemm, narrowGemm: gemm,
    largestMagnitude: { vlargestMagnitude($0, $1) }, quantize: { vquantize($0, $1, $2, $3, $4) })
}
