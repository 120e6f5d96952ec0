/// Mean and covariance of a set of vectors.
package struct GaussianStatistics: Sendable {
  /// N.
  package let count: Int
  /// [D].
  package let mean: [Double]
  /// [D, D], with N − 1 in the denominator (numpy's `cov`).
  package let covariance: [Double]

  /// - Parameter vectors: [N, D], N ≥ 2.
  package init(_ vectors: [Float], dimension: Int) {
    precondition(dimension > 0 && vectors.count % dimension == 0 && vectors.count >= 2 * dimension)
    let count = vectors.count / dimension
    var mean = [Double](repeating: 0, count: dimension)
    for row in 0..<count { for index in 0..<dimension { mean[index] += Double(vectors[row * dimension + index]) } }
    for index in mean.indices { mean[index] /= Double(count) }
    var covariance = [Double](repeating: 0, count: dimension * dimension)
    var centered = [Double](repeating: 0, count: dimension)
    for row in 0..<count {
      for index in 0..<dimension { centered[index] = Double(vectors[row * dimension + index]) - mean[index] }
      for i in 0..<dimension {
        let value = centered[i]
        for j in 0...i { covariance[i * dimension + j] += value * centered[j] }
      }
    }
    for i in 0..<dimension {
      for j in 0...i {
        let value = covariance[i * dimension + j] / Double(count - 1)
        covariance[i * dimension + j] = value
        covariance[j * dimension + i] = value
      }
    }
    self.count = count
    self.mean = mean
    self.covariance = covariance
  }

  /// Fréchet distance of two normal distributions (Heusel et al., NeurIPS 2017, eq. 6):
  ///
  /// ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2·(Σ₁^½·Σ₂·Σ₁^½)^½).
  ///
  /// The literature's FID takes pooled features of an Inception network; a distance in other features is a figure of its
  /// own, comparable only with others in the same features.
  package func frechetDistance(to other: GaussianStatistics) -> Double {
    let n = mean.count
    precondition(other.mean.count == n)
    var distance = 0.0
    for index in 0..<n {
      let difference = mean[index] - other.mean[index]
      distance += difference * difference + covariance[index * n + index] + other.covariance[index * n + index]
    }
    // With Σ₁ = Vᵀ·Λ·V and M = Λ^½·V: Σ₁^½·Σ₂·Σ₁^½ has the eigenvalues of M·Σ₂·Mᵀ. No rank is asked for: a set of
    // fewer vectors than dimensions has zeros among them, and rounding may make those negative.
    let eigen = SymmetricEigen(covariance, size: n)
    var root = eigen.vectors
    for row in 0..<n {
      let scale = max(eigen.values[row], 0).squareRoot()
      for column in 0..<n { root[row * n + column] *= scale }
    }
    let product = Self.multiplyTransposed(Self.multiply(root, other.covariance, n), root, n)
    for value in SymmetricEigen(product, size: n).values { distance -= 2 * max(value, 0).squareRoot() }
    return max(distance, 0)
  }

  /// A·B.
  private static func multiply(_ a: [Double], _ b: [Double], _ n: Int) -> [Double] {
    var result = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for k in 0..<n {
        let value = a[i * n + k]
        for j in 0..<n { result[i * n + j] += value * b[k * n + j] }
      }
    }
    return result
  }

  /// A·Bᵀ.
  private static func multiplyTransposed(_ a: [Double], _ b: [Double], _ n: Int) -> [Double] {
    var result = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0..<n {
        var sum = 0.0
        for k in 0..<n { sum += a[i * n + k] * b[j * n + k] }
        result[i * n + j] = sum
      }
    }
    return result
  }
}
