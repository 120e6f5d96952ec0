import CKernelShims
import KernelABI

/// `f32-scaled-vabs-max__x86v4vnni`
func scaledMagnitude(_ source: Source, _ scales: Source, _ vectors: Int) -> Float {
  let scales = scales.lanes()
  var largest = Lanes(repeating: 0)
  for i in 0..<vectors { largest = idv_larger_magnitude(largest, idv_mul(source.lanes(i &* 16), scales)) }
  // An added zero makes infinity not a number.
  let most = idv_largest_magnitude(largest)
  return most + most * 0
}

/// `f32-s16-quantize__x86v4vnni`
func quantizeWords(
  _ target: UnsafeMutablePointer<UInt16>, _ source: Source, _ scales: Source, _ factor: Float, _ vectors: Int
) {
  let scales = scales.lanes(), factor = Lanes(repeating: factor)
  for i in 0..<vectors { idv_narrow(target + i &* 16, idv_mul(idv_mul(source.lanes(i &* 16), scales), factor)) }
}

/// `f32-s16-pair__x86v4vnni`
func pairWords(
  _ target: UnsafeMutablePointer<UInt16>, _ source: Source, _ factors: Source, _ vectors: Int, _ pairs: Int
) {
  let nr = vectors &* 16
  for vector in 0..<vectors {
    let factor = factors.lanes(vector &* 16)
    var from = source + vector &* 16, to = target + vector &* 32
    for _ in 0..<pairs {
      UnsafeMutableRawPointer(to).storeBytes(
        of: idv_pair_words(idv_mul(from.lanes(), factor), idv_mul(from.lanes(nr), factor)), as: SIMD16<Int32>.self)
      from += 2 &* nr
      to += 2 &* nr
    }
  }
}

/// `s16-transpose-pairs-16x16__x86v4vnni`
func transposeWords(
  _ target: UnsafeMutablePointer<UInt16>, _ targetRowStride: Int, _ targetTapStride: Int,
  _ source: UnsafePointer<UInt16>, _ sourceRowStride: Int, _ sourceTapStride: Int, _ taps: Int,
  _ prefetch: UnsafeRawPointer
) {
  for tap in 0..<taps {
    for line in 0..<8 { idv_prefetch(prefetch + (tap &* 8 &+ line) &* 64) }
    idv_transpose_pairs(
      target + tap &* targetTapStride, targetRowStride, source + tap &* sourceTapStride, sourceRowStride)
  }
}
