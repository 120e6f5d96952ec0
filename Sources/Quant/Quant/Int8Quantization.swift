/// A tensor in 8-bit integers with one scale per row of its first dimension (per output channel).
///
/// Symmetric: `value ≈ scale[row] · code`, with `scale = max|row| / 127` and codes in -127...127, so that zero is
/// exact, no zero point exists, and a code's negation never overflows.
package struct Int8Tensor: Equatable, Sendable {
  /// Row after row.
  package var codes: [Int8]
  /// One per row, finite and positive.
  package var scales: [Float]

  /// Quantizes `values`, read as `rowCount` rows of equal length, rounding to nearest, ties to even.
  ///
  /// The error of an element is at most half its row's scale. A row of zeros (or so small that its scale would not
  /// be a normal number) gets scale 1 and codes 0, so that dividing by a scale is always safe.
  ///
  /// - Precondition: all values are finite; `rowCount` ≥ 1 divides their number.
  package init(quantizing values: [Float], rowCount: Int) {
    precondition(rowCount >= 1 && values.count % rowCount == 0, "rows of equal length")
    let rowLength = values.count / rowCount
    var codes = [Int8](repeating: 0, count: values.count)
    var scales = [Float](repeating: 1, count: rowCount)
    for row in 0..<rowCount {
      let range = row * rowLength..<(row + 1) * rowLength
      var greatest: Float = 0
      for index in range { greatest = max(greatest, abs(values[index])) }
      var scale = greatest / 127
      // Within half a unit of the largest float the product may round up to infinity.
      if (scale * 127).isInfinite { scale = scale.nextDown }
      guard scale >= Float.leastNormalMagnitude else { continue }
      scales[row] = scale
      // Dividing by the stored scale, not multiplying by 127 / greatest: the code is then the nearest one to what
      // is read back. Adding 1.5·2²³ leaves the rounded integer in the low bits of the sum.
      for index in range {
        let shifted = max(-127, min(127, values[index] / scale)) + 12_582_912
        codes[index] = Int8(truncatingIfNeeded: shifted.bitPattern)
      }
    }
    self.codes = codes
    self.scales = scales
  }

  /// `scale[row] · code`, row after row.
  package var floats: [Float] {
    guard !scales.isEmpty else { return [] }
    let rowLength = codes.count / scales.count
    var values = [Float](repeating: 0, count: codes.count)
    for (row, scale) in scales.enumerated() {
      for index in row * rowLength..<(row + 1) * rowLength { values[index] = Float(codes[index]) * scale }
    }
    return values
  }
}
