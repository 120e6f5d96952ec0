import CKernelShims
import KernelABI

/// One row's sums for two blocks of output channels.
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
  @inline(__always) func store(_ output: UnsafeMutablePointer<Float>, _ blockStride: Int) {
    output.store(low)
    output.store(high, blockStride)
  }
}

/// `tapGemm8x32` for adjacent rows: without tables of offsets all addresses stay in registers from tile to tile, which is worth
/// 2 to 3 % of a layer.
func rowGemm8x32(_ g: TapGemmArguments) {
  var ahead = EvenFetch(g.prefetch, lines: g.prefetchLines, steps: g.blocks)
  var pixelsAhead = EvenFetch(g.pixelPrefetch, lines: g.pixelPrefetchLines, steps: g.blocks)
  let stride = g.outputBlockStride
  var input = g.input, output = g.output
  for _ in 0..<g.tiles {
    ahead.beginTile()
    pixelsAhead.beginTile()
    var r0, r1, r2, r3, r4, r5, r6, r7: Row
    if let initial = g.initial {
      let row = Row(initial)
      (r0, r1, r2, r3, r4, r5, r6, r7) = (row, row, row, row, row, row, row, row)
    } else {
      r0 = Row(output, stride)
      r1 = Row(output + 16, stride)
      r2 = Row(output + 32, stride)
      r3 = Row(output + 48, stride)
      r4 = Row(output + 64, stride)
      r5 = Row(output + 80, stride)
      r6 = Row(output + 96, stride)
      r7 = Row(output + 112, stride)
    }
    var panel = g.panel, rows = input
    for _ in 0..<g.blocks {
      ahead.step()
      pixelsAhead.step()
      var row = rows
      let end = rows + idv_unknown(16)
      while row < end {
        for k in 0..<4 {
          let low = panel.lanes(k &* 32), high = panel.lanes(k &* 32 &+ 16)
          r0.accumulate(row[k], low, high)
          r1.accumulate(row[k &+ 16], low, high)
          r2.accumulate(row[k &+ 32], low, high)
          r3.accumulate(row[k &+ 48], low, high)
          r4.accumulate(row[k &+ 64], low, high)
          r5.accumulate(row[k &+ 80], low, high)
          r6.accumulate(row[k &+ 96], low, high)
          r7.accumulate(row[k &+ 112], low, high)
        }
        panel += 128
        row += 4
      }
      rows += g.inputBlockStride
    }
    r0.store(output, stride)
    r1.store(output + 16, stride)
    r2.store(output + 32, stride)
    r3.store(output + 48, stride)
    r4.store(output + 64, stride)
    r5.store(output + 80, stride)
    r6.store(output + 96, stride)
    r7.store(output + 112, stride)
    input += 128
    output += 128
  }
}
