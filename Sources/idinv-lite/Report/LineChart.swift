import Foundation

/// Lines over a common x, as inline SVG that takes its colours from the page.
struct LineChart: Sendable {
  /// One line.
  struct Series: Sendable {
    var name: String
    var points: [(x: Double, y: Double)]
    /// Number of the page's line colour, 0 to 5; 0 is the ink, drawn stronger.
    var style: Int
    /// What each point is called; where given, points are drawn as dots with their names.
    var marks: [String]

    init(_ name: String, style: Int, points: [(x: Double, y: Double)], marks: [String] = []) {
      self.name = name
      self.points = points
      self.style = style
      self.marks = marks
    }
  }

  var title: String
  var xTitle: String
  var yKind: AxisScale.Kind = .linear
  var series: [Series]
  /// Whether a linear axis begins at 0, so that heights can be compared.
  var beginsAtZero = false
  /// Shaded between the first and the second of these lines.
  var band: (lower: [(x: Double, y: Double)], upper: [(x: Double, y: Double)])?
  /// Values that the axes must reach, whatever the points.
  var axesHold: (x: [Double], y: [Double]) = ([], [])
  /// Places that show their values on hovering; fewer make a page of many charts lighter.
  var hoverCount = 60

  private static let size = (width: 460.0, height: 264.0)
  private static let plot = (left: 54.0, right: 443.0, top: 10.0, bottom: 222.0)
  private static let maximumPointCount = 300

  func html() -> HTML {
    let all = series.flatMap(\.points) + (band.map { $0.lower + $0.upper } ?? [])
    let x = AxisScale(linear: all.map(\.x) + axesHold.x, tickCount: 6, isRound: false)
    let heights = all.map(\.y) + axesHold.y + (beginsAtZero ? [0] : [])
    let y = yKind == .linear ? AxisScale(linear: heights) : AxisScale(logarithmic: all.map(\.y))
    let legend = series.map { one -> HTML in
      "<li><i class=\"line s\(one.style % 6)\"></i>\(one.name)</li>"
    }
    let note: HTML = y.kind == .logarithmic ? " <small>logarithmic</small>" : ""
    return """
      <figure class="chart"><figcaption><b>\(title)</b>\(note)<ul class="legend">\(legend)</ul></figcaption>
      <svg viewBox="0 0 \(number(Self.size.width)) \(number(Self.size.height))" role="img" aria-label="\(title)">
      \(grid(x, y))\(shade(x, y))\(series.reversed().map { line($0, x, y) })\(strips(x))\(series.map { dots($0, x, y) })</svg></figure>

      """
  }

  private func grid(_ x: AxisScale, _ y: AxisScale) -> HTML {
    let plot = Self.plot
    var result = HTML()
    for tick in y.ticks {
      let place = number(vertical(y.position(tick) ?? 0))
      result += """
        <path class="rule" d="M\(number(plot.left)) \(place)H\(number(plot.right))"/>\
        <text class="tick" x="\(number(plot.left - 7))" y="\(place)" dy=".34em" text-anchor="end">\
        \(Figure.label(tick))</text>

        """
    }
    for tick in x.ticks {
      let place = number(horizontal(x.position(tick) ?? 0))
      result += """
        <path class="axis" d="M\(place) \(number(plot.bottom))v4"/>\
        <text class="tick" x="\(place)" y="\(number(plot.bottom + 17))" text-anchor="middle">\
        \(Figure.label(tick))</text>

        """
    }
    result += """
      <path class="axis" d="M\(number(plot.left)) \(number(plot.bottom))H\(number(plot.right))"/>\
      <text class="tick" x="\(number((plot.left + plot.right) / 2))" y="\(number(plot.bottom + 36))" \
      text-anchor="middle">\(xTitle)</text>

      """
    return result
  }

  private func line(_ one: Series, _ x: AxisScale, _ y: AxisScale) -> HTML {
    "<path class=\"line s\(one.style % 6)\" d=\"\(path(thinned(one.points), x, y))\"/>\n"
  }

  /// Dots with their names beside them, on the side where there is room.
  private func dots(_ one: Series, _ x: AxisScale, _ y: AxisScale) -> HTML {
    HTML(
      zip(one.points, one.marks).enumerated().map { index, pair -> HTML in
        let (point, mark) = pair
        guard let across = x.position(point.x), let up = y.position(point.y) else { return "" }
        let (cx, cy) = (horizontal(across), vertical(up))
        let isLeft = across > 0.8
        // Above and below in turn: neighbours may be close.
        let base = index % 2 == 0 || cy + 16 > Self.plot.bottom ? max(cy - 6, Self.plot.top + 8) : cy + 14
        let anchor: HTML = isLeft ? "end" : "start"
        return """
          <circle class="dot s\(one.style % 6)" cx="\(number(cx))" cy="\(number(cy))" r="3.5"/>\
          <text class="tick" x="\(number(cx + (isLeft ? -7 : 7)))" y="\(number(base))" \
          text-anchor="\(anchor)">\(mark)</text>

          """
      })
  }

  private func shade(_ x: AxisScale, _ y: AxisScale) -> HTML {
    guard let band else { return "" }
    let outline = thinned(band.upper) + thinned(band.lower).reversed()
    let drawn = path(outline.filter { y.position($0.y) != nil }, x, y)
    return drawn.isEmpty ? "" : "<path class=\"band\" d=\"\(drawn)Z\"/>\n"
  }

  /// A path through points; it breaks where a value cannot be shown.
  private func path(_ points: [(x: Double, y: Double)], _ x: AxisScale, _ y: AxisScale) -> HTML {
    var text = ""
    var isDown = false
    var isAlone = false
    for point in points {
      guard let across = x.position(point.x), let up = y.position(point.y) else {
        if isAlone { text += "h0" }
        isDown = false
        isAlone = false
        continue
      }
      text += (isDown ? "L" : "M") + coordinate(horizontal(across)) + " " + coordinate(vertical(up))
      isAlone = !isDown
      isDown = true
    }
    // A point of its own becomes a dot by its round line cap.
    if isAlone { text += "h0" }
    return HTML(trusted: text)
  }

  /// Narrow transparent areas over the plot, each with the values at its x as a tooltip.
  private func strips(_ x: AxisScale) -> HTML {
    let places = Set(series.flatMap { $0.points.map(\.x) }).filter(\.isFinite).sorted()
    guard let first = places.first, let last = places.last, last > first, hoverCount > 0 else { return "" }
    let tables = series.map { one in
      (one.name, Dictionary(one.points.map { ($0.x, $0.y) }, uniquingKeysWith: { $1 }))
    }
    let step = max(1, Int((Double(places.count) / Double(hoverCount)).rounded(.up)))
    let chosen = stride(from: 0, to: places.count, by: step).map { places[$0] }
    let centers = chosen.map { horizontal(x.position($0) ?? 0) }
    var result: HTML = "<g class=\"strips\">"
    for (index, place) in chosen.enumerated() {
      let from = index == 0 ? centers[0] : (centers[index - 1] + centers[index]) / 2
      let to = index + 1 == centers.count ? centers[index] : (centers[index] + centers[index + 1]) / 2
      let values = tables.compactMap { name, table in
        table[place].map { "\(name): \(Figure.significant($0, 4))" }
      }
      let text = (["\(xTitle) \(Figure.label(place))"] + values).joined(separator: "\n")
      result += """
        <rect x="\(number(from))" y="\(number(Self.plot.top))" width="\(number(max(1, to - from)))" \
        height="\(number(Self.plot.bottom - Self.plot.top))"><title>\(text)</title></rect>
        """
    }
    result += "</g>\n"
    return result
  }

  /// Every n-th point, and the last.
  private func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    guard points.count > Self.maximumPointCount else { return points }
    let step = (points.count + Self.maximumPointCount - 1) / Self.maximumPointCount
    var result = stride(from: 0, to: points.count, by: step).map { points[$0] }
    if (points.count - 1) % step != 0, let last = points.last { result.append(last) }
    return result
  }

  private func horizontal(_ position: Double) -> Double {
    Self.plot.left + position * (Self.plot.right - Self.plot.left)
  }

  private func vertical(_ position: Double) -> Double {
    Self.plot.bottom - position * (Self.plot.bottom - Self.plot.top)
  }

  private func number(_ value: Double) -> HTML { HTML(trusted: coordinate(value)) }

  private func coordinate(_ value: Double) -> String {
    let tenths = (min(max(value, -1e4), 1e4) * 10).rounded()
    return tenths.truncatingRemainder(dividingBy: 10) == 0 ? "\(Int(tenths) / 10)" : "\(tenths / 10)"
  }
}
