/// How a stored picture is turned to be upright (EXIF 2.32, tag 0x0112).
///
/// Upright pixel (r, c) is stored pixel (r′, c′): `transposes` swaps r and c; then rows, columns or both run backwards.
package enum Orientation: Int, CaseIterable, Sendable {
  case upright = 1
  case mirrored = 2
  case upsideDown = 3
  case flipped = 4
  case transposed = 5
  /// Turned by 90° clockwise to be upright: a telephone held on end.
  case turnedRight = 6
  case transversed = 7
  case turnedLeft = 8

  /// Whether stored rows are upright columns.
  package var swapsSides: Bool { rawValue >= 5 }
  var reversesRows: Bool { [3, 4, 6, 7].contains(rawValue) }
  var reversesColumns: Bool { [2, 3, 7, 8].contains(rawValue) }

  /// A point of the upright picture in the stored one, both with whole numbers in the middle of a pixel.
  ///
  /// - Parameter size: width and height as stored.
  package func stored(_ point: SIMD2<Double>, in size: SIMD2<Int>) -> SIMD2<Double> {
    var result = storedDirection(point)
    if reversesColumns { result.x += Double(size.x - 1) }
    if reversesRows { result.y += Double(size.y - 1) }
    return result
  }

  /// A point of the stored picture in the upright one.
  package func upright(_ point: SIMD2<Double>, in size: SIMD2<Int>) -> SIMD2<Double> {
    let place = SIMD2(
      reversesColumns ? Double(size.x - 1) - point.x : point.x, reversesRows ? Double(size.y - 1) - point.y : point.y)
    return swapsSides ? SIMD2(place.y, place.x) : place
  }

  /// A direction of the upright picture in the stored one.
  package func storedDirection(_ vector: SIMD2<Double>) -> SIMD2<Double> {
    let swapped = swapsSides ? SIMD2(vector.y, vector.x) : vector
    return SIMD2(reversesColumns ? -swapped.x : swapped.x, reversesRows ? -swapped.y : swapped.y)
  }

  /// The rows and columns of the stored picture under a rectangle of the upright one.
  func stored(_ region: PixelRegion, height: Int, width: Int) -> PixelRegion {
    let turned =
      swapsSides
      ? PixelRegion(row: region.column, column: region.row, height: region.width, width: region.height) : region
    return PixelRegion(
      row: reversesRows ? height - turned.row - turned.height : turned.row,
      column: reversesColumns ? width - turned.column - turned.width : turned.column,
      height: turned.height, width: turned.width)
  }
}

/// A rectangle of pixels.
package struct PixelRegion: Equatable, Sendable {
  package var row: Int, column: Int
  package var height: Int, width: Int

  package init(row: Int, column: Int, height: Int, width: Int) {
    self.row = row
    self.column = column
    self.height = height
    self.width = width
  }
}

extension Image8 {
  /// A stored picture, upright.
  package func upright(_ orientation: Orientation) -> Image8 {
    guard orientation != .upright else { return self }
    let canvas = UprightCanvas(orientation, storedHeight: height, storedWidth: width)
    pixels.withUnsafeBufferPointer { pixels in
      for row in 0..<height { _ = canvas.take(pixels.baseAddress! + row * width * 3) }
    }
    return canvas.picture
  }
}
