import Glibc

/// The square that a face's picture shows: `center` ± `x` ± `y`, in pixels of a photograph.
///
/// That of FFHQ (Karras et al., CVPR 2019, appendix A), on whose pictures the published face models were trained: level with
/// the eyes and across the line from eyes to mouth, twice the distance of the eyes or 1.8 times that of eyes and mouth to each side,
/// whichever is more.
package struct FaceFrame: Equatable, Sendable {
  package var center: SIMD2<Double>, x: SIMD2<Double>, y: SIMD2<Double>

  package init(_ face: FaceLandmarks) {
    func length(_ v: SIMD2<Double>) -> Double { (v * v).sum().squareRoot() }
    func turned(_ v: SIMD2<Double>) -> SIMD2<Double> { SIMD2(-v.y, v.x) }
    let eyes = (face.leftEye + face.rightEye) / 2, across = face.rightEye - face.leftEye
    let down = (face.leftMouth + face.rightMouth) / 2 - eyes
    let direction = across - turned(down)
    x = direction / length(direction) * max(length(across) * 2, length(down) * 1.8)
    y = turned(x)
    center = eyes + down * 0.1
  }

  /// The square of landmarks that are a face.
  ///
  /// - Throws: `.badLandmarks` where they are not; `path` names the photograph.
  package init(upright face: FaceLandmarks, path: String) throws(ImagingError) {
    guard face.isUpright else {
      throw .badLandmarks(
        path: path,
        problem: "the landmarks are no face: expected the picture's left eye before its right one, and the mouth below")
    }
    self.init(face)
  }

  /// - Parameter axis: from the middle to the middle of the right edge.
  package init(center: SIMD2<Double>, axis: SIMD2<Double>) {
    self.center = center
    x = axis
    y = SIMD2(-axis.y, axis.x)
  }

  /// All of a square picture, that is itself cut out already.
  package init(wholeOf side: Int) {
    let half = Double(side) / 2
    center = SIMD2(repeating: half - 0.5)
    x = SIMD2(half, 0)
    y = SIMD2(0, half)
  }

  /// - Throws: `.badLandmarks` where it does not lie in a picture of this size.
  func requireWithin(width: Int, height: Int, path: String) throws(ImagingError) {
    let isWithin =
      center.x > -0.5 && center.y > -0.5 && center.x < Double(width) - 0.5 && center.y < Double(height) - 0.5
    guard isWithin, side >= 2, side < 65536 else {
      throw .badLandmarks(
        path: path,
        problem:
          "the face, \(whole(side)) pixels around (\(whole(center.x)), \(whole(center.y))), does not lie within the "
          + "picture of \(width)×\(height)")
    }
  }

  package var side: Double { 2 * (x * x).sum().squareRoot() }

  /// The smallest whole rectangle around it: lower and upper corner.
  var bounds: (lower: SIMD2<Int>, upper: SIMD2<Int>) {
    let reach = SIMD2(abs(x.x) + abs(y.x), abs(x.y) + abs(y.y))
    return (SIMD2<Int>((center - reach).rounded(.down)), SIMD2<Int>((center + reach).rounded(.up)))
  }

  /// The point at (s, t) of the square, both from 0 to 1.
  package func point(_ s: Double, _ t: Double) -> SIMD2<Double> { center + x * (2 * s - 1) + y * (2 * t - 1) }
}

extension Image8 {
  /// The face at `landmarks`, upright and centered, as FFHQ's pictures show theirs: what a generator of faces was trained on.
  ///
  /// Follows the published recipe step by step: shrink, cut out, mirror what lies beyond the edges and fade it into the median
  /// color, sample. Sampling is bilinear, averaged over the area of each pixel.
  ///
  /// - Parameters:
  ///   - resolution: side of the result.
  ///   - path: names the photograph in the error.
  /// - Throws: `.badLandmarks` where they are no upright face within the picture.
  package func aligned(to landmarks: FaceLandmarks, resolution: Int, path: String) throws(ImagingError) -> Image8 {
    try aligned(to: FaceFrame(upright: landmarks, path: path), resolution: resolution, path: path)
  }

  /// The same for a square that was found in another way.
  package func aligned(to frame: FaceFrame, resolution: Int, path: String) throws(ImagingError) -> Image8 {
    precondition(resolution > 0, "Image8: a side is not positive: \(resolution)")
    var frame = frame
    try frame.requireWithin(width: width, height: height, path: path)
    var photo = self
    let shrink = (frame.side / Double(resolution) * 0.5).rounded(.down)
    if shrink > 1 {
      photo = resized(
        height: max(1, Int((Double(height) / shrink).rounded(.toNearestOrEven))),
        width: max(1, Int((Double(width) / shrink).rounded(.toNearestOrEven))))
      frame.center /= shrink
      frame.x /= shrink
      frame.y /= shrink
    }
    let border = max(Int((frame.side * 0.1).rounded(.toNearestOrEven)), 3)
    photo = photo.surroundings(&frame, border: border)
    return photo.sampled(frame, resolution: resolution)
  }

  /// The part of the picture that `frame` and a border around it need, made up where there is none.
  private func surroundings(_ frame: inout FaceFrame, border: Int) -> Image8 {
    let wanted = frame.bounds, zero = SIMD2<Int>()
    let size = SIMD2(width, height), margin = SIMD2(repeating: border)
    let lower = pointwiseMin(pointwiseMax(wanted.lower &- margin, zero), size &- 1)
    let upper = pointwiseMax(pointwiseMin(wanted.upper &+ margin, size), lower &+ 1)
    let part = cropped(row: lower.y, column: lower.x, height: upper.y - lower.y, width: upper.x - lower.x)
    var before = pointwiseMax(margin &- wanted.lower, zero), after = pointwiseMax(wanted.upper &+ margin &- size, zero)
    frame.center -= SIMD2<Double>(lower)
    guard max(before.max(), after.max()) > border - 4 else { return part }
    let least = SIMD2(repeating: Int((frame.side * 0.3).rounded(.toNearestOrEven)))
    before = pointwiseMax(before, least)
    after = pointwiseMax(after, least)
    frame.center += SIMD2<Double>(before)
    return part.mirrored(before: before, after: after).faded(before: before, after: after, blur: frame.side * 0.02)
  }

  /// The picture with so many columns and rows more on each side, mirrored at the outermost pixels.
  private func mirrored(before: SIMD2<Int>, after: SIMD2<Int>) -> Image8 {
    func source(_ index: Int, _ count: Int) -> Int {
      guard count > 1 else { return 0 }
      let period = 2 * (count - 1), place = ((index % period) + period) % period
      return min(place, period - place)
    }
    let columns = (0..<before.x + width + after.x).map { source($0 - before.x, width) }
    var output = [UInt8]()
    output.reserveCapacity((before.y + height + after.y) * columns.count * 3)
    for row in 0..<before.y + height + after.y {
      let start = source(row - before.y, height) * width
      for column in columns {
        let pixel = (start + column) * 3
        output.append(pixels[pixel])
        output.append(pixels[pixel + 1])
        output.append(pixels[pixel + 2])
      }
    }
    return Image8(height: before.y + height + after.y, width: columns.count, pixels: output)
  }

  /// Blurred towards the edges, and there of the median color: margins that say nothing.
  private func faded(before: SIMD2<Int>, after: SIMD2<Int>, blur: Double) -> Image8 {
    let blurred = blurred(sigma: blur)
    // 1 at an edge, 0 a margin's width inside of it, less beyond.
    func edge(_ place: Int, _ count: Int, _ before: Int, _ after: Int) -> Float {
      1 - min(Float(place) / Float(before), Float(count - 1 - place) / Float(after))
    }
    let columns = (0..<width).map { edge($0, width, before.x, after.x) }
    let rows = (0..<height).map { edge($0, height, before.y, after.y) }
    var values = [Float](repeating: 0, count: pixels.count)
    for row in 0..<height {
      for column in 0..<width {
        let share = min(max(max(rows[row], columns[column]) * 3 + 1, 0), 1)
        for index in (row * width + column) * 3..<(row * width + column) * 3 + 3 {
          let own = Float(pixels[index])
          values[index] = own + (blurred[index] - own) * share
        }
      }
    }
    let medians = (0..<3).map { channel -> Float in
      var counts = [Int](repeating: 0, count: 256)
      for index in stride(from: channel, to: values.count, by: 3) { counts[Int(roundedByte(values[index]))] += 1 }
      var below = 0
      let middle = counts.firstIndex {
        below += $0
        return 2 * below >= width * height
      }
      return Float(middle ?? 0)
    }
    var output = [UInt8](repeating: 0, count: pixels.count)
    for row in 0..<height {
      for column in 0..<width {
        let share = min(max(max(rows[row], columns[column]), 0), 1)
        for channel in 0..<3 {
          let index = (row * width + column) * 3 + channel
          output[index] = roundedByte(values[index] + (medians[channel] - values[index]) * share)
        }
      }
    }
    return Image8(height: height, width: width, pixels: output)
  }

  /// Convolved with a Gaussian out to four deviations, mirrored at the edges: `height * width * 3` values.
  private func blurred(sigma: Double) -> [Float] {
    let radius = Int(4 * sigma + 0.5)
    let weights = (-radius...radius).map { exp(-0.5 * Double($0 * $0) / (sigma * sigma)) }
    let total = weights.reduce(0, +)
    let taps = weights.map { Float($0 / total) }
    func mirror(_ index: Int, _ count: Int) -> Int {
      let period = 2 * count, place = ((index % period) + period) % period
      return min(place, period - 1 - place)
    }
    let rowFloats = width * 3
    // Rows first, each into a sum of rows; then columns within a row with its mirrored ends.
    var down = [Float](repeating: 0, count: pixels.count)
    down.withUnsafeMutableBufferPointer { down in
      pixels.withUnsafeBufferPointer { source in
        for row in 0..<height {
          for (tap, weight) in taps.enumerated() {
            let from = mirror(row + tap - radius, height) * rowFloats
            for index in 0..<rowFloats { down[row * rowFloats + index] += weight * Float(source[from + index]) }
          }
        }
      }
    }
    let wide = (-radius..<width + radius).map { mirror($0, width) }
    var line = [Float](repeating: 0, count: wide.count * 3)
    var output = [Float](repeating: 0, count: pixels.count)
    output.withUnsafeMutableBufferPointer { output in
      line.withUnsafeMutableBufferPointer { line in
        for row in 0..<height {
          for (place, column) in wide.enumerated() {
            for channel in 0..<3 { line[place * 3 + channel] = down[row * rowFloats + column * 3 + channel] }
          }
          for (tap, weight) in taps.enumerated() {
            for index in 0..<rowFloats { output[row * rowFloats + index] += weight * line[tap * 3 + index] }
          }
        }
      }
    }
    return output
  }

  /// `frame` as a picture. Each pixel is the mean of bilinear samples less than a pixel of the source apart.
  private func sampled(_ frame: FaceFrame, resolution: Int) -> Image8 {
    let count = Int((frame.side / Double(resolution)).rounded(.up)) + 1
    let step = 1 / Double(resolution * count), scale = 1 / Float(count * count)
    var output = [UInt8]()
    output.reserveCapacity(resolution * resolution * 3)
    for row in 0..<resolution {
      for column in 0..<resolution {
        var sum = SIMD4<Float>()
        for i in 0..<count {
          for j in 0..<count {
            sum += bilinear(
              frame.point((Double(column * count + j) + 0.5) * step, (Double(row * count + i) + 0.5) * step))
          }
        }
        for channel in 0..<3 { output.append(roundedByte(sum[channel] * scale)) }
      }
    }
    return Image8(height: resolution, width: resolution, pixels: output)
  }

  private func bilinear(_ point: SIMD2<Double>) -> SIMD4<Float> {
    let floor = point.rounded(.down), t = SIMD2<Float>(point - floor)
    func pixel(_ dx: Int, _ dy: Int) -> SIMD4<Float> {
      let column = min(max(Int(floor.x) + dx, 0), width - 1), row = min(max(Int(floor.y) + dy, 0), height - 1)
      let start = (row * width + column) * 3
      return SIMD4(Float(pixels[start]), Float(pixels[start + 1]), Float(pixels[start + 2]), 0)
    }
    let upper = pixel(0, 0) * (1 - t.x) + pixel(1, 0) * t.x
    let lower = pixel(0, 1) * (1 - t.x) + pixel(1, 1) * t.x
    return upper * (1 - t.y) + lower * t.y
  }
}

/// A number without its fraction, for a message.
private func whole(_ value: Double) -> String { abs(value) < 1e9 ? "\(Int(value))" : "\(value)" }
