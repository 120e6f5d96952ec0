import CKernelShims
import KernelABI

/// `f32-tapgemm-6x16`: twelve ymm accumulators, two panel vectors and one broadcast.
func tapGemm6x16(_ arguments: UnsafePointer<TapGemmArguments>) {
  let g = arguments.pointee
  var pixels = g.inputPixels, targets = g.outputPixels
  let steps = g.blocks &* g.taps
  var ahead = EvenFetch(g.prefetch, lines: g.prefetchLines, steps: steps)
  var pixelsAhead = EvenFetch(g.pixelPrefetch, lines: g.pixelPrefetchLines, steps: steps)
  for _ in 0..<g.tiles {
    ahead.beginTile()
    pixelsAhead.beginTile()
    let o0 = g.output + Int(targets[0]), o1 = g.output + Int(targets[1])
    let o2 = g.output + Int(targets[2]), o3 = g.output + Int(targets[3])
    let o4 = g.output + Int(targets[4]), o5 = g.output + Int(targets[5])
    var r0, r1, r2, r3, r4, r5: Lanes
    if let initial = g.initial {
      let row = initial.lanes()
      (r0, r1, r2, r3, r4, r5) = (row, row, row, row, row, row)
    } else {
      (r0, r1, r2) = (o0.lanes(), o1.lanes(), o2.lanes())
      (r3, r4, r5) = (o3.lanes(), o4.lanes(), o5.lanes())
    }
    let i0 = g.input + Int(pixels[0]), i1 = g.input + Int(pixels[1])
    let i2 = g.input + Int(pixels[2]), i3 = g.input + Int(pixels[3])
    let i4 = g.input + Int(pixels[4]), i5 = g.input + Int(pixels[5])
    var panel = g.panel
    var blockOffset = 0
    for _ in 0..<g.blocks {
      for tap in 0..<g.taps {
        ahead.step()
        pixelsAhead.step()
        let first = blockOffset &+ Int(g.tapOffsets[tap])
        let last = first &+ g.channels
        var c = first
        while c < last {
          let weights = panel.lanes()
          r0 = fma(Lanes(repeating: i0[c]), weights, r0)
          r1 = fma(Lanes(repeating: i1[c]), weights, r1)
          r2 = fma(Lanes(repeating: i2[c]), weights, r2)
          r3 = fma(Lanes(repeating: i3[c]), weights, r3)
          r4 = fma(Lanes(repeating: i4[c]), weights, r4)
          r5 = fma(Lanes(repeating: i5[c]), weights, r5)
          panel += 16
          c &+= 1
        }
      }
      blockOffset &+= g.inputBlockStride
    }
    if g.slope != 1 {
      let slope = Lanes(repeating: g.slope)
      (r0, r1, r2) = (leakyReLU(r0, slope), leakyReLU(r1, slope), leakyReLU(r2, slope))
      (r3, r4, r5) = (leakyReLU(r3, slope), leakyReLU(r4, slope), leakyReLU(r5, slope))
    }
    o0.store(r0)
    o1.store(r1)
    o2.store(r2)
    o3.store(r3)
    o4.store(r4)
    o5.store(r5)
    pixels += 6
    targets += 6
  }
}
