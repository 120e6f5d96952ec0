/// Codes moved along semantic boundaries, several at once: z + α·Σ fᵢ·nᵢ.
package struct Manipulation: Sendable {
  /// Σ fᵢ·nᵢ, [L, D].
  package let direction: [Double]

  /// - Parameter moves: boundaries of one model, each with its factor f.
  package init(_ moves: [(boundary: SemanticBoundary, factor: Double)]) {
    precondition(!moves.isEmpty && moves.allSatisfy { $0.boundary.shape == moves[0].boundary.shape })
    var direction = [Double](repeating: 0, count: moves[0].boundary.shape.count)
    for (boundary, factor) in moves {
      for index in direction.indices { direction[index] += factor * Double(boundary.normal[index]) }
    }
    self.direction = direction
  }

  /// The code at each distance α, [steps, L, D]. At 0 it is the code itself, bit by bit.
  package func callAsFunction(_ code: [Float], distances: [Double]) -> [Float] {
    precondition(code.count == direction.count)
    return distances.flatMap { distance in
      zip(code, direction).map { Float(Double($0) + distance * $1) }
    }
  }

  /// `count` evenly spaced distances, both ends included (numpy's `linspace`).
  package static func distances(from start: Double, through end: Double, count: Int) -> [Double] {
    guard count > 1 else { return count == 1 ? [start] : [] }
    let step = (end - start) / Double(count - 1)
    return (0..<count).map { $0 == count - 1 ? end : start + Double($0) * step }
  }
}
