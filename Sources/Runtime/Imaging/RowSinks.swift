/// A picture with sides divided by a whole number: each pixel is the mean of a square, partial ones at the right and lower edge.
final class BoxAverage: RowSink {
  private let factor: Int
  private let width: Int
  private let height: Int
  private var sums: [Int]
  private var rowsInHand = 0
  private var rowCount = 0
  private var pixels: [UInt8] = []

  init(height: Int, width: Int, factor: Int) {
    self.factor = factor
    self.width = width
    self.height = height
    sums = factor == 1 ? [] : [Int](repeating: 0, count: (width + factor - 1) / factor * 3)
    pixels.reserveCapacity((height + factor - 1) / factor * ((width + factor - 1) / factor) * 3)
  }

  func take(_ row: UnsafePointer<UInt8>) {
    rowCount += 1
    guard factor > 1 else {
      pixels.append(contentsOf: UnsafeBufferPointer(start: row, count: width * 3))
      return
    }
    for column in 0..<width {
      let target = column / factor * 3
      for channel in 0..<3 { sums[target + channel] += Int(row[column * 3 + channel]) }
    }
    rowsInHand += 1
    if rowsInHand == factor || rowCount == height { emit() }
  }

  private func emit() {
    for target in 0..<sums.count / 3 {
      let area = rowsInHand * min(factor, width - target * factor)
      for channel in 0..<3 { pixels.append(UInt8((2 * sums[target * 3 + channel] + area) / (2 * area))) }
    }
    for index in sums.indices { sums[index] = 0 }
    rowsInHand = 0
  }

  /// - Precondition: all rows have come.
  var picture: Image8 {
    Image8(height: (height + factor - 1) / factor, width: (width + factor - 1) / factor, pixels: pixels)
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

  func take(_ row: UnsafePointer<UInt8>) {
    defer { nextRow += 1 }
    guard nextRow >= region.row, nextRow < region.row + region.height else { return }
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
