import KernelABI

/// `s8-tapgemm-1x16__scalar`: the contract in its plainest form. Sums are kept in the output's memory.
func int8Gemm1x16(_ arguments: UnsafePointer<Int8GemmArguments>) {
  let g = arguments.pointee
  for tile in 0..<g.tiles {
    let pixel = g.input + Int(g.inputPixels[tile])
    let output = g.output + Int(g.outputPixels[tile])
    let sums = UnsafeMutableRawPointer(output).assumingMemoryBound(to: Int32.self)
    if let initial = g.initial { for o in 0..<16 { sums[o] = initial[o] } }
    var panel = g.panel
    for block in 0..<g.blocks {
      for tap in 0..<g.taps {
        var x = pixel + (block &* g.inputBlockStride &+ Int(g.tapOffsets[tap]))
        for _ in 0..<4 {
          for o in 0..<16 {
            for c in 0..<4 {
              // Codes of the scalar tier have no offset: their bytes are signed.
              sums[o] &+= Int32(Int8(bitPattern: x[c])) &* Int32(panel[o &* 4 &+ c])
            }
          }
          x += 4
          panel += 64
        }
      }
    }
    guard let scales = g.scales else { continue }
    for o in 0..<16 {
      let product = Float(sums[o]) * scales[o]
      let y = product + g.bias[o]
      output[o] = y > 0 ? y : y * g.slope
    }
  }
}
