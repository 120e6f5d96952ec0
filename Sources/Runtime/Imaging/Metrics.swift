import Glibc

/// Distances between two pictures of one size.
package enum Metrics {
  /// Mean squared error of pixels in 0...255, over all pixels and channels.
  ///
  /// - Precondition: both pictures have the same size.
  package static func mse255(_ first: Image8, _ second: Image8) -> Double {
    checkSizes(first, second)
    var sum = 0
    for index in first.pixels.indices {
      let difference = Int(first.pixels[index]) - Int(second.pixels[index])
      sum += difference * difference
    }
    return Double(sum) / Double(first.pixels.count)
  }

  /// Mean squared error of pixels in -1...1: `mse255 · (2/255)²`, the figure that papers of this field report.
  ///
  /// - Precondition: both pictures have the same size.
  package static func msePM1(_ first: Image8, _ second: Image8) -> Double {
    mse255(first, second) * (4.0 / 65025.0)
  }

  /// Peak signal-to-noise ratio in dB for a peak of 255: `10 log₁₀(255² / mse255)`; infinite for equal pictures.
  ///
  /// - Precondition: both pictures have the same size.
  package static func psnr(_ first: Image8, _ second: Image8) -> Double {
    psnr(mse: mse255(first, second), peak: 255)
  }

  /// `10 log₁₀(peak² / mse)` in dB; `peak` is the width of the range, 2 for values in -1...1.
  package static func psnr(mse: Double, peak: Double) -> Double { 10 * log10(peak * peak / mse) }

  /// Mean squared difference of two tensors, summed in double precision.
  ///
  /// - Precondition: both have as many values, and at least one.
  package static func mse(_ first: [Float], _ second: [Float]) -> Double {
    precondition(first.count == second.count && !first.isEmpty, "Metrics: tensors differ in size")
    var sum = 0.0
    for index in first.indices {
      let difference = Double(first[index]) - Double(second[index])
      sum += difference * difference
    }
    return sum / Double(first.count)
  }

  /// Structural similarity of two pictures, averaged over the three channels (see the planar form).
  ///
  /// - Precondition: both pictures have the same size.
  package static func ssim(_ first: Image8, _ second: Image8) -> Double? {
    checkSizes(first, second)
    guard first.height >= window.count, first.width >= window.count else { return nil }
    var sum = 0.0
    for channel in 0..<3 {
      sum += ssimOfPlane(first.height, first.width, dataRange: 255) { index in
        (Double(first.pixels[3 * index + channel]), Double(second.pixels[3 * index + channel]))
      }
    }
    return sum / 3
  }

  /// Structural similarity index (Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004, eq. 13), averaged over
  /// pixels and channels of a [C, H, W] tensor.
  ///
  /// Gaussian window of 11 × 11 with σ = 1.5, K₁ = 0.01, K₂ = 0.03, weighted (not sample) covariances, only
  /// windows that lie within the picture. Equals scikit-image's `structural_similarity` with
  /// `gaussian_weights=True, sigma=1.5, use_sample_covariance=False, channel_axis=…` to 1e-9.
  ///
  /// Returns `nil` if a side is below 11 pixels: no window fits.
  ///
  /// - Parameter dataRange: the value of white, where black is **0**: 255 or 1. The index is not blind to a
  ///   shift: values in -1...1 give another figure, which cannot be compared with published ones.
  /// - Precondition: both tensors have the same size, a multiple of `height * width`.
  package static func ssim(
    _ first: [Float], _ second: [Float], height: Int, width: Int, dataRange: Double
  ) -> Double? {
    let area = height * width
    precondition(
      first.count == second.count && area > 0 && first.count % area == 0 && !first.isEmpty,
      "Metrics: tensors differ in size")
    guard height >= window.count, width >= window.count else { return nil }
    let channelCount = first.count / area
    var sum = 0.0
    for channel in 0..<channelCount {
      let start = channel * area
      sum += ssimOfPlane(height, width, dataRange: dataRange) { index in
        (Double(first[start + index]), Double(second[start + index]))
      }
    }
    return sum / Double(channelCount)
  }

  /// Gaussian of σ = 1.5 at -5...5, normalized to sum 1.
  private static let window: [Double] = {
    let values = (-5...5).map { (offset: Int) -> Double in exp(-Double(offset * offset) / 4.5) }
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
  }()

  /// One plane, row by row: only the rows under the window are kept, so that pictures may be large.
  ///
  /// - Parameter pixels: the two pictures' values at an index.
  @inline(__always)
  private static func ssimOfPlane(
    _ height: Int, _ width: Int, dataRange: Double, _ pixels: (Int) -> (x: Double, y: Double)
  ) -> Double {
    let taps = window.count, inner = width - taps + 1
    let (c1, c2) = (0.01 * dataRange * 0.01 * dataRange, 0.03 * dataRange * 0.03 * dataRange)
    // Of x, y, x², y², xy: a row, the last rows after the horizontal pass, and their vertical sums.
    var lines = [[Double]](repeating: [Double](repeating: 0, count: width), count: 5)
    var rows = [[Double]](repeating: [Double](repeating: 0, count: taps * inner), count: 5)
    var means = [[Double]](repeating: [Double](repeating: 0, count: inner), count: 5)
    var sum = 0.0
    for row in 0..<height {
      for column in 0..<width {
        let (x, y) = pixels(row * width + column)
        lines[0][column] = x
        lines[1][column] = y
        lines[2][column] = x * x
        lines[3][column] = y * y
        lines[4][column] = x * y
      }
      // Along the row, only where the window fits; then across the last rows, which lie in a ring.
      for quantity in 0..<5 {
        blur(lines[quantity], into: &rows[quantity], at: row % taps * inner, count: inner) { $0 }
      }
      guard row >= taps - 1 else { continue }
      for quantity in 0..<5 {
        blur(rows[quantity], into: &means[quantity], at: 0, count: inner) { (row + 1 + $0) % taps * inner }
      }
      for column in 0..<inner {
        let (meanX, meanY) = (means[0][column], means[1][column])
        let (productXY, squareX, squareY) = (meanX * meanY, meanX * meanX, meanY * meanY)
        let covariance = means[4][column] - productXY
        let variances = (means[2][column] - squareX) + (means[3][column] - squareY)
        sum += (2 * productXY + c1) * (2 * covariance + c2) / ((squareX + squareY + c1) * (variances + c2))
      }
    }
    return sum / Double((height - taps + 1) * inner)
  }

  /// The window's sum of runs of `count` values, tap by tap, into a run from `start`.
  ///
  /// - Parameter place: where a tap's run begins.
  private static func blur(
    _ values: [Double], into sums: inout [Double], at start: Int, count: Int, _ place: (_ tap: Int) -> Int
  ) {
    let window = Self.window
    values.withUnsafeBufferPointer { values in
      sums.withUnsafeMutableBufferPointer { sums in
        for column in 0..<count { sums[start &+ column] = 0 }
        for tap in window.indices {
          let first = place(tap), weight = window[tap]
          for column in 0..<count { sums[start &+ column] += weight * values[first &+ column] }
        }
      }
    }
  }

  private static func checkSizes(_ first: Image8, _ second: Image8) {
    precondition(
      first.height == second.height && first.width == second.width,
      "Metrics: \(first.height)×\(first.width) against \(second.height)×\(second.width)")
  }
}
