/// Straight lines between codes: a + t·(b − a).
package enum Interpolation {
  /// Both ends and `innerSteps` evenly spaced codes between them, [innerSteps + 2, L, D].
  package static func codes(from a: [Float], to b: [Float], innerSteps: Int) -> [Float] {
    precondition(a.count == b.count && innerSteps >= 0)
    return positions(innerSteps: innerSteps).flatMap { (position: Double) -> [Float] in
      // The ends as they are: a + (b − a) can be off by rounding.
      if position == 1 { return b }
      return zip(a, b).map { (start: Float, end: Float) -> Float in
        Float(Double(start) + position * (Double(end) - Double(start)))
      }
    }
  }

  /// t of each code of a line: 0 … 1.
  package static func positions(innerSteps: Int) -> [Double] {
    Manipulation.distances(from: 0, through: 1, count: innerSteps + 2)
  }

  /// The lines of a path through codes in order: pairs of indices.
  ///
  /// - Parameter isLoop: whether the last code is joined to the first.
  package static func path(through count: Int, isLoop: Bool) -> [(from: Int, to: Int)] {
    guard count > 1 else { return [] }
    let lines = (1..<count).map { (from: $0 - 1, to: $0) }
    // Back from the second of two codes is the same line again, but a loop all the same.
    return isLoop ? lines + [(from: count - 1, to: 0)] : lines
  }
}
