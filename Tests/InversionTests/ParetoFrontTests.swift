import Testing

@testable import Inversion

@Suite struct ParetoFrontTests {
  /// By definition: nobody is at least as good in both and better in one.
  private func bruteForce(_ points: [(cost: Double, error: Double)]) -> Set<Int> {
    Set(
      points.indices.filter { index in
        let point = points[index]
        if point.cost.isNaN || point.error.isNaN { return false }
        return !points.contains { other in
          other.cost <= point.cost && other.error <= point.error
            && (other.cost < point.cost || other.error < point.error)
        }
      })
  }

  @Test func agreesWithItsDefinition() {
    var random = SplitMix(seed: 5)
    for count in 0..<60 {
      for levels in [2, 5, 1000] {
        // Few levels make ties in one and in both.
        var points = (0..<count).map { _ in
          (
            cost: Double(Int.random(in: 0..<levels, using: &random)),
            error: Double(Int.random(in: 0..<levels, using: &random))
          )
        }
        if count > 3 {
          points[0].cost = .nan
          points[1].error = .nan
          points[2].error = .infinity
          points[3].cost = -.infinity
        }
        let front = ParetoFront.indices(of: points)
        #expect(Set(front) == bruteForce(points) && Set(front).count == front.count)
        for (a, b) in zip(front, front.dropFirst()) {
          #expect(points[a].cost <= points[b].cost && points[a].error >= points[b].error)
        }
      }
    }
  }

  @Test func equalPointsAreOnItTogether() {
    #expect(ParetoFront.indices(of: [(1, 1), (1, 1), (2, 1), (1, 2), (0, 3)]) == [4, 0, 1])
    #expect(ParetoFront.indices(of: []).isEmpty)
    #expect(ParetoFront.indices(of: [(.nan, .nan)]).isEmpty)
  }
}
