/// [1,3,3,1]⊗[1,3,3,1], with which StyleGAN2 resamples (Karras et al., CVPR 2020). The engine has no other filter.
enum BinomialFilter {
  private static let line = [1.0, 3, 3, 1]

  /// Whether `values`, [4, 4], are the filter with that sum, each within 10⁻⁵ of the sum.
  static func matches(_ values: [Float], sum: Double) -> Bool {
    let expected = line.flatMap { row in line.map { row * $0 / 64 * sum } }
    return values.count == 16 && zip(values, expected).allSatisfy { abs(Double($0) - $1) <= 1e-5 * sum }
  }
}
