import CKernelShims
import KernelABI

/// `f32-tapgemm-2x16__scalar`: the contract in its plainest form.
func tapGemm2x16(_ arguments: UnsafePointer<TapGemmArguments>) {
  let g = arguments.pointee
  var pixels = g.inputPixels, targets = g.outputPixels
  for _ in 0..<g.tiles {
    let i0 = g.input + Int(pixels[0]), i1 = g.input + Int(pixels[1])
    let o0 = g.output + Int(targets[0]), o1 = g.output + Int(targets[1])
    var r0 = g.initial?.lanes() ?? o0.lanes()
    var r1 = g.initial?.lanes() ?? o1.lanes()
    var panel = g.panel
    for block in 0..<g.blocks {
      for tap in 0..<g.taps {
        let first = block &* g.inputBlockStride &+ Int(g.tapOffsets[tap])
        for c in first..<first &+ g.channels {
          let weights = panel.lanes()
          r0 = fma(Lanes(repeating: i0[c]), weights, r0)
          r1 = fma(Lanes(repeating: i1[c]), weights, r1)
          panel += 16
        }
      }
    }
    let slope = Lanes(repeating: g.slope)
    o0.store(leakyReLU(r0, slope))
    o1.store(leakyReLU(r1, slope))
    pixels += 2
    targets += 2
  }
}
