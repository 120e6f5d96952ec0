// Sums over codes, in double precision and in one order: the same bits on every machine and for any thread count.

/// Σ aᵢ·bᵢ.
func dot(_ a: [Float], _ b: [Float]) -> Double {
  precondition(a.count == b.count)
  var sum = 0.0
  for index in a.indices { sum += Double(a[index]) * Double(b[index]) }
  return sum
}

/// a + scale·b.
func adding(_ a: [Float], _ scale: Double, _ b: [Float]) -> [Float] {
  precondition(a.count == b.count)
  let scale = Float(scale)
  return a.indices.map { a[$0] + scale * b[$0] }
}
