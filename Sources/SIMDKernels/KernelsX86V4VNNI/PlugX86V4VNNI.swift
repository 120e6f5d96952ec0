import KernelABI

/// Plugs in the kernels compiled for x86-64-v4 with VNNI.
package func plugX86V4VNNI(into table: inout KernelTable) {
  table.tier = .x86v4vnni
  table.plugReduced(
    .int16, wideGemm: ReducedGemm(mr: 8, nr: 32) { reducedGemm8x32($0) },
    narrowGemm: ReducedGemm(mr: 8, nr: 16) { reducedGemm8x16($0) }, narrow: { narrow($0) })
  table.plugReducedDirect(
    wideGemm: ReducedTapGemm(mr: 8, nr: 32) { reducedTapGemm8x32($0) },
    narrowGemm: ReducedTapGemm(mr: 8, nr: 16) { reducedTapGemm8x16($0) },
    largestMagnitude: { scaledMagnitude($0, $1, $2) }, quantize: { quantizeWords($0, $1, $2, $3, $4) },
    pair: { pairWords($0, $1, $2, $3, $4) }, transpose: { transposeWords($0, $1, $2, $3, $4, $5, $6, $7) })
  table.plugInt8(
    isFast: true, inputOffset: 128, wideGemm: Int8Gemm(mr: 8, nr: 32) { int8Gemm8x32($0) },
    narrowGemm: Int8Gemm(mr: 8, nr: 16) { int8Gemm8x16($0) },
    largestMagnitude: { vlargestMagnitude($0, $1) }, quantize: { vquantize($0, $1, $2, $3, $4) })
}
