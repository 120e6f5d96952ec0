import KernelABI

/// Plugs in the kernels compiled for Advanced SIMD with matrix products of bytes.
package func plugNEONI8MM(into table: inout KernelTable) {
  table.tier = .neoni8mm
  let gemm = Int8Gemm(mr: 4, nr: 16) { int8Gemm4x16($0) }
  table.plugInt8Products(depth: 8, wideGemm: gemm, narrowGemm: gemm)
}
