// Four channels, in floats.
.macro product sum, outputs, pixel, lane
  fmla v\sum\().4s, v\outputs\().4s, v\pixel\().s[\lane]
.endm
.include "bench/arm/loops/lanes.inc"
