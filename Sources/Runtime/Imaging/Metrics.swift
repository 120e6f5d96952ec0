#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

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
    let whole = PixelRange(minimum: 0, maximum: 255)
    return ssim(
      first.planar(whole), second.planar(whole), height: first.height, width: first.width, dataRange: 255)
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
      let plane = (channel * area)..<((channel + 1) * area)
      sum += ssimOfPlane(
        first[plane].map(Double.init), second[plane].map(Double.init), height, width, dataRange)
    }
    return sum / Double(channelCount)
  }

  /// Gaussian of σ = 1.5 at -5...5, normalised to sum 1.
  private static let window: [Double] = {
    let values = (-5...5).map { (offset: Int) -> Double in exp(-Double(offset * offset) / 4.5) }
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
  }()

  private static func ssimOfPlane(
    _ x: [Double], _ y: [Double], _ height: Int, _ width: Int, _ dataRange: Double
  ) -> Double {
    func blurred(_ value: (Int) -> Double) -> [Double] { blur(value, height, width) }
    let meanX = blurred { x[$0] }
    let meanY = blurred { y[$0] }
    let meanXX = blurred { x[$0] * x[$0] }
    let meanYY = blurred { y[$0] * y[$0] }
    let meanXY = blurred { x[$0] * y[$0] }
    let c1 = 0.01 * dataRange * 0.01 * dataRange
    let c2 = 0.03 * dataRange * 0.03 * dataRange
    var sum = 0.0
    for index in meanX.indices {
      let productXY = meanX[index] * meanY[index]
      let squareX = meanX[index] * meanX[index]
      let squareY = meanY[index] * meanY[index]
      let covariance = meanXY[index] - productXY
      let variances = (meanXX[index] - squareX) + (meanYY[index] - squareY)
      sum +=
        (2 * productXY + c1) * (2 * covariance + c2)
        / ((squareX + squareY + c1) * (variances + c2))
    }
    return sum / Double(meanX.count)
  }

  /// The window over one plane, separably, only where it fits: (H − 10) × (W − 10) values.
  private static func blur(_ value: (Int) -> Double, _ height: Int, _ width: Int) -> [Double] {
    let window = Self.window
    let innerWidth = width - window.count + 1
    let innerHeight = height - window.count + 1
    var rows = [Double](repeating: 0, count: height * innerWidth)
    var line = [Double](repeating: 0, count: width)
    for row in 0..<height {
      for column in 0..<width { line[column] = value(row * width + column) }
      for column in 0..<innerWidth {
        var sum = 0.0
        for tap in window.indices { sum += window[tap] * line[column + tap] }
        rows[row * innerWidth + column] = sum
      }
    }
    var result = [Double](repeating: 0, count: innerHeight * innerWidth)
    for row in 0..<innerHeight {
      for tap in window.indices {
        let start = (row + tap) * innerWidth
        for column in 0..<innerWidth {
          result[row * innerWidth + column] += window[tap] * rows[start + column]
        }
      }
    }
    return result
  }

  private static func checkSizes(_ first: Image8, _ second: Image8) {
    precondition(
      first.height == second.height && first.width == second.width,
      "Metrics: \(first.height)×\(first.width) against \(second.height)×\(second.width)")
  }
}
