import CKernelShims
import KernelABI

/// Four output channels, or four input channels of a pixel: one q register.
private typealias Quad = SIMD4<Float>

extension UnsafePointer<Float> {
  @inline(__always) fileprivate func quad(_ offset: Int = 0) -> Quad {
    UnsafeRawPointer(self + offset).loadUnaligned(as: Quad.self)
  }
}

/// The same four channels of the tile's six pixels.
private struct Column {
  var p0, p1, p2, p3, p4, p5: Quad

  /// acc[p][o] += pixels[p][lane] · weights[o]. `fmla v, v, v.s[lane]` takes the lane as it is.
  @inline(__always) mutating func add(_ weights: Quad, _ pixels: Column, _ lane: Int32) {
    p0 = idv_fma_lane(weights, pixels.p0, lane, p0)
    p1 = idv_fma_lane(weights, pixels.p1, lane, p1)
    p2 = idv_fma_lane(weights, pixels.p2, lane, p2)
    p3 = idv_fma_lane(weights, pixels.p3, lane, p3)
    p4 = idv_fma_lane(weights, pixels.p4, lane, p4)
    p5 = idv_fma_lane(weights, pixels.p5, lane, p5)
  }

  @inline(__always) mutating func activate(_ slope: Quad) {
    p0 = idv_where_positive4(p0, p0, p0 * slope)
    p1 = idv_where_positive4(p1, p1, p1 * slope)
    p2 = idv_where_positive4(p2, p2, p2 * slope)
    p3 = idv_where_positive4(p3, p3, p3 * slope)
    p4 = idv_where_positive4(p4, p4, p4 * slope)
    p5 = idv_where_positive4(p5, p5, p5 * slope)
  }
}

/// `f32-tapgemm-6x16`: 24 accumulators, one panel vector at a time and four channels of six pixels in registers.
func tapGemm6x16(_ arguments: UnsafePointer<TapGemmArguments>) {
  let g = arguments.pointee
  var pixels = g.inputPixels, targets = g.outputPixels
  var ahead = g.prefetch, pixelsAhead = g.pixelPrefetch
  for _ in 0..<g.tiles {
    let o0 = g.output + Int(targets[0]), o1 = g.output + Int(targets[1]), o2 = g.output + Int(targets[2])
    let o3 = g.output + Int(targets[3]), o4 = g.output + Int(targets[4]), o5 = g.output + Int(targets[5])
    var a, b, c, d: Column
    if let initial = g.initial {
      a = column(initial, initial, initial, initial, initial, initial, 0)
      b = column(initial, initial, initial, initial, initial, initial, 4)
      c = column(initial, initial, initial, initial, initial, initial, 8)
      d = column(initial, initial, initial, initial, initial, initial, 12)
    } else {
      a = column(o0, o1, o2, o3, o4, o5, 0)
      b = column(o0, o1, o2, o3, o4, o5, 4)
      c = column(o0, o1, o2, o3, o4, o5, 8)
      d = column(o0, o1, o2, o3, o4, o5, 12)
    }
    let i0 = g.input + Int(pixels[0]), i1 = g.input + Int(pixels[1]), i2 = g.input + Int(pixels[2])
    let i3 = g.input + Int(pixels[3]), i4 = g.input + Int(pixels[4]), i5 = g.input + Int(pixels[5])
    var panel = g.panel
    var blockOffset = 0
    for _ in 0..<g.blocks {
      for tap in 0..<g.taps {
        var channel = blockOffset &+ Int(g.tapOffsets[tap])
        let end = channel &+ g.channels
        while channel < end {
          let x = column(i0, i1, i2, i3, i4, i5, channel)
          a.add(panel.quad(0), x, 0)
          b.add(panel.quad(4), x, 0)
          c.add(panel.quad(8), x, 0)
          d.add(panel.quad(12), x, 0)
          a.add(panel.quad(16), x, 1)
          b.add(panel.quad(20), x, 1)
          c.add(panel.quad(24), x, 1)
          d.add(panel.quad(28), x, 1)
          a.add(panel.quad(32), x, 2)
          b.add(panel.quad(36), x, 2)
          c.add(panel.quad(40), x, 2)
          d.add(panel.quad(44), x, 2)
          a.add(panel.quad(48), x, 3)
          b.add(panel.quad(52), x, 3)
          c.add(panel.quad(56), x, 3)
          d.add(panel.quad(60), x, 3)
          panel += 64
          channel &+= 4
        }
      }
      blockOffset &+= g.inputBlockStride
    }
    fetch(&ahead, lines: g.prefetchLines)
    fetch(&pixelsAhead, lines: g.pixelPrefetchLines)
    if g.slope != 1 {
      let slope = Quad(repeating: g.slope)
      a.activate(slope)
      b.activate(slope)
      c.activate(slope)
      d.activate(slope)
    }
    store(o0, a.p0, b.p0, c.p0, d.p0)
    store(o1, a.p1, b.p1, c.p1, d.p1)
    store(o2, a.p2, b.p2, c.p2, d.p2)
    store(o3, a.p3, b.p3, c.p3, d.p3)
    store(o4, a.p4, b.p4, c.p4, d.p4)
    store(o5, a.p5, b.p5, c.p5, d.p5)
    pixels += 6
    targets += 6
  }
}

@inline(__always) private func column(
  _ p0: Source, _ p1: Source, _ p2: Source, _ p3: Source, _ p4: Source, _ p5: Source, _ offset: Int
) -> Column {
  Column(
    p0: p0.quad(offset), p1: p1.quad(offset), p2: p2.quad(offset), p3: p3.quad(offset), p4: p4.quad(offset),
    p5: p5.quad(offset))
}

@inline(__always) private func store(_ target: Target, _ a: Quad, _ b: Quad, _ c: Quad, _ d: Quad) {
  let raw = UnsafeMutableRawPointer(target)
  raw.storeBytes(of: a, as: Quad.self)
  raw.storeBytes(of: b, toByteOffset: 16, as: Quad.self)
  raw.storeBytes(of: c, toByteOffset: 32, as: Quad.self)
  raw.storeBytes(of: d, toByteOffset: 48, as: Quad.self)
}
