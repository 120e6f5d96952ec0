// Eight channels, matrix products of bfloat16. No kernel has it.
.macro product sum, pixels, outputs
  bfmmla v\sum\().4s, v\pixels\().8h, v\outputs\().8h
.endm
.include "bench/arm/loops/pairs.inc"
