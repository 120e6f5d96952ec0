import CKernelShims
import KernelABI

/// One q register: four sums of 32 bits, or sixteen bytes of pixels or weights.
typealias Quad = SIMD4<Int32>

@inline(__always) func quad(_ base: UnsafeRawPointer, _ offset: Int) -> Quad {
  base.loadUnaligned(fromByteOffset: offset, as: Quad.self)
}

/// The sums of a pixel, or activation(sum · scale + bias), product and sum rounded by themselves.
@inline(__always)
func store(_ target: Target, _ a: Quad, _ b: Quad, _ c: Quad, _ d: Quad, _ g: Int8GemmArguments) {
  let raw = UnsafeMutableRawPointer(target)
  raw.storeBytes(of: a, as: Quad.self)
  raw.storeBytes(of: b, toByteOffset: 16, as: Quad.self)
  raw.storeBytes(of: c, toByteOffset: 32, as: Quad.self)
  raw.storeBytes(of: d, toByteOffset: 48, as: Quad.self)
  guard let scales = g.scales else { return }
  let product = idv_mul(idv_floats_from_i32_at(raw), scales.lanes())
  target.store(leakyReLU(idv_add(product, g.bias.lanes()), Lanes(repeating: g.slope)))
}
