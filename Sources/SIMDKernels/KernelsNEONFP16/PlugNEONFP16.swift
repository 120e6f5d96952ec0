import KernelABI

/// Plugs in the kernels compiled for Advanced SIMD with arithmetic on halves.
package func plugNEONFP16(into table: inout KernelTable) {
  table.tier = .neonfp16
  let gemm = ReducedGemm(mr: 8, nr: 16) { reducedGemm8x16($0) }
  table.plugReduced(.float16, wideGemm: gemm, narrowGemm: gemm) { narrow($0) }
}
