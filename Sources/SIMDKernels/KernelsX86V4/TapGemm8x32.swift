import CKernelShims
import KernelABI

/// Two blocks of output channels of one pixel.
private struct Row {
  var low: Lanes, high: Lanes

  @inline(__always) init(_ initial: UnsafePointer<Float>) {
    low = initial.lanes()
    high = initial.lanes(16)
  }
  @inline(__always) init(_ output: UnsafeMutablePointer<Float>, _ blockStride: Int) {
    low = output.lanes()
    high = output.lanes(blockStride)
  }
  @inline(__always) mutating func accumulate(_ a: Float, _ low: Lanes, _ high: Lanes) {
    let a = Lanes(repeating: a)
    self.low = fma(a, low, self.low)
    self.high = fma(a, high, self.high)
  }
  @inline(__always) mutating func activate(_ slope: Lanes) {
    low = leakyReLU(low, slope)
    high = leakyReLU(high, slope)
  }
  @inline(__always) func store(_ output: UnsafeMutablePointer<Float>, _ blockStride: Int) {
    output.store(low)
    output.store(high, blockStride)
  }
}

/// `f32-tapgemm-8x32__x86v4`: 16 accumulators, two panel vectors and one broadcast of the 32 zmm registers.
func tapGemm8x32(_ arguments: UnsafePointer<TapGemmArguments>) {
  let g = arguments.pointee
  var pixels = g.inputPixels, targets = g.outputPixels
  let steps = g.blocks &* g.taps
  var ahead = EvenFetch(g.prefetch, lines: g.prefetchLines, steps: steps)
  var pixelsAhead = EvenFetch(g.pixelPrefetch, lines: g.pixelPrefetchLines, steps: steps)
  let stride = g.outputBlockStride
  for _ in 0..<g.tiles {
    ahead.beginTile()
    pixelsAhead.beginTile()
    var r0, r1, r2, r3, r4, r5, r6, r7: Row
    if let initial = g.initial {
      let row = Row(initial)
      (r0, r1, r2, r3, r4, r5, r6, r7) = (row, row, row, row, row, row, row, row)
    } else {
      r0 = Row(g.output + Int(targets[0]), stride)
      r1 = Row(g.output + Int(targets[1]), stride)
      r2 = Row(g.output + Int(targets[2]), stride)
      r3 = Row(g.output + Int(targets[3]), stride)
      r4 = Row(g.output + Int(targets[4]), stride)
      r5 = Row(g.output + Int(targets[5]), stride)
      r6 = Row(g.output + Int(targets[6]), stride)
      r7 = Row(g.output + Int(targets[7]), stride)
    }
    let i0 = g.input + Int(pixels[0]), i1 = g.input + Int(pixels[1])
    let i2 = g.input + Int(pixels[2]), i3 = g.input + Int(pixels[3])
    let i4 = g.input + Int(pixels[4]), i5 = g.input + Int(pixels[5])
    let i6 = g.input + Int(pixels[6]), i7 = g.input + Int(pixels[7])
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
            let low = panel.lanes(k &* 32), high = panel.lanes(k &* 32 &+ 16)
            r0.accumulate(i0[c &+ k], low, high)
            r1.accumulate(i1[c &+ k], low, high)
            r2.accumulate(i2[c &+ k], low, high)
            r3.accumulate(i3[c &+ k], low, high)
            r4.accumulate(i4[c &+ k], low, high)
            r5.accumulate(i5[c &+ k], low, high)
            r6.accumulate(i6[c &+ k], low, high)
            r7.accumulate(i7[c &+ k], low, high)
          }
          panel += 128
          c &+= 4
        }
      }
      blockOffset &+= g.inputBlockStride
    }
    if g.slope != 1 {
      let slope = Lanes(repeating: g.slope)
      r0.activate(slope)
      r1.activate(slope)
      r2.activate(slope)
      r3.activate(slope)
      r4.activate(slope)
      r5.activate(slope)
      r6.activate(slope)
      r7.activate(slope)
    }
    r0.store(g.output + Int(targets[0]), stride)
    r1.store(g.output + Int(targets[1]), stride)
    r2.store(g.output + Int(targets[2]), stride)
    r3.store(g.output + Int(targets[3]), stride)
    r4.store(g.output + Int(targets[4]), stride)
    r5.store(g.output + Int(targets[5]), stride)
    r6.store(g.output + Int(targets[6]), stride)
    r7.store(g.output + Int(targets[7]), stride)
    pixels += 8
    targets += 8
  }
}
