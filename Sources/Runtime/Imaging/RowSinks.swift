/// Takes the rows of a picture from the top: pixels of 8-bit RGB.
protocol RowSink: AnyObject {
  /// - Returns: whether the rows below are wanted, too.
  func take(_ row: UnsafePointer<UInt8>) -> Bool
}

/// The upright picture, or a rectangle of it, made of stored rows: there is no second copy to be turned.
final class UprightCanvas: RowSink {
  private let orientation: Orientation
  /// In the upright picture.
  private let region: PixelRegion
  /// Where it is stored.
  private let stored: PixelRegion
  private var pixels: [UInt8]
  private var nextRow = 0

  /// - Parameter region: nil for all.
  init(_ orientation: Orientation, storedHeight: Int, storedWidth: Int, region: PixelRegion? = nil) {
    self.orientation = orientation
    let swaps = orientation.swapsSides
    self.region =
      region
      ?? PixelRegion(
        row: 0, column: 0, height: swaps ? storedWidth : storedHeight, width: swaps ? storedHeight : storedWidth)
    stored = orientation.stored(self.region, height: storedHeight, width: storedWidth)
    precondition(
      stored.row >= 0 && stored.column >= 0 && stored.row + stored.height <= storedHeight
        && stored.column + stored.width <= storedWidth, "UprightCanvas: \(self.region)")
    pixels = [UInt8](repeating: 0, count: self.region.height * self.region.width * 3)
  }

  func take(_ row: UnsafePointer<UInt8>) -> Bool {
    let place = nextRow - stored.row
    nextRow += 1
    guard place >= 0, place < stored.height else { return place < stored.height }
    let across = orientation.reversesRows ? stored.height - 1 - place : place
    let source = row + stored.column * 3
    let rowByteCount = region.width * 3
    let isReversed = orientation.reversesColumns
    pixels.withUnsafeMutableBufferPointer { pixels in
      // The first stored pixel of the row, and how far the next one is from it.
      let (first, step) =
        orientation.swapsSides
        ? (
          across * 3 + (isReversed ? (stored.width - 1) * rowByteCount : 0), isReversed ? -rowByteCount : rowByteCount
        )
        : (across * rowByteCount + (isReversed ? (stored.width - 1) * 3 : 0), isReversed ? -3 : 3)
      guard step != 3 else {
        (pixels.baseAddress! + first).update(from: source, count: rowByteCount)
        return
      }
      var target = first
      for column in 0..<stored.width {
        pixels[target] = source[column * 3]
        pixels[target + 1] = source[column * 3 + 1]
        pixels[target + 2] = source[column * 3 + 2]
        target += step
      }
    }
    return place + 1 < stored.height
  }

  /// - Precondition: called once, when all rows of the region have come.
  var picture: Image8 {
    var taken: [UInt8] = []
    swap(&taken, &pixels)
    return Image8(height: region.height, width: region.width, pixels: taken)
  }
}

/// A picture with sides divided by a whole number, row by row: each pixel is the mean of a square, partial ones at the right and
/// lower edge.
final class BoxAverage: RowSink {
  private let factor: Int
  private let width: Int
  private let height: Int
  private let next: any RowSink
  private var sums: [Int]
  private var line: [UInt8]
  private var rowsInHand = 0
  private var rowCount = 0

  /// - Parameter next: takes the smaller rows.
  init(height: Int, width: Int, factor: Int, next: any RowSink) {
    self.factor = factor
    self.width = width
    self.height = height
    self.next = next
    let count = (width + factor - 1) / factor * 3
    sums = [Int](repeating: 0, count: count)
    line = [UInt8](repeating: 0, count: count)
  }

  func take(_ row: UnsafePointer<UInt8>) -> Bool {
    rowCount += 1
    for column in 0..<width {
      let target = column / factor * 3
      for channel in 0..<3 { sums[target + channel] += Int(row[column * 3 + channel]) }
    }
    rowsInHand += 1
    guard rowsInHand == factor || rowCount == height else { return true }
    for target in 0..<sums.count / 3 {
      let area = rowsInHand * min(factor, width - target * factor)
      for index in target * 3..<target * 3 + 3 { line[index] = UInt8((2 * sums[index] + area) / (2 * area)) }
    }
    for index in sums.indices { sums[index] = 0 }
    rowsInHand = 0
    return line.withUnsafeBufferPointer { next.take($0.baseAddress!) }
  }
}

/// A rectangle of a picture, averaged over the exact boxes of a smaller one (or one of its size), rounded once.
///
/// With n source and m target pixels, target i covers [i·n, (i+1)·n) and source j covers [j·m, (j+1)·m) on an axis of n·m units:
/// all overlaps are integers, and the weights of one target sum to n. Exact, thus alike on every machine and in whatever order
/// rows come. Sums stay below 255 · 2²⁰ · 2²⁰ < 2⁴⁸.
final class AreaAverage: RowSink {
  private let region: PixelRegion
  private let height: Int
  private let width: Int
  private let columns: [Coverage]
  private var sums: [Int]
  private var line: [Int]
  private var nextRow = 0
  /// Units of the current target row that are covered.
  private var covered = 0
  private var pixels: [UInt8] = []

  /// - Precondition: the sides are positive and not larger than the region's.
  init(of region: PixelRegion, height: Int, width: Int) {
    precondition(height > 0 && width > 0 && height <= region.height && width <= region.width)
    self.region = region
    self.height = height
    self.width = width
    columns = Self.coverage(from: region.width, to: width)
    sums = [Int](repeating: 0, count: width * 3)
    line = sums
    pixels.reserveCapacity(height * width * 3)
  }

  func take(_ row: UnsafePointer<UInt8>) -> Bool {
    defer { nextRow += 1 }
    let end = region.row + region.height
    guard nextRow >= region.row, nextRow < end else { return nextRow < end }
    average(row + region.column * 3)
    // A source row is `height` units high, a target row as many as the source has rows.
    var rest = height
    while rest > 0 {
      let weight = min(rest, region.height - covered)
      for index in sums.indices { sums[index] += weight * line[index] }
      covered += weight
      rest -= weight
      if covered == region.height { emit() }
    }
    return nextRow + 1 < end
  }

  private func emit() {
    let area = region.height * region.width
    for sum in sums { pixels.append(UInt8((2 * sum + area) / (2 * area))) }
    for index in sums.indices { sums[index] = 0 }
    covered = 0
  }

  /// The weighted sums of one source row.
  private func average(_ row: UnsafePointer<UInt8>) {
    for (target, cover) in columns.enumerated() {
      var red = 0
      var green = 0
      var blue = 0
      var pixel = row + cover.start * 3
      for weight in cover.weights {
        red += weight * Int(pixel[0])
        green += weight * Int(pixel[1])
        blue += weight * Int(pixel[2])
        pixel += 3
      }
      line[target * 3] = red
      line[target * 3 + 1] = green
      line[target * 3 + 2] = blue
    }
  }

  /// The source pixels under one target pixel: the first one, and by how many units each is covered.
  private struct Coverage {
    var start: Int
    var weights: [Int]
  }

  private static func coverage(from count: Int, to newCount: Int) -> [Coverage] {
    (0..<newCount).map { target in
      let begin = target * count
      let end = begin + count
      let first = begin / newCount
      let last = (end - 1) / newCount
      return Coverage(
        start: first,
        weights: (first...last).map { source in
          min(end, (source + 1) * newCount) - max(begin, source * newCount)
        })
    }
  }

  /// - Precondition: all rows of the region have come.
  var picture: Image8 { Image8(height: height, width: width, pixels: pixels) }
}
