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

/// What a lane of a block is multiplied by first.
private typealias Scaling = (_ lanes: Lanes, _ element: Int, _ block: Int) -> Lanes

@inline(__always)
private func narrow(_ r: NarrowingRun, _ scaled: Scaling) {
  for element in 0..<r.elements {
    let source = r.source + element &* r.sourceElementStride
    let target = r.target + element &* r.targetElementStride
    let scales = r.rowScales + element &* r.scaleElementStride
    var row = 0
    while row &+ 4 <= r.rows {
      narrowFour(r, element, source + row &* 16, target + row &* 16, scales + row, scaled)
      row &+= 4
    }
    while row < r.rows {
      narrowOne(r, element, source + row &* 16, target + row &* 16, scales + row, scaled)
      row &+= 1
    }
  }
}

// Rows too small to have an inverse are zero; the scales of those that are not finite are not numbers.
private let least: Float = 1e-30

/// Four rows share reductions and divisions, which would take longer than all else.
@inline(__always)
private func narrowFour(
  _ r: NarrowingRun, _ element: Int, _ source: Source, _ target: UnsafeMutablePointer<UInt16>, _ scales: Target,
  _ scaled: Scaling
) {
  var a = Lanes(repeating: 0), b = a, c = a, d = a
  for block in 0..<r.blocks {
    let place = block &* r.sourceBlockStride
    a = idv_larger_magnitude(a, scaled(source.lanes(place), element, block))
    b = idv_larger_magnitude(b, scaled(source.lanes(place &+ 16), element, block))
    c = idv_larger_magnitude(c, scaled(source.lanes(place &+ 32), element, block))
    d = idv_larger_magnitude(d, scaled(source.lanes(place &+ 48), element, block))
  }
  let most = idv_largest_magnitudes(a, b, c, d)
  let units = idv_where_above4(most, least, most * (1 / r.limit)) + most * 0
  UnsafeMutableRawPointer(scales).storeBytes(of: units, as: SIMD4<Float>.self)
  let factors = idv_where_above4(most, least, SIMD4(repeating: r.limit) / most)
  let fa = Lanes(repeating: factors.x), fb = Lanes(repeating: factors.y)
  let fc = Lanes(repeating: factors.z), fd = Lanes(repeating: factors.w)
  for block in 0..<r.blocks {
    let place = block &* r.sourceBlockStride, words = target + block &* r.targetBlockStride
    idv_narrow_two(
      words, idv_mul(scaled(source.lanes(place), element, block), fa),
      idv_mul(scaled(source.lanes(place &+ 16), element, block), fb))
    idv_narrow_two(
      words + 32, idv_mul(scaled(source.lanes(place &+ 32), element, block), fc),
      idv_mul(scaled(source.lanes(place &+ 48), element, block), fd))
  }
}

@inline(__always)
private func narrowOne(
  _ r: NarrowingRun, _ element: Int, _ source: Source, _ target: UnsafeMutablePointer<UInt16>, _ scales: Target,
  _ scaled: Scaling
) {
  var largest = Lanes(repeating: 0)
  for block in 0..<r.blocks {
    largest = idv_larger_magnitude(largest, scaled(source.lanes(block &* r.sourceBlockStride), element, block))
  }
  let most = idv_largest_magnitude(largest)
  scales[0] = (most > least ? most * (1 / r.limit) : 0) + most * 0
  let factor = Lanes(repeating: most > least ? r.limit / most : 0)
  for block in 0..<r.blocks {
    idv_narrow(
      target + block &* r.targetBlockStride,
      idv_mul(scaled(source.lanes(block &* r.sourceBlockStride), element, block), factor))
  }
}
