/// Which of several things are worth their price: those that no other one beats in both cost and error.
package enum ParetoFront {
  /// The points that no other point dominates, from the cheapest to the best.
  ///
  /// p dominates q where cost(p) ≤ cost(q) and error(p) ≤ error(q), one of them strictly. Points with equal cost and equal
  /// error are on the front together or not at all; one that is not a number in either is never on it.
  ///
  /// - Returns: places in `points`, by ascending cost, that is by descending error.
  package static func indices(of points: [(cost: Double, error: Double)]) -> [Int] {
    let order = points.indices
      .filter { !points[$0].cost.isNaN && !points[$0].error.isNaN }
      .sorted {
        (points[$0].cost, points[$0].error, $0) < (points[$1].cost, points[$1].error, $1)
      }
    var front: [Int] = []
    for index in order {
      guard let last = front.last.map({ points[$0] }) else {
        front.append(index)
        continue
      }
      if points[index].error < last.error || points[index] == last { front.append(index) }
    }
    return front
  }
}
