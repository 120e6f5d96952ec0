// Eight channels of six pixels times sixteen outputs, matrix products of bfloat16. No kernel has it.
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
  bfmmla v8.4s, v0.8h, v3.8h
  bfmmla v9.4s, v1.8h, v3.8h
  bfmmla v10.4s, v2.8h, v3.8h
  bfmmla v11.4s, v0.8h, v4.8h
  bfmmla v12.4s, v1.8h, v4.8h
  bfmmla v13.4s, v2.8h, v4.8h
  ldp q3, q4, [x11, #32]
  bfmmla v14.4s, v0.8h, v3.8h
  bfmmla v15.4s, v1.8h, v3.8h
  bfmmla v16.4s, v2.8h, v3.8h
  bfmmla v17.4s, v0.8h, v4.8h
  bfmmla v18.4s, v1.8h, v4.8h
  bfmmla v19.4s, v2.8h, v4.8h
  ldp q3, q4, [x11, #64]
  bfmmla v20.4s, v0.8h, v3.8h
  bfmmla v21.4s, v1.8h, v3.8h
  bfmmla v22.4s, v2.8h, v3.8h
  bfmmla v23.4s, v0.8h, v4.8h
  bfmmla v24.4s, v1.8h, v4.8h
  bfmmla v25.4s, v2.8h, v4.8h
  ldp q3, q4, [x11, #96]
  bfmmla v26.4s, v0.8h, v3.8h
  bfmmla v27.4s, v1.8h, v3.8h
  bfmmla v28.4s, v2.8h, v3.8h
  bfmmla v29.4s, v0.8h, v4.8h
  bfmmla v30.4s, v1.8h, v4.8h
  bfmmla v31.4s, v2.8h, v4.8h
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
  bfmmla v8.4s, v0.8h, v3.8h
  bfmmla v9.4s, v1.8h, v3.8h
  bfmmla v10.4s, v2.8h, v3.8h
  bfmmla v11.4s, v0.8h, v4.8h
  bfmmla v12.4s, v1.8h, v4.8h
  bfmmla v13.4s, v2.8h, v4.8h
  ldp q3, q4, [x11, #160]
  bfmmla v14.4s, v0.8h, v3.8h
  bfmmla v15.4s, v1.8h, v3.8h
  bfmmla v16.4s, v2.8h, v3.8h
  bfmmla v17.4s, v0.8h, v4.8h
  bfmmla v18.4s, v1.8h, v4.8h
  bfmmla v19.4s, v2.8h, v4.8h
  ldp q3, q4, [x11, #192]
  bfmmla v20.4s, v0.8h, v3.8h
  bfmmla v21.4s, v1.8h, v3.8h
  bfmmla v22.4s, v2.8h, v3.8h
  bfmmla v23.4s, v0.8h, v4.8h
  bfmmla v24.4s, v1.8h, v4.8h
  bfmmla v25.4s, v2.8h, v4.8h
  ldp q3, q4, [x11, #224]
  bfmmla v26.4s, v0.8h, v3.8h
  bfmmla v27.4s, v1.8h, v3.8h
  bfmmla v28.4s, v2.8h, v3.8h
  bfmmla v29.4s, v0.8h, v4.8h
  bfmmla v30.4s, v1.8h, v4.8h
  bfmmla v31.4s, v2.8h, v4.8h
  add x11, x11, #256
  subs x12, x12, #1
  b.ne loop
