import CKernelShims
import KernelABI

/// Sixteen sums of 32 bits.
private typealias Sums = SIMD16<Int32>

extension UnsafePointer<UInt16> {
  /// Sixteen pairs of words.
  @inline(__always) fileprivate func pairs(_ offset: Int) -> Sums {
    UnsafeRawPointer(self + offset).loadUnaligned(as: Sums.self)
  }
  /// One pair, for all lanes.
  @inline(__always) fileprivate func pair(_ offset: Int) -> Int32 {
    UnsafeRawPointer(self + offset).loadUnaligned(as: Int32.self)
  }
}

/// Two blocks of output channels of one row.
private struct Row {
  var low = Sums(repeating: 0), high = Sums(repeating: 0)

  @inline(__always) mutating func accumulate(_ pair: Int32, _ low: Sums, _ high: Sums) {
    let pair = idv_spread_i32(pair)
    self.low = idv_dot_pairs(self.low, pair, low)
    self.high = idv_dot_pairs(self.high, pair, high)
  }
  @inline(__always)
  func store(_ output: Target, _ blockStride: Int, _ rowScale: Float, _ low: Lanes, _ high: Lanes) {
    let scale = Lanes(repeating: rowScale)
    output.store(idv_mul(idv_mul(idv_floats_from_i32(self.low), scale), low))
    output.store(idv_mul(idv_mul(idv_floats_from_i32(self.high), scale), high), blockStride)
  }
}

/// `s16-gemm-8x32__x86v4vnni`: the tile of the f32 kernel, two channels per instruction.
func reducedGemm8x32(_ arguments: UnsafePointer<ReducedGemmArguments>) {
  let g = arguments.pointee
  let low = g.columnScales.lanes(), high = g.columnScales.lanes(16)
  var ahead = EvenFetch(g.prefetch, lines: g.prefetchLines, steps: g.blocks)
  var pixelsAhead = EvenFetch(g.pixelPrefetch, lines: g.pixelPrefetchLines, steps: g.blocks)
  var input = g.input, scales = g.rowScales, output = g.output
  let stride = g.outputBlockStride
  for _ in 0..<g.tiles {
    ahead.beginTile()
    pixelsAhead.beginTile()
    var r0 = Row(), r1 = Row(), r2 = Row(), r3 = Row(), r4 = Row(), r5 = Row(), r6 = Row(), r7 = Row()
    var panel = g.panel, row = input
    for _ in 0..<g.blocks {
      ahead.step()
      pixelsAhead.step()
      for k in 0..<8 {
        let low = panel.pairs(k &* 64), high = panel.pairs(k &* 64 &+ 32)
        r0.accumulate(row.pair(k &* 2), low, high)
        r1.accumulate(row.pair(k &* 2 &+ 16), low, high)
        r2.accumulate(row.pair(k &* 2 &+ 32), low, high)
        r3.accumulate(row.pair(k &* 2 &+ 48), low, high)
        r4.accumulate(row.pair(k &* 2 &+ 64), low, high)
        r5.accumulate(row.pair(k &* 2 &+ 80), low, high)
        r6.accumulate(row.pair(k &* 2 &+ 96), low, high)
        r7.accumulate(row.pair(k &* 2 &+ 112), low, high)
      }
      panel += 512
      row += g.inputBlockStride
    }
    r0.store(output, stride, scales[0], low, high)
    r1.store(output + 16, stride, scales[1], low, high)
    r2.store(output + 32, stride, scales[2], low, high)
    r3.store(output + 48, stride, scales[3], low, high)
    r4.store(output + 64, stride, scales[4], low, high)
    r5.store(output + 80, stride, scales[5], low, high)
    r6.store(output + 96, stride, scales[6], low, high)
    r7.store(output + 112, stride, scales[7], low, high)
    input += 128
    output += 128
    scales += 8
  }
}

/// Four rows of one block of output channels.
private struct Rows4 {
  var a = Sums(repeating: 0), b = Sums(repeating: 0), c = Sums(repeating: 0), d = Sums(repeating: 0)

  @inline(__always) mutating func accumulate(_ row: UnsafePointer<UInt16>, _ k: Int, _ weights: Sums) {
    a = idv_dot_pairs(a, idv_spread_i32(row.pair(k)), weights)
    b = idv_dot_pairs(b, idv_spread_i32(row.pair(k &+ 16)), weights)
    c = idv_dot_pairs(c, idv_spread_i32(row.pair(k &+ 32)), weights)
    d = idv_dot_pairs(d, idv_spread_i32(row.pair(k &+ 48)), weights)
  }
  @inline(__always) func store(_ output: Target, _ scales: Source, _ columns: Lanes) {
    output.store(idv_mul(idv_mul(idv_floats_from_i32(a), Lanes(repeating: scales[0])), columns))
    output.store(idv_mul(idv_mul(idv_floats_from_i32(b), Lanes(repeating: scales[1])), columns), 16)
    output.store(idv_mul(idv_mul(idv_floats_from_i32(c), Lanes(repeating: scales[2])), columns), 32)
    output.store(idv_mul(idv_mul(idv_floats_from_i32(d), Lanes(repeating: scales[3])), columns), 48)
  }
}

/// `s16-gemm-8x16__x86v4vnni`: for a last single block of output channels.
func reducedGemm8x16(_ arguments: UnsafePointer<ReducedGemmArguments>) {
  let g = arguments.pointee
  let columns = g.columnScales.lanes()
  var ahead = EvenFetch(g.prefetch, lines: g.prefetchLines, steps: g.blocks)
  var pixelsAhead = EvenFetch(g.pixelPrefetch, lines: g.pixelPrefetchLines, steps: g.blocks)
  var input = g.input, scales = g.rowScales, output = g.output
  for _ in 0..<g.tiles {
    ahead.beginTile()
    pixelsAhead.beginTile()
    var r0 = Rows4(), r1 = Rows4()
    var panel = g.panel, row = input
    for _ in 0..<g.blocks {
      ahead.step()
      pixelsAhead.step()
      for k in 0..<8 {
        let weights = panel.pairs(k &* 32)
        r0.accumulate(row, k &* 2, weights)
        r1.accumulate(row + 64, k &* 2, weights)
      }
      panel += 256
      row += g.inputBlockStride
    }
    r0.store(output, scales, columns)
    r1.store(output + 64, scales + 4, columns)
    input += 128
    output += 128
    scales += 8
  }
}
