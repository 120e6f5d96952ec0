import CKernelShims
import KernelABI

/// Of the tile's four pixels, two in a register: eight input channels of each, or the sums of two output channels.
private struct Column {
  var p01, p23: Quad

  /// sums[p][o] += Σ pixels[p][c] · weights[o][c]
  @inline(__always) mutating func add(_ weights: Quad, _ pixels: Column) {
    p01 = idv_dot_matrix(p01, pixels.p01, weights)
    p23 = idv_dot_matrix(p23, pixels.p23, weights)
  }
}

/// Four places at the same offset, one for each pixel, and the registers there.
private struct Row {
  let p0, p1, p2, p3: UnsafeRawPointer

  /// The first eight bytes of each: channels 0 to 7 of a block, or the first two of four sums.
  @inline(__always) func low(_ offset: Int) -> Column {
    Column(
      p01: idv_low_halves(quad(p0, offset), quad(p1, offset)), p23: idv_low_halves(quad(p2, offset), quad(p3, offset)))
  }

  /// The other eight.
  @inline(__always) func high(_ offset: Int) -> Column {
    Column(
      p01: idv_high_halves(quad(p0, offset), quad(p1, offset)), p23: idv_high_halves(quad(p2, offset), quad(p3, offset))
    )
  }
}

/// `s8-tapgemm-4x16__neoni8mm`: 16 accumulators of two pixels and two output channels each, eight input channels at a time.
/// (Six pixels keep 24, and the same share of the multipliers; but every pass spills.)
func int8Gemm4x16(_ arguments: UnsafePointer<Int8GemmArguments>) {
  let g = arguments.pointee
  var pixels = g.inputPixels, targets = g.outputPixels
  var ahead = g.prefetch
  for _ in 0..<g.tiles {
    let o0 = g.output + Int(targets[0]), o1 = g.output + Int(targets[1])
    let o2 = g.output + Int(targets[2]), o3 = g.output + Int(targets[3])
    var start = Row(p0: o0, p1: o1, p2: o2, p3: o3)
    if let initial = g.initial { start = Row(p0: initial, p1: initial, p2: initial, p3: initial) }
    var a = start.low(0), b = start.high(0), c = start.low(16), d = start.high(16)
    var e = start.low(32), f = start.high(32), h = start.low(48), i = start.high(48)
    let input = Row(
      p0: g.input + Int(pixels[0]), p1: g.input + Int(pixels[1]), p2: g.input + Int(pixels[2]),
      p3: g.input + Int(pixels[3]))
    var panel = UnsafeRawPointer(g.panel)
    var blockOffset = 0
    for _ in 0..<g.blocks {
      for tap in 0..<g.taps {
        let place = blockOffset &+ Int(g.tapOffsets[tap])
        let x = input.low(place)
        a.add(quad(panel, 0), x)
        b.add(quad(panel, 16), x)
        c.add(quad(panel, 32), x)
        d.add(quad(panel, 48), x)
        e.add(quad(panel, 64), x)
        f.add(quad(panel, 80), x)
        h.add(quad(panel, 96), x)
        i.add(quad(panel, 112), x)
        // Pixels are loaded twice: there is time for it, and all of a pass's moves at its start cost a cycle.
        idv_load_again()
        let y = input.high(place)
        a.add(quad(panel, 128), y)
        b.add(quad(panel, 144), y)
        c.add(quad(panel, 160), y)
        d.add(quad(panel, 176), y)
        e.add(quad(panel, 192), y)
        f.add(quad(panel, 208), y)
        h.add(quad(panel, 224), y)
        i.add(quad(panel, 240), y)
        panel += 256
      }
      blockOffset &+= g.inputBlockStride
    }
    fetch(&ahead, lines: g.prefetchLines)
    store(o0, o1, a.p01, b.p01, c.p01, d.p01, e.p01, f.p01, h.p01, i.p01, g)
    store(o2, o3, a.p23, b.p23, c.p23, d.p23, e.p23, f.p23, h.p23, i.p23, g)
    pixels += 4
    targets += 4
  }
}

/// The sums of two pixels, taken apart; or activation(sum · scale + bias), product and sum rounded by themselves.
@inline(__always)
private func store(
  _ first: Target, _ second: Target, _ a: Quad, _ b: Quad, _ c: Quad, _ d: Quad, _ e: Quad, _ f: Quad, _ h: Quad,
  _ i: Quad, _ g: Int8GemmArguments
) {
  store(first, idv_low_halves(a, b), idv_low_halves(c, d), idv_low_halves(e, f), idv_low_halves(h, i), g)
  store(second, idv_high_halves(a, b), idv_high_halves(c, d), idv_high_halves(e, f), idv_high_halves(h, i), g)
}
