// Integer code on bit patterns: without F16C, x86-64 has no half-precision instruction and `Float16` conversions
// are library calls. Everything below is free of branches, so that loops over it vectorize for baseline SSE2.

/// An IEEE 754 binary16 number, as stored; arithmetic is done in `Float`.
package struct Half: Equatable, Sendable {
  package var bitPattern: UInt16

  @inlinable @inline(__always)
  package init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  /// The largest finite magnitude, 65504.
  package static let greatestFiniteMagnitude: Float = 65504

  /// Rounds to nearest, ties to even; magnitudes from 65520 become infinite; a NaN stays a NaN and becomes quiet.
  @inlinable @inline(__always)
  package init(_ value: Float) {
    let bits = value.bitPattern
    let magnitude = bits & 0x7fff_ffff
    // Normal result: rebias the exponent by 15 − 127, add half a unit less one, and one more when the kept
    // mantissa is odd. The carry may run into the exponent, up to infinity: that is the rounding asked for.
    let odd = (magnitude >> 13) & 1
    let normal = (magnitude &- 0x3800_0000 &+ 0x0fff &+ odd) >> 13
    // Subnormal result: adding 0.5 aligns the mantissa so that the adder itself rounds at the right bit.
    let subnormal = (Float(bitPattern: magnitude) + 0.5).bitPattern &- 0x3f00_0000
    let special = magnitude > 0x7f80_0000 ? 0x7e00 | ((magnitude >> 13) & 0x03ff) : 0x7c00
    let finite = magnitude < 0x3880_0000 ? subnormal : normal
    let rounded = magnitude >= 0x4780_0000 ? special : finite
    bitPattern = UInt16(truncatingIfNeeded: (bits >> 16) & 0x8000 | rounded)
  }

  /// The same value in single precision; exact, NaN payloads included.
  @inlinable @inline(__always)
  package var float: Float {
    let wide = UInt32(bitPattern)
    let magnitude = (wide & 0x7fff) << 13
    // 2^112 rebiases the exponent and normalizes subnormals in one exact multiplication.
    let finite = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
    let value = magnitude >= 0x0f80_0000 ? magnitude | 0x7f80_0000 : finite
    return Float(bitPattern: value | (wide & 0x8000) << 16)
  }
}

/// A bfloat16 number: the upper half of a `Float`.
package struct BFloat16: Equatable, Sendable {
  package var bitPattern: UInt16

  @inlinable @inline(__always)
  package init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  /// Rounds to nearest, ties to even; a NaN stays a NaN and becomes quiet.
  @inlinable @inline(__always)
  package init(_ value: Float) {
    let bits = value.bitPattern
    let rounded = (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16
    let quiet = bits >> 16 | 0x0040
    let isNaN = bits & 0x7fff_ffff > 0x7f80_0000
    bitPattern = UInt16(truncatingIfNeeded: isNaN ? quiet : rounded)
  }

  /// The same value in single precision; exact.
  @inlinable @inline(__always)
  package var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
}
