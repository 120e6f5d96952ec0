// Sixteen channels, matrix products of bytes. No kernel has it.
.macro product sum, pixels, outputs
  smmla v\sum\().4s, v\pixels\().16b, v\outputs\().16b
.endm
.include "bench/arm/loops/pairs.inc"
