import CKernelShims
import KernelABI

/// Of the tile's six pixels: sixteen input channels each, or the sums of four output channels.
private struct Column {
  var p0, p1, p2, p3, p4, p5: Quad

  /// sums[p][o] += Σ pixels[p][4·lane ..< 4·lane + 4] · weights[o]. `sdot v, v, v.4b[lane]` takes the lane as it is.
  @inline(__always) mutating func add(_ weights: Quad, _ pixels: Column, _ lane: Int32) {
    p0 = idv_dot_lane(p0, weights, pixels.p0, lane)
    p1 = idv_dot_lane(p1, weights, pixels.p1, lane)
    p2 = idv_dot_lane(p2, weights, pixels.p2, lane)
    p3 = idv_dot_lane(p3, weights, pixels.p3, lane)
    p4 = idv_dot_lane(p4, weights, pixels.p4, lane)
    p5 = idv_dot_lane(p5, weights, pixels.p5, lane)
  }

  @inline(__always) init(
    _ p0: UnsafeRawPointer, _ p1: UnsafeRawPointer, _ p2: UnsafeRawPointer, _ p3: UnsafeRawPointer,
    _ p4: UnsafeRawPointer, _ p5: UnsafeRawPointer, _ offset: Int
  ) {
    self.p0 = quad(p0, offset)
    self.p1 = quad(p1, offset)
    self.p2 = quad(p2, offset)
    self.p3 = quad(p3, offset)
    self.p4 = quad(p4, offset)
    self.p5 = quad(p5, offset)
  }
}

/// `s8-tapgemm-6x16__neondot`: 24 accumulators, one panel vector at a time and sixteen channels of six pixels in registers.
func int8Gemm6x16(_ arguments: UnsafePointer<Int8GemmArguments>) {
  let g = arguments.pointee
  var pixels = g.inputPixels, targets = g.outputPixels
  var ahead = g.prefetch
  for _ in 0..<g.tiles {
    let o0 = g.output + Int(targets[0]), o1 = g.output + Int(targets[1]), o2 = g.output + Int(targets[2])
    let o3 = g.output + Int(targets[3]), o4 = g.output + Int(targets[4]), o5 = g.output + Int(targets[5])
    var a, b, c, d: Column
    if let initial = g.initial {
      a = Column(initial, initial, initial, initial, initial, initial, 0)
      b = Column(initial, initial, initial, initial, initial, initial, 16)
      c = Column(initial, initial, initial, initial, initial, initial, 32)
      d = Column(initial, initial, initial, initial, initial, initial, 48)
    } else {
      a = Column(o0, o1, o2, o3, o4, o5, 0)
      b = Column(o0, o1, o2, o3, o4, o5, 16)
      c = Column(o0, o1, o2, o3, o4, o5, 32)
      d = Column(o0, o1, o2, o3, o4, o5, 48)
    }
    let i0 = g.input + Int(pixels[0]), i1 = g.input + Int(pixels[1]), i2 = g.input + Int(pixels[2])
    let i3 = g.input + Int(pixels[3]), i4 = g.input + Int(pixels[4]), i5 = g.input + Int(pixels[5])
    var panel = UnsafeRawPointer(g.panel)
    var blockOffset = 0
    for _ in 0..<g.blocks {
      for tap in 0..<g.taps {
        let x = Column(i0, i1, i2, i3, i4, i5, blockOffset &+ Int(g.tapOffsets[tap]))
        a.add(quad(panel, 0), x, 0)
        b.add(quad(panel, 16), x, 0)
        c.add(quad(panel, 32), x, 0)
        d.add(quad(panel, 48), x, 0)
        a.add(quad(panel, 64), x, 1)
        b.add(quad(panel, 80), x, 1)
        c.add(quad(panel, 96), x, 1)
        d.add(quad(panel, 112), x, 1)
        a.add(quad(panel, 128), x, 2)
        b.add(quad(panel, 144), x, 2)
        c.add(quad(panel, 160), x, 2)
        d.add(quad(panel, 176), x, 2)
        a.add(quad(panel, 192), x, 3)
        b.add(quad(panel, 208), x, 3)
        c.add(quad(panel, 224), x, 3)
        d.add(quad(panel, 240), x, 3)
        panel += 256
      }
      blockOffset &+= g.inputBlockStride
    }
    fetch(&ahead, lines: g.prefetchLines)
    store(o0, a.p0, b.p0, c.p0, d.p0, g)
    store(o1, a.p1, b.p1, c.p1, d.p1, g)
    store(o2, a.p2, b.p2, c.p2, d.p2, g)
    store(o3, a.p3, b.p3, c.p3, d.p3, g)
    store(o4, a.p4, b.p4, c.p4, d.p4, g)
    store(o5, a.p5, b.p5, c.p5, d.p5, g)
    pixels += 6
    targets += 6
  }
}
