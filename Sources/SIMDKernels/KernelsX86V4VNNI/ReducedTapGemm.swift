import CKernelShims
import KernelABI

/// Sixteen sums of 32 bits, or pairs of words of sixteen output channels.
private typealias Sums = SIMD16<Int32>

/// Sixteen pairs of words.
@inline(__always) private func pairs(_ base: UnsafePointer<UInt16>, _ offset: Int) -> Sums {
  UnsafeRawPointer(base + offset).loadUnaligned(as: Sums.self)
}

/// Two channels of a pixel, for all lanes.
@inline(__always) private func pair(_ pixel: UnsafePointer<UInt16>, _ offset: Int) -> Sums {
  idv_spread_i32(UnsafeRawPointer(pixel + offset).loadUnaligned(as: Int32.self))
}

/// What one block of output channels of one pixel adds up to so far. A tile may repeat its last pixel: all totals are read
/// before any is written.
@inline(__always) private func total(_ sum: Sums, _ g: ReducedTapGemmArguments, _ target: Int) -> Lanes {
  let sum = idv_floats_from_i32(sum)
  return g.isFirst ? sum : idv_add(g.output.lanes(target), sum)
}

/// Writes a total, or what becomes of the last.
@inline(__always)
private func put(_ total: Lanes, _ g: ReducedTapGemmArguments, _ target: Int, _ row: Float, _ channel: Int) {
  guard let columns = g.columnScales else { return g.output.store(total, target) }
  let product = idv_mul(idv_mul(total, Lanes(repeating: row)), columns.lanes(channel))
  g.output.store(leakyReLU(idv_add(product, g.bias.lanes(channel)), Lanes(repeating: g.slope)), target)
}

/// Two blocks of output channels of one pixel.
private struct Row {
  var low = Sums(repeating: 0), high = Sums(repeating: 0)

  @inline(__always) mutating func accumulate(_ pair: Sums, _ low: Sums, _ high: Sums) {
    self.low = idv_dot_pairs(self.low, pair, low)
    self.high = idv_dot_pairs(self.high, pair, high)
  }
  @inline(__always) func totals(_ g: ReducedTapGemmArguments, _ target: Int32) -> Totals {
    Totals(low: total(low, g, Int(target)), high: total(high, g, Int(target) &+ g.outputBlockStride))
  }
}

private struct Totals {
  var low: Lanes, high: Lanes

  @inline(__always) func store(_ g: ReducedTapGemmArguments, _ target: Int32, _ row: Float) {
    put(low, g, Int(target), row, 0)
    put(high, g, Int(target) &+ g.outputBlockStride, row, 16)
  }
}

/// `s16-tapgemm-8x32__x86v4vnni`: the tile of the f32 kernel, two channels per instruction.
func reducedTapGemm8x32(_ arguments: UnsafePointer<ReducedTapGemmArguments>) {
  let g = arguments.pointee
  var pixels = g.inputPixels, targets = g.outputPixels, scales = g.rowScales
  var ahead = EvenFetch(g.prefetch, lines: g.prefetchLines, steps: g.blocks &* g.taps)
  let count = g.pairs
  for _ in 0..<g.tiles {
    ahead.beginTile()
    var r0 = Row(), r1 = Row(), r2 = Row(), r3 = Row(), r4 = Row(), r5 = Row(), r6 = Row(), r7 = Row()
    let i0 = g.input + Int(pixels[0]), i1 = g.input + Int(pixels[1])
    let i2 = g.input + Int(pixels[2]), i3 = g.input + Int(pixels[3])
    let i4 = g.input + Int(pixels[4]), i5 = g.input + Int(pixels[5])
    let i6 = g.input + Int(pixels[6]), i7 = g.input + Int(pixels[7])
    var panel = g.panel
    var blockOffset = 0
    for _ in 0..<g.blocks {
      for tap in 0..<g.taps {
        ahead.step()
        var c = blockOffset &+ Int(g.tapOffsets[tap])
        for _ in 0..<count {
          let low = pairs(panel, 0), high = pairs(panel, 32)
          r0.accumulate(pair(i0, c), low, high)
          r1.accumulate(pair(i1, c), low, high)
          r2.accumulate(pair(i2, c), low, high)
          r3.accumulate(pair(i3, c), low, high)
          r4.accumulate(pair(i4, c), low, high)
          r5.accumulate(pair(i5, c), low, high)
          r6.accumulate(pair(i6, c), low, high)
          r7.accumulate(pair(i7, c), low, high)
          panel += 64
          c &+= 2
        }
      }
      blockOffset &+= g.inputBlockStride
    }
    let t0 = r0.totals(g, targets[0]), t1 = r1.totals(g, targets[1])
    let t2 = r2.totals(g, targets[2]), t3 = r3.totals(g, targets[3])
    let t4 = r4.totals(g, targets[4]), t5 = r5.totals(g, targets[5])
    let t6 = r6.totals(g, targets[6]), t7 = r7.totals(g, targets[7])
    t0.store(g, targets[0], scales[0])
    t1.store(g, targets[1], scales[1])
    t2.store(g, targets[2], scales[2])
    t3.store(g, targets[3], scales[3])
    t4.store(g, targets[4], scales[4])
    t5.store(g, targets[5], scales[5])
    t6.store(g, targets[6], scales[6])
    t7.store(g, targets[7], scales[7])
    pixels += 8
    targets += 8
    scales += 8
  }
}

/// Four pixels of one block of output channels.
private struct Rows4 {
  var a = Sums(repeating: 0), b = Sums(repeating: 0), c = Sums(repeating: 0), d = Sums(repeating: 0)

  @inline(__always) mutating func accumulate(_ x: Sums, _ y: Sums, _ z: Sums, _ w: Sums, _ weights: Sums) {
    a = idv_dot_pairs(a, x, weights)
    b = idv_dot_pairs(b, y, weights)
    c = idv_dot_pairs(c, z, weights)
    d = idv_dot_pairs(d, w, weights)
  }
  @inline(__always) func totals(_ g: ReducedTapGemmArguments, _ targets: UnsafePointer<Int32>) -> Totals4 {
    Totals4(
      a: total(a, g, Int(targets[0])), b: total(b, g, Int(targets[1])), c: total(c, g, Int(targets[2])),
      d: total(d, g, Int(targets[3])))
  }
}

private struct Totals4 {
  var a: Lanes, b: Lanes, c: Lanes, d: Lanes

  @inline(__always) func store(_ g: ReducedTapGemmArguments, _ targets: UnsafePointer<Int32>, _ scales: Source) {
    put(a, g, Int(targets[0]), scales[0], 0)
    put(b, g, Int(targets[1]), scales[1], 0)
    put(c, g, Int(targets[2]), scales[2], 0)
    put(d, g, Int(targets[3]), scales[3], 0)
  }
}

/// `s16-tapgemm-8x16__x86v4vnni`: for a last single block of output channels.
func reducedTapGemm8x16(_ arguments: UnsafePointer<ReducedTapGemmArguments>) {
  let g = arguments.pointee
  var pixels = g.inputPixels, targets = g.outputPixels, scales = g.rowScales
  var ahead = EvenFetch(g.prefetch, lines: g.prefetchLines, steps: g.blocks &* g.taps)
  let count = g.pairs
  for _ in 0..<g.tiles {
    ahead.beginTile()
    var r0 = Rows4(), r1 = Rows4()
    let i0 = g.input + Int(pixels[0]), i1 = g.input + Int(pixels[1])
    let i2 = g.input + Int(pixels[2]), i3 = g.input + Int(pixels[3])
    let i4 = g.input + Int(pixels[4]), i5 = g.input + Int(pixels[5])
    let i6 = g.input + Int(pixels[6]), i7 = g.input + Int(pixels[7])
    var panel = g.panel
    var blockOffset = 0
    for _ in 0..<g.blocks {
      for tap in 0..<g.taps {
        ahead.step()
        var c = blockOffset &+ Int(g.tapOffsets[tap])
        for _ in 0..<count {
          let weights = pairs(panel, 0)
          r0.accumulate(pair(i0, c), pair(i1, c), pair(i2, c), pair(i3, c), weights)
          r1.accumulate(pair(i4, c), pair(i5, c), pair(i6, c), pair(i7, c), weights)
          panel += 32
          c &+= 2
        }
      }
      blockOffset &+= g.inputBlockStride
    }
    let t0 = r0.totals(g, targets), t1 = r1.totals(g, targets + 4)
    t0.store(g, targets, scales)
    t1.store(g, targets + 4, scales + 4)
    pixels += 8
    targets += 8
    scales += 8
  }
}
