import CKernelShims
import KernelABI

/// Three pixels of one block of output channels.
private struct Rows3 {
  var a: Lanes, b: Lanes, c: Lanes

  @inline(__always) init(_ initial: Lanes) { (a, b, c) = (initial, initial, initial) }
  @inline(__always) init(_ output: UnsafeMutablePointer<Float>, _ pixels: UnsafePointer<Int32>) {
    a = output.lanes(Int(pixels[0]))
    b = output.lanes(Int(pixels[1]))
    c = output.lanes(Int(pixels[2]))
  }
  @inline(__always) mutating func accumulate(_ x: Float, _ y: Float, _ z: Float, _ weights: Lanes) {
    a = fma(Lanes(repeating: x), weights, a)
    b = fma(Lanes(repeating: y), weights, b)
    c = fma(Lanes(repeating: z), weights, c)
  }
  @inline(__always)
  func store(_ output: UnsafeMutablePointer<Float>, _ pixels: UnsafePointer<Int32>, _ slope: Lanes) {
    output.store(leakyReLU(a, slope), Int(pixels[0]))
    output.store(leakyReLU(b, slope), Int(pixels[1]))
    output.store(leakyReLU(c, slope), Int(pixels[2]))
  }
}

/// `f32-tapgemm-12x16__x86v4`: for a last single block of output channels. Twelve accumulators hide the latency of
/// their additions, which six do not.
func tapGemm12x16(_ arguments: UnsafePointer<TapGemmArguments>) {
  let g = arguments.pointee
  var pixels = g.inputPixels, targets = g.outputPixels
  let steps = g.blocks &* g.taps
  var ahead = EvenFetch(g.prefetch, lines: g.prefetchLines, steps: steps)
  var pixelsAhead = EvenFetch(g.pixelPrefetch, lines: g.pixelPrefetchLines, steps: steps)
  let slope = Lanes(repeating: g.slope)
  for _ in 0..<g.tiles {
    ahead.beginTile()
    pixelsAhead.beginTile()
    var r0, r1, r2, r3: Rows3
    if let initial = g.initial {
      r0 = Rows3(initial.lanes())
      (r1, r2, r3) = (r0, r0, r0)
    } else {
      r0 = Rows3(g.output, targets)
      r1 = Rows3(g.output, targets + 3)
      r2 = Rows3(g.output, targets + 6)
      r3 = Rows3(g.output, targets + 9)
    }
    let i0 = g.input + Int(pixels[0]), i1 = g.input + Int(pixels[1]), i2 = g.input + Int(pixels[2])
    let i3 = g.input + Int(pixels[3]), i4 = g.input + Int(pixels[4]), i5 = g.input + Int(pixels[5])
    let i6 = g.input + Int(pixels[6]), i7 = g.input + Int(pixels[7]), i8 = g.input + Int(pixels[8])
    let i9 = g.input + Int(pixels[9]), i10 = g.input + Int(pixels[10]), i11 = g.input + Int(pixels[11])
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
          for k in 0..<4 {
            let weights = panel.lanes(k &* 16)
            r0.accumulate(i0[c &+ k], i1[c &+ k], i2[c &+ k], weights)
            r1.accumulate(i3[c &+ k], i4[c &+ k], i5[c &+ k], weights)
            r2.accumulate(i6[c &+ k], i7[c &+ k], i8[c &+ k], weights)
            r3.accumulate(i9[c &+ k], i10[c &+ k], i11[c &+ k], weights)
          }
          panel += 64
          c &+= 4
        }
      }
      blockOffset &+= g.inputBlockStride
    }
    r0.store(g.output, targets, slope)
    r1.store(g.output, targets + 3, slope)
    r2.store(g.output, targets + 6, slope)
    r3.store(g.output, targets + 9, slope)
    pixels += 12
    targets += 12
  }
}
