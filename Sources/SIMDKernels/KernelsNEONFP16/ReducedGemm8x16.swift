import CKernelShims
import KernelABI

/// Eight halves, as bits: one q register.
private typealias Halves = SIMD8<UInt16>

extension UnsafePointer<UInt16> {
  @inline(__always) fileprivate func halves(_ offset: Int) -> Halves {
    UnsafeRawPointer(self + offset).loadUnaligned(as: Halves.self)
  }
}

/// Eight rows: eight input channels of each, or sums of eight output channels.
private struct Rows {
  var r0 = Halves(), r1 = Halves(), r2 = Halves(), r3 = Halves()
  var r4 = Halves(), r5 = Halves(), r6 = Halves(), r7 = Halves()

  @inline(__always) init() {}

  /// Rows of 16 channels each.
  @inline(__always) init(_ input: UnsafePointer<UInt16>) {
    r0 = input.halves(0)
    r1 = input.halves(16)
    r2 = input.halves(32)
    r3 = input.halves(48)
    r4 = input.halves(64)
    r5 = input.halves(80)
    r6 = input.halves(96)
    r7 = input.halves(112)
  }

  /// sums[r][o] += rows[r][lane] · weights[o]
  @inline(__always) mutating func add(_ weights: Halves, _ rows: Rows, _ lane: Int32) {
    r0 = idv_fma_lane_f16(weights, rows.r0, lane, r0)
    r1 = idv_fma_lane_f16(weights, rows.r1, lane, r1)
    r2 = idv_fma_lane_f16(weights, rows.r2, lane, r2)
    r3 = idv_fma_lane_f16(weights, rows.r3, lane, r3)
    r4 = idv_fma_lane_f16(weights, rows.r4, lane, r4)
    r5 = idv_fma_lane_f16(weights, rows.r5, lane, r5)
    r6 = idv_fma_lane_f16(weights, rows.r6, lane, r6)
    r7 = idv_fma_lane_f16(weights, rows.r7, lane, r7)
  }

  /// output[r][o] = these, or the same added to what is there.
  @inline(__always) func widen(to output: Target, isFirst: Bool) {
    if isFirst {
      idv_store_f16(output, r0)
      idv_store_f16(output + 16, r1)
      idv_store_f16(output + 32, r2)
      idv_store_f16(output + 48, r3)
      idv_store_f16(output + 64, r4)
      idv_store_f16(output + 80, r5)
      idv_store_f16(output + 96, r6)
      idv_store_f16(output + 112, r7)
    } else {
      idv_accumulate_f16(output, r0)
      idv_accumulate_f16(output + 16, r1)
      idv_accumulate_f16(output + 32, r2)
      idv_accumulate_f16(output + 48, r3)
      idv_accumulate_f16(output + 64, r4)
      idv_accumulate_f16(output + 80, r5)
      idv_accumulate_f16(output + 96, r6)
      idv_accumulate_f16(output + 112, r7)
    }
  }
}

/// Channel blocks whose products are summed in halves before floats take over: 32 channels keep the error of the sum near
/// that of its operands.
private let blocksPerRun = 2

/// `f16-gemm-8x16__neonfp16`: sixteen accumulators of halves, eight channels of eight rows in registers.
func reducedGemm8x16(_ arguments: UnsafePointer<ReducedGemmArguments>) {
  let g = arguments.pointee
  let columns = g.columnScales.lanes()
  var ahead = g.prefetch, pixelsAhead = g.pixelPrefetch
  var input = g.input, scales = g.rowScales, output = g.output
  for _ in 0..<g.tiles {
    var panel = g.panel, rows = input
    var block = 0
    while block < g.blocks {
      var low = Rows(), high = Rows()
      // Eight channels a time: half a block.
      for half in 0..<2 &* min(blocksPerRun, g.blocks &- block) {
        let x = Rows(rows + (half & 1) &* 8)
        low.add(panel.halves(0), x, 0)
        high.add(panel.halves(8), x, 0)
        low.add(panel.halves(16), x, 1)
        high.add(panel.halves(24), x, 1)
        low.add(panel.halves(32), x, 2)
        high.add(panel.halves(40), x, 2)
        low.add(panel.halves(48), x, 3)
        high.add(panel.halves(56), x, 3)
        low.add(panel.halves(64), x, 4)
        high.add(panel.halves(72), x, 4)
        low.add(panel.halves(80), x, 5)
        high.add(panel.halves(88), x, 5)
        low.add(panel.halves(96), x, 6)
        high.add(panel.halves(104), x, 6)
        low.add(panel.halves(112), x, 7)
        high.add(panel.halves(120), x, 7)
        panel += 128
        rows += (half & 1) &* g.inputBlockStride
      }
      low.widen(to: output, isFirst: block == 0)
      high.widen(to: output + 8, isFirst: block == 0)
      block &+= blocksPerRun
    }
    fetch(&ahead, lines: g.prefetchLines)
    fetch(&pixelsAhead, lines: g.pixelPrefetchLines)
    for row in 0..<8 {
      let target = output + row &* 16
      target.store(idv_mul(idv_mul(target.lanes(), Lanes(repeating: scales[row])), columns))
    }
    input += 128
    output += 128
    scales += 8
  }
}
