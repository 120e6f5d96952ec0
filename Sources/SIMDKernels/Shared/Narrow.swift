import CKernelShims
import KernelABI

/// `f32-s16-narrow__x86v4vnni`, `f32-f16-narrow__neonfp16`: rows to the operands of the tier.
func narrow(_ run: UnsafePointer<NarrowingRun>) {
  if let scales = run.pointee.channelScales {
    let stride = run.pointee.channelScaleElementStride
    narrow(run.pointee) { lanes, element, block in idv_mul(lanes, scales.lanes(element &* stride &+ block &* 16)) }
  } else {
    narrow(run.pointee) { lanes, _, _ in lanes }
  }
}

@inline(__always)
private func narrow(_ r: NarrowingRun, _ scaled: (_ lanes: Lanes, _ element: Int, _ block: Int) -> Lanes) {
  for element in 0..<r.elements {
    var source = r.source + element &* r.sourceElementStride
    var target = r.target + element &* r.targetElementStride
    let scales = r.rowScales + element &* r.scaleElementStride
    for row in 0..<r.rows {
      var largest = idv_larger_magnitude(Lanes(repeating: 0), scaled(source.lanes(), element, 0))
      for block in 1..<max(1, r.blocks) {
        largest = idv_larger_magnitude(largest, scaled(source.lanes(block &* r.sourceBlockStride), element, block))
      }
      let most = idv_largest_magnitude(largest)
      // Rows too small to have an inverse are zero; the scales of those that are not finite are not numbers.
      scales[row] = (most > 1e-30 ? most * (1 / r.limit) : 0) + most * 0
      let factor = Lanes(repeating: most > 1e-30 ? r.limit / most : 0)
      for block in 0..<r.blocks {
        idv_narrow(
          target + block &* r.targetBlockStride,
          idv_mul(scaled(source.lanes(block &* r.sourceBlockStride), element, block), factor))
      }
      source += 16
      target += 16
    }
  }
}
