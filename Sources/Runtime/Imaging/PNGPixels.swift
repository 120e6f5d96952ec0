#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// What the samples of a PNG file mean as 8-bit sRGB pixels; the rules are stated at `PNG`.

extension Image8 {
  /// Colour space and bit depth first, then alpha over white.
  init(_ samples: PNGSamples) {
    let exponent = samples.gamma.flatMap { abs($0 * 2.2 - 1) < 0.05 ? nil : 1 / $0 }
    let color = SampleTable(bitDepth: samples.bitDepth, exponent: exponent)
    let alpha = SampleTable(bitDepth: samples.bitDepth, exponent: nil)
    guard color.isNeeded || samples.channelCount == 4 else {
      self.init(height: samples.height, width: samples.width, pixels: samples.bytes)
      return
    }
    let byteStep = samples.bitDepth / 8
    var pixels = [UInt8]()
    pixels.reserveCapacity(samples.width * samples.height * 3)
    for start in stride(from: 0, to: samples.bytes.count, by: samples.channelCount * byteStep) {
      let opacity =
        samples.channelCount == 4 ? Int(alpha.byte(of: samples.bytes, at: start + 3 * byteStep)) : 255
      let white = 255 * (255 - opacity) + 127
      for channel in 0..<3 {
        let value = color.byte(of: samples.bytes, at: start + channel * byteStep)
        pixels.append(UInt8((Int(value) * opacity + white) / 255))
      }
    }
    self.init(height: samples.height, width: samples.width, pixels: pixels)
  }
}

/// Stored sample → 8-bit sRGB.
private struct SampleTable {
  private let bytes: [UInt8]
  private let isWide: Bool
  /// Whether the table differs from the identity.
  let isNeeded: Bool

  /// - Parameter exponent: from a stored sample in 0...1 to linear light; `nil` for samples that are sRGB, or alpha.
  init(bitDepth: Int, exponent: Double?) {
    isWide = bitDepth == 16
    isNeeded = isWide || exponent != nil
    let last = isWide ? 65_535 : 255
    bytes = (0...last).map { sample in
      guard let exponent else { return UInt8((sample * 255 * 2 + last) / (2 * last)) }
      let linear = pow(Double(sample) / Double(last), exponent)
      // IEC 61966-2-1.
      let encoded = linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055
      return UInt8(min(max(encoded * 255 + 0.5, 0), 255))
    }
  }

  func byte(of samples: [UInt8], at offset: Int) -> UInt8 {
    isWide ? bytes[Int(samples[offset]) << 8 | Int(samples[offset + 1])] : bytes[Int(samples[offset])]
  }
}
