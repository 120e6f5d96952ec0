import CKernelShims
import KernelABI

/// `f32-vabs-max`: the sixteen lanes' maxima, then theirs; maxima are exact in any order.
/// Added zeros leave what is finite as it is, and make infinities not a number.
func vlargestMagnitude(_ source: Source, _ vectors: Int) -> Float {
  var largest = Lanes(repeating: 0)
  for i in 0..<vectors { largest = idv_larger_magnitude(largest, source.lanes(i &* 16)) }
  let most = idv_largest_magnitude(largest)
  return most + most * 0
}

/// `f32-s8-quantize`
func vquantize(
  _ target: UnsafeMutablePointer<UInt8>, _ source: Source, _ factor: Float, _ offset: UInt8, _ vectors: Int
) {
  let factor = Lanes(repeating: factor)
  for i in 0..<vectors { idv_quantize(target + i &* 16, idv_mul(source.lanes(i &* 16), factor), offset) }
}
