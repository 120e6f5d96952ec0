/// What to do with a picture that is not square.
package enum CropRule: String, CaseIterable, Codable, Sendable {
  /// Refuse it: squashing a face in silence spoils the inversion.
  case none
  /// Cut the largest square out of the middle (of an odd remainder, the larger half is cut right or below).
  case center
}

extension Image8 {
  /// The picture as a model of resolution R takes it: square, R × R, 8 bits.
  ///
  /// A larger picture is averaged over exact boxes, a smaller one interpolated (`resized`); a picture of the
  /// right size stays as it is. The result is rounded to 8 bits, so that what is saved as the original
  /// is what the networks saw.
  ///
  /// - Parameter path: names the picture in the error.
  /// - Precondition: `resolution > 0`.
  package func fitted(
    to resolution: Int, crop: CropRule = .none, path: String
  ) throws(ImagingError) -> Image8 {
    if width == height { return resized(height: resolution, width: resolution) }
    guard crop == .center else { throw .notSquare(path: path, width: width, height: height) }
    let side = min(width, height)
    return cropped(row: (height - side) / 2, column: (width - side) / 2, height: side, width: side)
      .resized(height: resolution, width: resolution)
  }

  /// A rectangle of the picture.
  ///
  /// - Precondition: it lies within the picture and is not empty.
  package func cropped(row: Int, column: Int, height: Int, width: Int) -> Image8 {
    precondition(
      row >= 0 && column >= 0 && row + height <= self.height && column + width <= self.width,
      "Image8: crop outside of the picture")
    var result = Image8(height: height, width: width)
    for target in 0..<height {
      result.copyRow(row + target, columns: column..<(column + width), of: self, toRow: target, column: 0)
    }
    return result
  }

  /// The picture at another size.
  ///
  /// Each axis by itself: **area averaging** where it shrinks, **Catmull-Rom** where it grows. Both work on the
  /// encoded values, not in linear light, as OpenCV, Pillow and PyTorch do, with which the published models
  /// were trained. Values are rounded to nearest, halves up.
  ///
  /// - Area averaging: output pixel i is the mean over [i·n/m, (i+1)·n/m) of the n source pixels, partly
  ///   covered pixels by their share. In integers, thus exact and alike on every machine.
  /// - Catmull-Rom: Keys' cubic convolution with a = −1/2 at (i + ½)·n/m − ½, edges repeated.
  ///
  /// - Precondition: both sides are positive.
  package func resized(height newHeight: Int, width newWidth: Int) -> Image8 {
    precondition(newHeight > 0 && newWidth > 0, "Image8: a side is not positive: \(newHeight)×\(newWidth)")
    // Shrinking first keeps the work small; each pass leaves an axis alone that has its size already.
    var result = self
    if newHeight < height || newWidth < width {
      result = result.areaAveraged(height: min(newHeight, height), width: min(newWidth, width))
    }
    if newHeight > height || newWidth > width {
      result = result.interpolated(height: newHeight, width: newWidth)
    }
    return result
  }

  /// Area averaging of both axes at once, rounded once.
  private func areaAveraged(height newHeight: Int, width newWidth: Int) -> Image8 {
    let sink = AreaAverage(
      of: PixelRegion(row: 0, column: 0, height: height, width: width), height: newHeight, width: newWidth)
    pixels.withUnsafeBufferPointer { source in
      for row in 0..<height { _ = sink.take(source.baseAddress! + row * width * 3) }
    }
    return sink.picture
  }

  /// Catmull-Rom interpolation: columns, then rows, in `Float`, rounded once.
  private func interpolated(height newHeight: Int, width newWidth: Int) -> Image8 {
    let columns = Self.taps(from: width, to: newWidth)
    let rows = Self.taps(from: height, to: newHeight)
    var wide = [Float](repeating: 0, count: height * newWidth * 3)
    for row in 0..<height {
      for (target, tap) in columns.enumerated() {
        for channel in 0..<3 {
          var sum: Float = 0
          for index in 0..<4 {
            sum += tap.weights[index] * Float(pixels[(row * width + tap.sources[index]) * 3 + channel])
          }
          wide[(row * newWidth + target) * 3 + channel] = sum
        }
      }
    }
    var output = [UInt8]()
    output.reserveCapacity(newHeight * newWidth * 3)
    for tap in rows {
      for index in 0..<(newWidth * 3) {
        var sum: Float = 0
        for place in 0..<4 { sum += tap.weights[place] * wide[tap.sources[place] * newWidth * 3 + index] }
        output.append(roundedByte(sum))
      }
    }
    return Image8(height: newHeight, width: newWidth, pixels: output)
  }

  /// Four source pixels and their weights, which sum to one.
  private struct Taps {
    var sources: SIMD4<Int>
    var weights: SIMD4<Float>
  }

  private static func taps(from count: Int, to newCount: Int) -> [Taps] {
    (0..<newCount).map { target in
      let position = (Double(target) + 0.5) * Double(count) / Double(newCount) - 0.5
      let base = position.rounded(.down)
      let t = position - base
      let weights = SIMD4<Double>(
        ((-0.5 * t + 1) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1,
        ((-1.5 * t + 2) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t)
      let first = Int(base) - 1
      let sources = SIMD4<Int>(first, first + 1, first + 2, first + 3)
      return Taps(
        sources: sources.clamped(lowerBound: SIMD4(repeating: 0), upperBound: SIMD4(repeating: count - 1)),
        weights: SIMD4<Float>(weights))
    }
  }
}

/// Clamps to 0...255 and rounds to nearest, halves up; not-a-number becomes 0.
func roundedByte(_ value: Float) -> UInt8 {
  let shifted = value + 0.5
  return shifted > 0 ? (shifted < 255 ? UInt8(shifted) : 255) : 0
}
