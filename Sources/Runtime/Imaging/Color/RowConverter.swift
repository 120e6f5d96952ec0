/// Rows of stored samples → 8-bit sRGB pixels, or the stored colors in 8 bits.
///
/// - Alpha is laid over **white**, in encoded (not linear) values, as browsers and most viewers do:
///   `(c·a + 255·(255 − a) + 127) / 255` in integers, that is, rounded to nearest; of 16-bit samples, after reduction to 8.
/// - 16 bits become 8 by `round(v / 257)`; where the color space is another one, only after the conversion.
/// - Inks without a usable profile: `255 · (1 − c) · (1 − k)`, and so on.
final class RowConverter {
  private enum Step {
    case copy
    case table(SampleTable)
    case profile(ColorTransform)
    case inks(isInverted: Bool)
  }
  private let layout: SampleLayout
  private let step: Step
  private let alpha: SampleTable?
  /// Whether rows come out as they went in.
  let isIdentity: Bool
  /// Whether the colors are those of sRGB now because nothing was known of them, although the file has a profile.
  let ignoresProfile: Bool

  /// - Parameter target: nil for the colors that are stored.
  init(_ layout: SampleLayout, from color: StoredColor, keepsColors: Bool = false) {
    self.layout = layout
    let color = keepsColors ? .sRGB : color
    var ignoresProfile = false
    switch (color, layout.channels) {
    case (_, .cmyk), (_, .invertedCMYK):
      if case .profile = color, let transform = ColorTransform(toSRGBFrom: color, layout: layout) {
        step = .profile(transform)
      } else {
        if case .profile = color { ignoresProfile = true }
        step = .inks(isInverted: layout.channels == .invertedCMYK)
      }
    case (.sRGB, _):
      step = layout.bitDepth == 16 ? .table(SampleTable(bitDepth: 16, exponent: nil)) : .copy
    case (.gamma(let exponent), _): step = .table(SampleTable(bitDepth: layout.bitDepth, exponent: 1 / exponent))
    case (.described, _), (.profile, _):
      if !ColorTransform.isIdentity(color), let transform = ColorTransform(toSRGBFrom: color, layout: layout) {
        step = .profile(transform)
      } else {
        if case .profile = color, ColorTransform(toSRGBFrom: color, layout: layout) == nil { ignoresProfile = true }
        step = layout.bitDepth == 16 ? .table(SampleTable(bitDepth: 16, exponent: nil)) : .copy
      }
    }
    self.ignoresProfile = ignoresProfile
    alpha = layout.channels == .rgbAlpha ? SampleTable(bitDepth: layout.bitDepth, exponent: nil) : nil
    if case .copy = step { isIdentity = layout.channels == .rgb } else { isIdentity = false }
  }

  /// Converts a row. Source and target may be the same where the layout is 8-bit RGB.
  func callAsFunction(_ source: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>, pixelCount: Int) {
    let stride = layout.pixelByteCount
    let sampleStride = layout.bitDepth / 8
    switch step {
    case .copy where stride == 3: target.update(from: source, count: pixelCount * 3)
    case .copy:
      for pixel in 0..<pixelCount {
        for channel in 0..<3 { target[pixel * 3 + channel] = source[pixel * stride + channel] }
      }
    case .table(let table):
      for pixel in 0..<pixelCount {
        for channel in 0..<3 {
          target[pixel * 3 + channel] = table.byte(source + pixel * stride + channel * sampleStride)
        }
      }
    case .profile(let transform): transform(source, target, pixelCount: pixelCount)
    case .inks(let isInverted):
      for pixel in 0..<pixelCount {
        let inks = source + pixel * 4
        let black = isInverted ? Int(inks[3]) : 255 - Int(inks[3])
        for channel in 0..<3 {
          let white = isInverted ? Int(inks[channel]) : 255 - Int(inks[channel])
          target[pixel * 3 + channel] = UInt8((white * black + 127) / 255)
        }
      }
    }
    guard let alpha else { return }
    for pixel in 0..<pixelCount {
      let opacity = Int(alpha.byte(source + pixel * stride + 3 * sampleStride))
      guard opacity < 255 else { continue }
      let white = 255 * (255 - opacity) + 127
      for channel in 0..<3 {
        target[pixel * 3 + channel] = UInt8((Int(target[pixel * 3 + channel]) * opacity + white) / 255)
      }
    }
  }
}

/// Stored sample → 8 bits.
private struct SampleTable {
  private let bytes: [UInt8]
  private let isWide: Bool

  /// - Parameter exponent: from a stored sample in 0...1 to linear light, which becomes sRGB; nil for samples that are sRGB, or
  ///   alpha.
  init(bitDepth: Int, exponent: Double?) {
    isWide = bitDepth == 16
    let last = isWide ? 65_535 : 255
    bytes = (0...last).map { sample in
      guard let exponent else { return UInt8((sample * 255 * 2 + last) / (2 * last)) }
      let linear = power(Double(sample) / Double(last), exponent)
      // IEC 61966-2-1.
      let encoded = linear <= 0.0031308 ? 12.92 * linear : 1.055 * power(linear, 1 / 2.4) - 0.055
      return UInt8(min(max(encoded * 255 + 0.5, 0), 255))
    }
  }

  func byte(_ sample: UnsafePointer<UInt8>) -> UInt8 {
    isWide ? bytes[Int(sample[0]) << 8 | Int(sample[1])] : bytes[Int(sample[0])]
  }
}
