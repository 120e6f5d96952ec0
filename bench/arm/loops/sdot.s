// Sixteen channels, products of bytes by fours: the loop of s8-tapgemm-6x16.
.macro product sum, outputs, pixel, lane
  sdot v\sum\().4s, v\outputs\().16b, v\pixel\().4b[\lane]
.endm
.include "bench/arm/loops/lanes.inc"
