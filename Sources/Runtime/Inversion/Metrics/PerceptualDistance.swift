/// Distances of pictures in the features of a network.
package enum PerceptualDistance {
  /// A distance in the style of LPIPS (Zhang et al., CVPR 2018, eq. 1), in one layer and with all channel weights 1:
  ///
  /// mean over positions of Σ_c (f̂_c − ĝ_c)², where f̂ = f / (‖f‖₂ + 1e-10) at each position over the channels.
  ///
  /// Between 0 and 4; for features after a ReLU at most 2. It is not LPIPS, whose networks and weights are others.
  ///
  /// - Parameters: two features [C, H, W].
  package static func unitNormalized(_ f: [Float], _ g: [Float], channelCount: Int) -> Double {
    precondition(f.count == g.count && channelCount > 0 && f.count % channelCount == 0 && !f.isEmpty)
    let area = f.count / channelCount
    var squaresF = [Double](repeating: 0, count: area)
    var squaresG = squaresF
    var products = squaresF
    for channel in 0..<channelCount {
      let start = channel * area
      for position in 0..<area {
        let (a, b) = (Double(f[start + position]), Double(g[start + position]))
        squaresF[position] += a * a
        squaresG[position] += b * b
        products[position] += a * b
      }
    }
    var sum = 0.0
    for position in 0..<area {
      let a = squaresF[position].squareRoot() + 1e-10
      let b = squaresG[position].squareRoot() + 1e-10
      // Rounding must not make a distance negative.
      sum += max(0, squaresF[position] / (a * a) + squaresG[position] / (b * b) - 2 * products[position] / (a * b))
    }
    return sum / Double(area)
  }

  /// Mean over positions, [C]: what Fréchet distances are taken of.
  package static func pooled(_ feature: [Float], channelCount: Int) -> [Float] {
    precondition(channelCount > 0 && feature.count % channelCount == 0)
    let area = feature.count / channelCount
    return (0..<channelCount).map { channel in
      var sum = 0.0
      for value in feature[channel * area..<(channel + 1) * area] { sum += Double(value) }
      return Float(sum / Double(area))
    }
  }
}
