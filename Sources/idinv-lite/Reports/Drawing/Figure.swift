import Glibc

/// Numbers as people read them.
package enum Figure {
  /// A fixed number of decimals; `∞` and `–` (not a number, or none) where there are none.
  package static func fixed(_ value: Double?, _ decimals: Int) -> String {
    guard let value, !value.isNaN else { return "–" }
    guard value.isFinite else { return value > 0 ? "∞" : "−∞" }
    return minus(printed("%.\(decimals)f", value))
  }

  /// Significant digits; as a power of ten where zeros would have to be counted.
  package static func significant(_ value: Double?, _ digits: Int = 3) -> String {
    guard let value, value.isFinite, value != 0 else { return value == 0 ? "0" : fixed(value, 0) }
    let size = abs(value)
    if size >= 1e-3 && size < 1e5 {
      let decimals = max(0, digits - 1 - Int(floor(log10(size))))
      return minus(printed("%.\(decimals)f", value))
    }
    let parts = printed("%.\(digits - 1)e", value).split(separator: "e")
    return "\(minus(String(parts[0]))) × 10\(superscript(Int(parts[1]) ?? 0))"
  }

  /// How far a code was moved, and how many standard deviations that is where they are known: "−0.258 (−1 sd)". Three of them
  /// have more digits than anyone reads.
  package static func distance(_ alpha: Double, deviation: Double?) -> String {
    let text = label(alpha, digits: 3)
    return deviation.map { "\(text) (\(label(alpha / $0, digits: 3)) sd)" } ?? text
  }

  /// A label of an axis: no more digits than the number has, and at most six or as many as told.
  package static func label(_ value: Double, digits: Int = 6) -> String {
    if value == 0 { return "0" }
    let size = abs(value)
    if size >= 9.99e-4 && size < 99_999 { return minus(printed("%.\(digits)g", value)) }
    let exponent = Int(floor(log10(size) + 1e-9))
    let mantissa = printed("%.4g", size / pow(10, Double(exponent)))
    let sign = value < 0 ? "−" : ""
    return sign + (mantissa == "1" ? "" : mantissa + "·") + "10" + superscript(exponent)
  }

  /// A span of time: `0.81 s`, `2 min 13 s`, `1 h 02 min`.
  package static func duration(_ seconds: Double?) -> String {
    guard let seconds, seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "–" }
    if seconds < 1 { return significant(seconds, 2) + " s" }
    if seconds < 99.5 { return fixed(seconds, seconds < 9.95 ? 2 : 1) + " s" }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return "\(whole / 60) min \(printed("%02d", whole % 60)) s" }
    return "\(whole / 3600) h \(printed("%02d", whole / 60 % 60)) min"
  }

  /// The middle of the finite and infinite values, not-a-number left out; the mean of two middles.
  package static func median(_ values: [Double?]) -> Double? { quantile(values, 0.5) }

  /// The `share` quantile, linearly interpolated (numpy's default); `nil` without values.
  package static func quantile(_ values: [Double?], _ share: Double) -> Double? {
    let sorted = values.compactMap { $0 }.filter { !$0.isNaN }.sorted()
    guard !sorted.isEmpty else { return nil }
    let place = share * Double(sorted.count - 1)
    let lower = Int(place)
    let rest = place - Double(lower)
    // Not by a sum of products: infinity times zero is not a number.
    guard rest > 0, sorted[lower] != sorted[lower + 1] else { return sorted[lower] }
    return sorted[lower] + (sorted[lower + 1] - sorted[lower]) * rest
  }

  private static func minus(_ text: String) -> String {
    text.hasPrefix("-") ? "−" + text.dropFirst() : text
  }

  private static func superscript(_ number: Int) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    return (number < 0 ? "⁻" : "") + String(String(abs(number)).map { digits[$0.wholeNumberValue ?? 0] })
  }
}

/// "1 image", "2 images".
package func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
