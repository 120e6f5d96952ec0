// Sixteen channels of six pixels times sixteen outputs, matrix products of bytes: pairs of pixels times pairs of outputs. No kernel has it.
loop:
  ldrsw x9, [x10], #4
  add x13, x0, x9
  ldr d0, [x13]
  add x13, x1, x9
  ld1 {v0.d}[1], [x13]
  add x13, x2, x9
  ldr d1, [x13]
  add x13, x3, x9
  ld1 {v1.d}[1], [x13]
  add x13, x4, x9
  ldr d2, [x13]
  add x13, x5, x9
  ld1 {v2.d}[1], [x13]
  ldp q3, q4, [x11, #0]
  smmla v8.4s, v0.16b, v3.16b
  smmla v9.4s, v1.16b, v3.16b
  smmla v10.4s, v2.16b, v3.16b
  smmla v11.4s, v0.16b, v4.16b
  smmla v12.4s, v1.16b, v4.16b
  smmla v13.4s, v2.16b, v4.16b
  ldp q3, q4, [x11, #32]
  smmla v14.4s, v0.16b, v3.16b
  smmla v15.4s, v1.16b, v3.16b
  smmla v16.4s, v2.16b, v3.16b
  smmla v17.4s, v0.16b, v4.16b
  smmla v18.4s, v1.16b, v4.16b
  smmla v19.4s, v2.16b, v4.16b
  ldp q3, q4, [x11, #64]
  smmla v20.4s, v0.16b, v3.16b
  smmla v21.4s, v1.16b, v3.16b
  smmla v22.4s, v2.16b, v3.16b
  smmla v23.4s, v0.16b, v4.16b
  smmla v24.4s, v1.16b, v4.16b
  smmla v25.4s, v2.16b, v4.16b
  ldp q3, q4, [x11, #96]
  smmla v26.4s, v0.16b, v3.16b
  smmla v27.4s, v1.16b, v3.16b
  smmla v28.4s, v2.16b, v3.16b
  smmla v29.4s, v0.16b, v4.16b
  smmla v30.4s, v1.16b, v4.16b
  smmla v31.4s, v2.16b, v4.16b
  add x13, x0, x9
  ldr d0, [x13, #8]
  add x13, x1, x9
  add x13, x13, #8
  ld1 {v0.d}[1], [x13]
  add x13, x2, x9
  ldr d1, [x13, #8]
  add x13, x3, x9
  add x13, x13, #8
  ld1 {v1.d}[1], [x13]
  add x13, x4, x9
  ldr d2, [x13, #8]
  add x13, x5, x9
  add x13, x13, #8
  ld1 {v2.d}[1], [x13]
  ldp q3, q4, [x11, #128]
  smmla v8.4s, v0.16b, v3.16b
  smmla v9.4s, v1.16b, v3.16b
  smmla v10.4s, v2.16b, v3.16b
  smmla v11.4s, v0.16b, v4.16b
  smmla v12.4s, v1.16b, v4.16b
  smmla v13.4s, v2.16b, v4.16b
  ldp q3, q4, [x11, #160]
  smmla v14.4s, v0.16b, v3.16b
  smmla v15.4s, v1.16b, v3.16b
  smmla v16.4s, v2.16b, v3.16b
  smmla v17.4s, v0.16b, v4.16b
  smmla v18.4s, v1.16b, v4.16b
  smmla v19.4s, v2.16b, v4.16b
  ldp q3, q4, [x11, #192]
  smmla v20.4s, v0.16b, v3.16b
  smmla v21.4s, v1.16b, v3.16b
  smmla v22.4s, v2.16b, v3.16b
  smmla v23.4s, v0.16b, v4.16b
  smmla v24.4s, v1.16b, v4.16b
  smmla v25.4s, v2.16b, v4.16b
  ldp q3, q4, [x11, #224]
  smmla v26.4s, v0.16b, v3.16b
  smmla v27.4s, v1.16b, v3.16b
  smmla v28.4s, v2.16b, v3.16b
  smmla v29.4s, v0.16b, v4.16b
  smmla v30.4s, v1.16b, v4.16b
  smmla v31.4s, v2.16b, v4.16b
  add x11, x11, #256
  subs x12, x12, #1
  b.ne loop
