/// How an edited face goes back into its photograph.
package enum FaceBlend: String, CaseIterable, Sendable {
  /// Fades out towards the edges of the face's square.
  case feather
  /// Bends the patch so that it meets the photograph at the edges of the square (Pérez et al., SIGGRAPH 2003, whose membrane this
  /// is), which also matches its color.
  case poisson
  /// Ends at the edges.
  case none
}

/// What an edit makes of a face, on the grid of the generator's picture.
package struct FacePatch: Sendable {
  let resolution: Int
  /// [R, R, 3] in units of 8-bit samples: to be added to the photograph, or to be put in its place.
  let values: [Float]
  let isDifference: Bool
  /// Width of the fading edge, as a share of the square's side; 0 for none.
  let margin: Double

  /// A patch of three pictures of the face, [R, R, 3] from 0 to 255.
  ///
  /// - Parameters:
  ///   - edited: the generator's picture of the moved code.
  ///   - inverted: that of the code as it was found. Where it is given, only the difference goes into the photograph, whose own
  ///     details stay.
  ///   - original: what the photograph shows.
  package init(edited: [Float], inverted: [Float]?, original: [Float], resolution: Int, blend: FaceBlend) {
    precondition(edited.count == resolution * resolution * 3 && original.count == edited.count)
    self.resolution = resolution
    isDifference = inverted != nil
    var values = edited
    if let inverted {
      for index in values.indices { values[index] -= inverted[index] }
    }
    if blend == .poisson {
      // What is missing at the edge: there a difference is to vanish, a replacement to be the photograph.
      var missing = values.map { -$0 }
      if inverted == nil {
        for index in missing.indices { missing[index] += original[index] }
      }
      let membrane = harmonic(missing, side: resolution)
      for index in values.indices { values[index] += membrane[index] }
    }
    self.values = values
    switch blend {
    case .feather: margin = 0.18
    // Details of the photograph end there, though its colors go on.
    case .poisson: margin = isDifference ? 0 : 0.04
    case .none: margin = 0
    }
  }

  /// A patch of the generator's pictures, [3, R, R] in `range`, and the face as it was cut out.
  package init(edited: [Float], inverted: [Float]?, cut: Image8, range: PixelRange, blend: FaceBlend) {
    func samples(_ picture: [Float]) -> [Float] {
      let area = cut.width * cut.height, scale = 255 / (range.maximum - range.minimum)
      var result = [Float](repeating: 0, count: 3 * area)
      for channel in 0..<3 {
        for pixel in 0..<area {
          let value = (picture[channel * area + pixel] - range.minimum) * scale
          result[pixel * 3 + channel] = value > 0 ? min(value, 255) : 0
        }
      }
      return result
    }
    self.init(
      edited: samples(edited), inverted: inverted.map(samples), original: cut.pixels.map { Float($0) },
      resolution: cut.width, blend: blend)
  }

  /// How much of the patch counts at (s, t) of the square: 0 on its edges, 1 inside, and smooth between.
  func weight(_ s: Double, _ t: Double) -> Float {
    func edge(_ place: Double) -> Double {
      let distance = min(place, 1 - place)
      guard distance > 0 else { return 0 }
      guard margin > 0, distance < margin else { return 1 }
      let x = distance / margin
      return x * x * x * (x * (6 * x - 15) + 10)
    }
    return Float(edge(s) * edge(t))
  }

  /// The patch at (s, t), by Catmull-Rom interpolation.
  func value(_ s: Double, _ t: Double) -> SIMD4<Float> {
    let x = s * Double(resolution) - 0.5, y = t * Double(resolution) - 0.5
    let (left, top) = (x.rounded(.down), y.rounded(.down))
    let columns = catmullRom(Float(x - left)), rows = catmullRom(Float(y - top))
    var sum = SIMD4<Float>()
    for i in 0..<4 {
      let row = min(max(Int(top) - 1 + i, 0), resolution - 1) * resolution
      var line = SIMD4<Float>()
      for j in 0..<4 {
        let index = (row + min(max(Int(left) - 1 + j, 0), resolution - 1)) * 3
        line += columns[j] * SIMD4(values[index], values[index + 1], values[index + 2], 0)
      }
      sum += rows[i] * line
    }
    return sum
  }
}

/// Keys' weights (a = −1/2) of four neighbors.
private func catmullRom(_ t: Float) -> SIMD4<Float> {
  SIMD4(
    ((-0.5 * t + 1) * t - 0.5) * t, (1.5 * t - 2.5) * t * t + 1, ((-1.5 * t + 2) * t + 0.5) * t, (0.5 * t - 0.5) * t * t
  )
}

/// The function that has the given values on the edges of a square, [n, n, 3], and the mean of its neighbors at every point
/// inside. From coarse to fine (cascadic multigrid; Bornemann and Deuflhard, 1996), by successive over-relaxation.
func harmonic(_ edges: [Float], side: Int) -> [Float] {
  var result = [Float](repeating: 0, count: edges.count)
  var sweeps = 300
  if side > 40 {
    let half = (side + 1) / 2
    var coarse = [Float](repeating: 0, count: half * half * 3)
    /// A grid of another size at (row, column), linear between its points.
    func sample(_ grid: [Float], _ side: Int, _ y: Float, _ x: Float, _ channel: Int) -> Float {
      let (top, left) = (min(Int(y), side - 2), min(Int(x), side - 2))
      let (v, u) = (y - Float(top), x - Float(left))
      func value(_ r: Int, _ c: Int) -> Float { grid[((top + r) * side + left + c) * 3 + channel] }
      return (1 - v) * ((1 - u) * value(0, 0) + u * value(0, 1)) + v * ((1 - u) * value(1, 0) + u * value(1, 1))
    }
    let inverse = Float(side - 1) / Float(half - 1)
    for row in 0..<half {
      for column in 0..<half where row == 0 || column == 0 || row == half - 1 || column == half - 1 {
        for channel in 0..<3 {
          coarse[(row * half + column) * 3 + channel] = sample(
            edges, side, Float(row) * inverse, Float(column) * inverse, channel)
        }
      }
    }
    coarse = harmonic(coarse, side: half)
    let step = Float(half - 1) / Float(side - 1)
    for row in 0..<side {
      for column in 0..<side {
        for channel in 0..<3 {
          result[(row * side + column) * 3 + channel] = sample(
            coarse, half, Float(row) * step, Float(column) * step, channel)
        }
      }
    }
    sweeps = 40
  }
  for index in 0..<side {
    for place in [index, (side - 1) * side + index, index * side, index * side + side - 1] {
      for channel in 0..<3 { result[place * 3 + channel] = edges[place * 3 + channel] }
    }
  }
  guard side > 2 else { return result }
  let factor: Float = side > 40 ? 1.5 : 1.85
  result.withUnsafeMutableBufferPointer { values in
    for _ in 0..<sweeps {
      for row in 1..<side - 1 {
        for index in (row * side + 1) * 3..<(row * side + side - 1) * 3 {
          let around = values[index - 3] + values[index + 3] + values[index - side * 3] + values[index + side * 3]
          values[index] += factor * (around / 4 - values[index])
        }
      }
    }
  }
  return result
}
