/// How large the two operands of a sum over `channels` may be.
///
/// Integers share the 32 bits of the sum, |Σ a·w| ≤ limit · Σ|w| < 2³¹, so that both lose about the same: activations,
/// whose largest is some `peak` times their rms, limit/peak steps per rms, and weights, whose mean magnitude is 0.8 of
/// their rms, 2³¹ / (0.8 · limit · channels).
struct ReducedLimits {
  let operand: ReducedOperand
  let activation: Float
  /// Largest Σ|w| and |w| of a column.
  private let sum: Double, largest: Double

  /// - Parameters:
  ///   - channels: products of a sum.
  ///   - peak: the largest of the activations that are scaled together, of a row or of a whole image.
  init(_ operand: ReducedOperand, channels: Int, peak: Double = 3.5) {
    self.operand = operand
    switch operand {
    case .int16:
      let whole = 0x1p31 - 1
      activation = Float(min(32767, (peak / 0.8 * whole / Double(max(1, channels))).squareRoot().rounded(.down)))
      // Rounding may add half a unit per channel.
      sum = (whole / Double(activation)).rounded(.down) - Double((channels + 1) / 2)
      largest = 32767
    case .float16:
      activation = 16
      (sum, largest) = (.infinity, 16)
    }
  }

  /// What a unit of the operand stands for in a column, given its largest Σ|w| of a sum and its largest |w|; 0 if all of it is
  /// zero, not a number if any of it is not finite.
  func unit(total: Double, most: Double) -> Float {
    guard total.isFinite else { return .nan }
    // A little more, for the rounding of the unit itself.
    return most > 1e-30 ? Float(max(total / sum, most / largest) * (1 + 0x1p-20)) : 0
  }
}

/// What columns of weights add up to at most, and their largest elements.
struct ReducedColumns {
  private(set) var largestTotals: [Double], largest: [Double]
  private var totals: [Double]

  init(count: Int) {
    totals = Array(repeating: 0, count: count)
    largestTotals = totals
    largest = totals
  }

  /// Adds rows of one element of each of `columns`.
  mutating func add(_ rows: UnsafePointer<Float>, rows count: Int, columns: Range<Int>) {
    let width = columns.count, first = columns.lowerBound
    totals.withUnsafeMutableBufferPointer { totals in
      largest.withUnsafeMutableBufferPointer { largest in
        let totals = totals.baseAddress! + first, largest = largest.baseAddress! + first
        for row in 0..<count {
          let values = rows + row &* width
          for n in 0..<width {
            let magnitude = Double(abs(values[n]))
            totals[n] += magnitude
            largest[n] = magnitude > largest[n] ? magnitude : largest[n]
          }
        }
      }
    }
  }

  /// Ends the sums of all columns; what follows adds up anew.
  mutating func endSum() {
    for n in totals.indices {
      // What is not a number stays.
      if !(totals[n] <= largestTotals[n]) && !largestTotals[n].isNaN { largestTotals[n] = totals[n] }
      totals[n] = 0
    }
  }
}

extension ReducedOperand {
  /// The operand nearest to `value`.
  func word(_ value: Float) -> UInt16 {
    switch self {
    case .int16: UInt16(bitPattern: Int16(value.rounded(.toNearestOrEven)))
    case .float16: Float16(value).bitPattern
    }
  }
}
