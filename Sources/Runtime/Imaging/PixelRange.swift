/// The interval that a model's pixel values live in; -1...1 for all published models.
package struct PixelRange: Equatable, Sendable {
  /// The value of black.
  package var minimum: Float
  /// The value of white.
  package var maximum: Float

  /// - Precondition: `minimum < maximum`.
  package init(minimum: Float = -1, maximum: Float = 1) {
    precondition(minimum < maximum, "PixelRange: \(minimum) is not below \(maximum)")
    self.minimum = minimum
    self.maximum = maximum
  }

  /// -1...1.
  package static let signed = PixelRange()
  /// 0...1.
  package static let unit = PixelRange(minimum: 0, maximum: 1)
}

extension Image8 {
  /// The picture as a [3, H, W] tensor: `x / 255 * (maximum − minimum) + minimum`.
  package func planar(_ range: PixelRange = .signed) -> [Float] {
    var values = [Float](repeating: 0, count: pixels.count)
    write(to: &values, range: range)
    return values
  }

  /// Writes the picture as image `index` of an [N, 3, H, W] tensor.
  ///
  /// - Precondition: `values` has room for it.
  package func write(to values: inout [Float], image index: Int = 0, range: PixelRange = .signed) {
    let area = height * width
    let start = index * area * 3
    precondition(index >= 0 && start + area * 3 <= values.count, "Image8: no room for image \(index)")
    let table = (0...255).map { Float($0) / 255 * (range.maximum - range.minimum) + range.minimum }
    for pixel in 0..<area {
      values[start + pixel] = table[Int(pixels[pixel * 3])]
      values[start + area + pixel] = table[Int(pixels[pixel * 3 + 1])]
      values[start + 2 * area + pixel] = table[Int(pixels[pixel * 3 + 2])]
    }
  }

  /// Image `index` of an [N, 3, H, W] tensor as a picture.
  ///
  /// `(x − minimum) / (maximum − minimum) * 255`, clamped, rounded to nearest, halves up, as published.
  /// Not-a-number becomes 0, so that a diverged optimization shows black instead of ending the program.
  ///
  /// - Precondition: the sides are positive and `values` holds the image.
  package init(
    planar values: [Float], image index: Int = 0, height: Int, width: Int, range: PixelRange = .signed
  ) {
    let area = height * width
    let start = index * area * 3
    precondition(index >= 0 && start + area * 3 <= values.count, "Image8: the tensor has no image \(index)")
    let scale = 255 / (range.maximum - range.minimum)
    var bytes = [UInt8](repeating: 0, count: area * 3)
    for channel in 0..<3 {
      let plane = start + channel * area
      for pixel in 0..<area {
        bytes[pixel * 3 + channel] = roundedByte((values[plane + pixel] - range.minimum) * scale)
      }
    }
    self.init(height: height, width: width, pixels: bytes)
  }
}
