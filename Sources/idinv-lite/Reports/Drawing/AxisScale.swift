import Glibc

/// An axis: where a value lies on it, and where its labels stand.
package struct AxisScale: Equatable, Sendable {
  package enum Kind: Sendable { case linear, logarithmic }

  package let kind: Kind
  package let lower: Double
  package let upper: Double
  /// Values that carry a label, ascending, within the axis.
  package let ticks: [Double]

  /// A linear axis over values; ends at round numbers if `isRound`, else at the values' ends.
  package init(linear values: [Double], tickCount: Int = 5, isRound: Bool = true) {
    let finite = values.filter(Self.isShowable)
    var low = finite.min() ?? 0
    var high = finite.max() ?? 1
    if low == high {
      let margin = low == 0 ? 1 : abs(low) / 2
      low -= margin
      high += margin
    }
    let step = Self.roundStep((high - low) / Double(max(1, tickCount - 1)))
    if isRound {
      low = (low / step).rounded(.down) * step
      high = (high / step).rounded(.up) * step
    }
    self.init(
      kind: .linear, lower: low, upper: high, ticks: Self.multiples(of: step, from: low, to: high))
  }

  /// A logarithmic axis over the positive ones of some values; linear if there are none.
  package init(logarithmic values: [Double], tickCount: Int = 6) {
    let positive = values.filter { Self.isShowable($0) && $0 >= 1e-100 }
    guard let smallest = positive.min(), let largest = positive.max() else {
      self.init(linear: values)
      return
    }
    // A margin of 4 % of the span, of at least a tenth of a decade.
    let span = max(log10(largest) - log10(smallest), 0.1)
    let low = smallest * pow(10, -0.04 * span)
    let high = largest * pow(10, 0.04 * span)
    let decades = Int(floor(log10(low)))...Int(ceil(log10(high)))
    func candidates(_ factors: [Double], every stride: Int = 1) -> [Double] {
      decades.filter { $0 % stride == 0 }.flatMap { decade in factors.map { $0 * pow(10, Double(decade)) } }
        .filter { $0 >= low && $0 <= high }
    }
    // From many labels to few: the first that is not too many.
    let choices =
      [candidates([1, 2, 3, 5, 7]), candidates([1, 2, 5]), candidates([1, 3]), candidates([1])]
      + (2...40).map { candidates([1], every: $0) }
    let best = choices.first { $0.count <= tickCount } ?? []
    let ticks =
      best.count >= 3
      ? best
      : Self.multiples(of: Self.roundStep((high - low) / 8), from: low, to: high).filter { $0 > 0 }
    self.init(kind: .logarithmic, lower: low, upper: high, ticks: ticks)
  }

  private init(kind: Kind, lower: Double, upper: Double, ticks: [Double]) {
    self.kind = kind
    self.lower = lower
    self.upper = upper
    self.ticks = ticks
  }

  /// Where a value lies: 0 at the lower end, 1 at the upper; `nil` if the axis cannot show it.
  package func position(_ value: Double) -> Double? {
    guard Self.isShowable(value) else { return nil }
    switch kind {
    case .linear: return (value - lower) / (upper - lower)
    case .logarithmic: return value >= 1e-100 ? log(value / lower) / log(upper / lower) : nil
    }
  }

  /// A diverged run gives any number; beyond 1e100 the arithmetic of an axis would overflow.
  private static func isShowable(_ value: Double) -> Bool { abs(value) <= 1e100 }

  /// 1, 2 or 5 times a power of ten, not below `step`.
  private static func roundStep(_ step: Double) -> Double {
    guard step.isFinite, step > 0 else { return 1 }
    let power = pow(10, floor(log10(step)))
    let mantissa = step / power
    return power * (mantissa <= 1.0001 ? 1 : mantissa <= 2.0001 ? 2 : mantissa <= 5.0001 ? 5 : 10)
  }

  private static func multiples(of step: Double, from low: Double, to high: Double) -> [Double] {
    let first = (low / step - 1e-6).rounded(.up)
    let last = (high / step + 1e-6).rounded(.down)
    guard first.isFinite, last.isFinite, last >= first, last - first < 100 else { return [] }
    return stride(from: first, through: last, by: 1).map { $0 * step == 0 ? 0 : $0 * step }
  }
}
