/// Eigenvalues and eigenvectors of a real symmetric matrix: A = V·diag(λ)·Vᵀ.
///
/// Householder reduction to tridiagonal form, then QL iterations with implicit shifts (Golub and Van Loan, *Matrix
/// Computations*, 4th ed., sec. 8.3): O(n³), errors of the order of the rounding of ‖A‖. All in double precision.
package struct SymmetricEigen: Sendable {
  /// Ascending.
  package let values: [Double]
  /// Row k is the unit eigenvector of `values[k]`, [n, n].
  package let vectors: [Double]

  /// - Parameter matrix: [n, n]; only its lower triangle is read. Finite.
  package init(_ matrix: [Double], size n: Int) {
    precondition(n > 0 && matrix.count == n * n)
    var rows = matrix
    for row in 0..<n { for column in row + 1..<max(n, row + 1) { rows[row * n + column] = matrix[column * n + row] } }
    var (diagonal, off) = Self.tridiagonalise(&rows, n)
    Self.diagonalise(&diagonal, &off, &rows, n)
    let order = (0..<n).sorted { diagonal[$0] < diagonal[$1] }
    values = order.map { diagonal[$0] }
    vectors = order.flatMap { rows[$0 * n..<($0 + 1) * n] }
  }

  /// A ← Q with A = Qᵀ·T·Q and T tridiagonal; row k of Q belongs to entry k of the diagonal.
  private static func tridiagonalise(_ a: inout [Double], _ n: Int) -> (diagonal: [Double], off: [Double]) {
    var diagonal = [Double](repeating: 0, count: n)
    /// off[k] joins k − 1 and k.
    var off = [Double](repeating: 0, count: n)
    /// Householder vectors, unit length or empty.
    var reflections = [[Double]](repeating: [], count: n)
    for k in stride(from: n - 1, to: 0, by: -1) {
      // Row k is to become zero left of column k − 1.
      var v = Array(a[k * n..<k * n + k])
      let length = norm(v)
      let tail = k > 1 ? norm(v[..<(k - 1)]) : 0
      guard tail > 0 else {
        off[k] = v[k - 1]
        continue
      }
      let target = v[k - 1] > 0 ? -length : length
      off[k] = target
      v[k - 1] -= target
      let scale = 1 / norm(v)
      for index in v.indices { v[index] *= scale }
      // A ← (I − 2vvᵀ)·A·(I − 2vvᵀ) on the leading k × k block: A − v·qᵀ − q·vᵀ with q = 2(Av − (vᵀAv)·v).
      var q = [Double](repeating: 0, count: k)
      for row in 0..<k {
        var sum = 0.0
        for column in 0..<k { sum += a[row * n + column] * v[column] }
        q[row] = 2 * sum
      }
      var projection = 0.0
      for index in 0..<k { projection += v[index] * q[index] }
      for index in 0..<k { q[index] -= projection * v[index] }
      for row in 0..<k {
        let (ours, theirs) = (v[row], q[row])
        for column in 0..<k { a[row * n + column] -= ours * q[column] + theirs * v[column] }
      }
      reflections[k] = v
    }
    for k in 0..<n { diagonal[k] = a[k * n + k] }
    // Q = P₁·P₂ ⋯ Pₙ₋₁: applied to the identity from the first made to the last.
    for index in a.indices { a[index] = index / n == index % n ? 1 : 0 }
    for k in stride(from: n - 1, to: 0, by: -1) where !reflections[k].isEmpty {
      let v = reflections[k]
      var sums = [Double](repeating: 0, count: n)
      for row in 0..<k { for column in 0..<n { sums[column] += v[row] * a[row * n + column] } }
      for row in 0..<k { for column in 0..<n { a[row * n + column] -= 2 * v[row] * sums[column] } }
    }
    return (diagonal, off)
  }

  /// QL iterations on a tridiagonal matrix; rotates the rows of `vectors` along.
  private static func diagonalise(_ d: inout [Double], _ off: inout [Double], _ vectors: inout [Double], _ n: Int) {
    // e[k] joins k and k + 1.
    var e = Array(off.dropFirst()) + [0]
    for l in 0..<n {
      // Thirty would do; a matrix of finite numbers converges in a few.
      for _ in 0..<200 {
        var m = l
        while m < n - 1, abs(e[m]) > Double.ulpOfOne * (abs(d[m]) + abs(d[m + 1])) { m += 1 }
        guard m > l else { break }
        var g = (d[l + 1] - d[l]) / (2 * e[l])
        var r = (g * g + 1).squareRoot()
        g = d[m] - d[l] + e[l] / (g + (g < 0 ? -r : r))
        var (s, c, p) = (1.0, 1.0, 0.0)
        var isDeflated = false
        for i in stride(from: m - 1, through: l, by: -1) {
          let (f, b) = (s * e[i], c * e[i])
          r = (f * f + g * g).squareRoot()
          e[i + 1] = r
          if r == 0 {
            d[i + 1] -= p
            e[m] = 0
            isDeflated = true
            break
          }
          s = f / r
          c = g / r
          g = d[i + 1] - p
          r = (d[i] - g) * s + 2 * c * b
          p = s * r
          d[i + 1] = g + p
          g = c * r - b
          let (upper, lower) = (i * n, (i + 1) * n)
          for column in 0..<n {
            let (x, y) = (vectors[upper + column], vectors[lower + column])
            vectors[lower + column] = s * x + c * y
            vectors[upper + column] = c * x - s * y
          }
        }
        if isDeflated { continue }
        d[l] -= p
        e[l] = g
        e[m] = 0
      }
    }
    off = e
  }

  private static func norm(_ values: some Sequence<Double>) -> Double {
    var sum = 0.0
    for value in values { sum += value * value }
    return sum.squareRoot()
  }
}
