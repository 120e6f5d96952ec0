/// Axes with their titles and labels, and where a value lies between them: what all charts share.
package struct ChartFrame: Sendable {
  package let x: AxisScale
  package let y: AxisScale
  package let xTitle: String
  /// Empty where the chart's own title says it.
  package let yTitle: String
  package let width: Double
  package let height: Double
  package let left: Double
  package let right: Double
  package let top = 10.0
  package let bottom: Double

  /// - Parameter isLarge: as wide as the page, not as a column of it.
  package init(x: AxisScale, y: AxisScale, xTitle: String, yTitle: String = "", isLarge: Bool = false) {
    self.x = x
    self.y = y
    self.xTitle = xTitle
    self.yTitle = yTitle
    (width, height) = isLarge ? (860, 420) : (460, 264)
    left = yTitle.isEmpty ? 54 : 70
    right = width - 17
    bottom = height - 42
  }

  /// The drawing with everything in it.
  package func svg(title: String, _ content: HTML) -> HTML {
    """
    <svg viewBox="0 0 \(Self.number(width)) \(Self.number(height))" role="img" aria-label="\(title)">
    \(axes)\(content)</svg>
    """
  }

  /// Where a point is drawn; nil where the axes cannot show it.
  package func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double)? {
    guard let across = x.position(point.x), let up = y.position(point.y) else { return nil }
    return (horizontal(across), vertical(up))
  }

  /// - Parameter position: 0 at the left end of the axis, 1 at the right.
  package func horizontal(_ position: Double) -> Double { left + position * (right - left) }

  /// - Parameter position: 0 at the lower end of the axis, 1 at the upper.
  package func vertical(_ position: Double) -> Double { bottom - position * (bottom - top) }

  /// Lines, labels and titles.
  package var axes: HTML {
    var result = HTML()
    for tick in y.ticks {
      let place = Self.number(vertical(y.position(tick) ?? 0))
      result += """
        <path class="rule" d="M\(Self.number(left)) \(place)H\(Self.number(right))"/>\
        <text class="tick" x="\(Self.number(left - 7))" y="\(place)" dy=".34em" text-anchor="end">\
        \(Figure.label(tick))</text>

        """
    }
    for tick in x.ticks {
      let place = Self.number(horizontal(x.position(tick) ?? 0))
      result += """
        <path class="axis" d="M\(place) \(Self.number(bottom))v4"/>\
        <text class="tick" x="\(place)" y="\(Self.number(bottom + 17))" text-anchor="middle">\
        \(Figure.label(tick))</text>

        """
    }
    result += """
      <path class="axis" d="M\(Self.number(left)) \(Self.number(bottom))H\(Self.number(right))"/>\
      <text class="tick" x="\(Self.number((left + right) / 2))" y="\(Self.number(bottom + 36))" \
      text-anchor="middle">\(xTitle)</text>

      """
    guard !yTitle.isEmpty else { return result }
    let middle = Self.number((top + bottom) / 2)
    result += """
      <text class="tick" x="13" y="\(middle)" text-anchor="middle" transform="rotate(-90 13 \(middle))">\(yTitle)</text>

      """
    return result
  }

  package static func number(_ value: Double) -> HTML { HTML(trusted: coordinate(value)) }

  /// Tenths of a pixel are enough.
  package static func coordinate(_ value: Double) -> String {
    let tenths = (min(max(value, -1e4), 1e4) * 10).rounded()
    return tenths.truncatingRemainder(dividingBy: 10) == 0 ? "\(Int(tenths) / 10)" : "\(tenths / 10)"
  }
}
