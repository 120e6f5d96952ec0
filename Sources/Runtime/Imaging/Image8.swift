/// A picture of 8-bit sRGB pixels: height × width × 3 bytes, rows from the top, red first, no padding.
package struct Image8: Equatable, Sendable {
  /// Number of rows.
  package let height: Int
  /// Number of columns.
  package let width: Int
  /// `height * width * 3` bytes; pixel (row, column) starts at `(row * width + column) * 3`.
  package private(set) var pixels: [UInt8]

  /// A picture from its bytes.
  ///
  /// - Precondition: the sides are positive and `pixels.count == height * width * 3`.
  package init(height: Int, width: Int, pixels: [UInt8]) {
    precondition(height > 0 && width > 0, "Image8: a side is not positive: \(height)×\(width)")
    precondition(
      pixels.count == height * width * 3,
      "Image8: \(pixels.count) bytes for \(height)×\(width)×3")
    self.height = height
    self.width = width
    self.pixels = pixels
  }

  /// A picture of one color, white unless told.
  ///
  /// - Precondition: the sides are positive.
  package init(height: Int, width: Int, color: RGB8 = .white) {
    precondition(height > 0 && width > 0, "Image8: a side is not positive: \(height)×\(width)")
    self.height = height
    self.width = width
    pixels = [UInt8](repeating: color.red, count: height * width * 3)
    if color.green != color.red || color.blue != color.red {
      for pixel in stride(from: 0, to: pixels.count, by: 3) {
        pixels[pixel + 1] = color.green
        pixels[pixel + 2] = color.blue
      }
    }
  }

  /// One pixel.
  ///
  /// - Precondition: row and column lie within the picture.
  package subscript(row: Int, column: Int) -> RGB8 {
    get {
      let start = offset(row, column)
      return RGB8(red: pixels[start], green: pixels[start + 1], blue: pixels[start + 2])
    }
    set {
      let start = offset(row, column)
      pixels[start] = newValue.red
      pixels[start + 1] = newValue.green
      pixels[start + 2] = newValue.blue
    }
  }

  /// The bytes, for one who puts others in the place of the picture: so that they are changed in place.
  mutating func takePixels() -> [UInt8] {
    var taken: [UInt8] = []
    swap(&taken, &pixels)
    return taken
  }

  private func offset(_ row: Int, _ column: Int) -> Int {
    precondition(
      row >= 0 && row < height && column >= 0 && column < width,
      "Image8: pixel (\(row), \(column)) of \(height)×\(width)")
    return (row * width + column) * 3
  }

  /// Copies the bytes of whole rows from another picture; the caller has checked the bounds.
  mutating func copyRow(
    _ sourceRow: Int, columns: Range<Int>, of source: Image8, toRow row: Int, column: Int
  ) {
    let from = (sourceRow * source.width + columns.lowerBound) * 3
    let to = (row * width + column) * 3
    let count = columns.count * 3
    pixels.replaceSubrange(to..<(to + count), with: source.pixels[from..<(from + count)])
  }
}

/// One 8-bit sRGB color.
package struct RGB8: Equatable, Hashable, Sendable {
  package var red: UInt8
  package var green: UInt8
  package var blue: UInt8

  package init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// All three channels alike.
  package init(gray: UInt8) { self.init(red: gray, green: gray, blue: gray) }

  package static let white = RGB8(gray: 255)
  package static let black = RGB8(gray: 0)
}
