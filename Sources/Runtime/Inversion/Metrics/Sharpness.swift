/// How sharp a picture is: its gradient energy.
package enum Sharpness {
  /// Mean square of the differences of neighbors, across and down, of planes [C, side, side].
  package static func energy(_ planes: [Float], side: Int) -> Double {
    precondition(side > 1 && planes.count % (side * side) == 0)
    var sum = 0.0
    for row in stride(from: 0, to: planes.count, by: side) {
      let isLast = (row / side) % side == side - 1
      for place in row..<row + side {
        if place + 1 < row + side {
          let across = Double(planes[place + 1] - planes[place])
          sum += across * across
        }
        if !isLast {
          let down = Double(planes[place + side] - planes[place])
          sum += down * down
        }
      }
    }
    return sum / Double(planes.count / side * (side - 1))
  }
}
