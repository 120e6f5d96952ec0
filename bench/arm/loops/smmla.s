// Sixteen channels, matrix products of bytes: the loop of s8-tapgemm-4x16.
.macro product sum, pixels, outputs
  smmla v\sum\().4s, v\pixels\().16b, v\outputs\().16b
.endm
.include "bench/arm/loops/pairs.inc"
