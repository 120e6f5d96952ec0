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
    var result = self
    result.turnUpright(orientation)
    return result
  }

  /// Turns a stored picture upright: a large one in place, if no one else holds its pixels.
  mutating func turnUpright(_ orientation: Orientation) {
    guard orientation != .upright else { return }
    let (height, width) = (self.height, self.width)
    let (newHeight, newWidth) = orientation.swapsSides ? (width, height) : (height, width)
    let pixelCount = height * width
    /// Where upright pixel `index` is stored.
    func source(_ index: Int) -> Int {
      let (r, c) = index.quotientAndRemainder(dividingBy: newWidth)
      let row = orientation.swapsSides ? c : r
      let column = orientation.swapsSides ? r : c
      return (orientation.reversesRows ? height - 1 - row : row) * width
        + (orientation.reversesColumns ? width - 1 - column : column)
    }
    var pixels = takePixels()
    pixels.withUnsafeMutableBytes { bytes in
      if pixelCount <= Self.copiedPixelCount {
        let copy = [UInt8](bytes)
        for index in 0..<pixelCount {
          let from = source(index) * 3
          for channel in 0..<3 { bytes[index * 3 + channel] = copy[from + channel] }
        }
      } else {
        permute(bytes, pixelCount: pixelCount, source: source)
      }
    }
    self = Image8(height: newHeight, width: newWidth, pixels: pixels)
  }

  /// Larger pictures are turned in place: a second copy of a photograph of 100 megapixels is 300 MB.
  private static var copiedPixelCount: Int { 16_000_000 }
}

/// Moves pixels of three bytes along the cycles of a permutation, with a bit for each that is done.
private func permute(_ bytes: UnsafeMutableRawBufferPointer, pixelCount: Int, source: (Int) -> Int) {
  var done = [UInt64](repeating: 0, count: (pixelCount + 63) / 64)
  func pixel(_ index: Int) -> (UInt8, UInt8, UInt8) {
    (bytes[index * 3], bytes[index * 3 + 1], bytes[index * 3 + 2])
  }
  func store(_ value: (UInt8, UInt8, UInt8), at index: Int) {
    bytes[index * 3] = value.0
    bytes[index * 3 + 1] = value.1
    bytes[index * 3 + 2] = value.2
  }
  for start in 0..<pixelCount where done[start >> 6] >> UInt64(start & 63) & 1 == 0 {
    let first = pixel(start)
    var place = start
    while true {
      done[place >> 6] |= 1 << UInt64(place & 63)
      let next = source(place)
      if next == start { break }
      store(pixel(next), at: place)
      place = next
    }
    store(first, at: place)
  }
}
