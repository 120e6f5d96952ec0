/// Networks of gray images, as networks of color images that compute the same.
///
/// A generator's one channel becomes R, G and B; an encoder reads a color's luma as `Image.convert('L')` of Pillow takes it
/// (ITU-R BT.601), which of a gray image is the image. Losses are means over channels, so that they do not change.
enum Grayscale {
  static func isGray(_ channels: Int) -> Bool { channels == 1 }

  static let luma = [0.299, 0.587, 0.114]

  /// Rows of an output layer for the three channels.
  static func repeated(_ values: [Float], channels: Int) -> [Float] {
    isGray(channels) ? Array([values, values, values].joined()) : values
  }

  /// Weights [O, 1, k, k] of a first convolution as [O, 3, k, k].
  static func reading(_ values: [Float], taps: Int, channels: Int) -> [Float] {
    guard isGray(channels) else { return values }
    var result: [Float] = []
    result.reserveCapacity(3 * values.count)
    for start in stride(from: 0, to: values.count, by: taps) {
      for share in luma { result += values[start..<start + taps].map { Float(Double($0) * share) } }
    }
    return result
  }
}
