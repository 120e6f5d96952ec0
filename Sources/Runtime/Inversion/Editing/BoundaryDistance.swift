/// How far along a boundary: `1.5` along the unit normal, as published, or `2sd` in standard deviations of codes' distances from
/// the boundary.
package struct BoundaryDistance: Equatable, Sendable {
  package var value: Double
  package var isInDeviations: Bool

  package init(_ value: Double, isInDeviations: Bool = false) {
    self.value = value
    self.isInDeviations = isInDeviations
  }

  /// As users write it; nil for what is no number.
  package init?(_ text: String) {
    let isInDeviations = text.lowercased().hasSuffix("sd")
    guard let value = Double(isInDeviations ? String(text.dropLast(2)) : text) else { return nil }
    self.init(value, isInDeviations: isInDeviations)
  }

  /// α, along the unit normal; nil where that takes a deviation that is not known.
  package func alpha(deviation: Double?) -> Double? { isInDeviations ? deviation.map { value * $0 } : value }
}
