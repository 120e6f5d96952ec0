/// Lines over a common x, as inline SVG that takes its colors from the page.
package struct LineChart: Sendable {
  /// One line.
  package struct Series: Sendable {
    package var name: String
    package var points: [(x: Double, y: Double)]
    /// Number of the page's line color, 0 to 5; 0 is the ink, drawn stronger.
    package var style: Int
    /// What each point is called; where given, points are drawn as dots with their names.
    package var marks: [String]

    package init(_ name: String, style: Int, points: [(x: Double, y: Double)], marks: [String] = []) {
      self.name = name
      self.points = points
      self.style = style
      self.marks = marks
    }
  }

  package var title: String
  package var xTitle: String
  package var yKind: AxisScale.Kind = .linear
  package var series: [Series]
  /// Whether a linear axis begins at 0, so that heights can be compared.
  package var beginsAtZero = false
  /// Shaded between the first and the second of these lines.
  package var band: (lower: [(x: Double, y: Double)], upper: [(x: Double, y: Double)])?
  /// Values that the axes must reach, whatever the points.
  package var axesHold: (x: [Double], y: [Double]) = ([], [])
  /// Places that show their values on hovering; fewer make a page of many charts lighter.
  package var hoverCount = 60

  private static let maximumPointCount = 300

  package func html() -> HTML {
    let all = series.flatMap(\.points) + (band.map { $0.lower + $0.upper } ?? [])
    let x = AxisScale(linear: all.map(\.x) + axesHold.x, tickCount: 6, isRound: false)
    let heights = all.map(\.y) + axesHold.y + (beginsAtZero ? [0] : [])
    let y = yKind == .linear ? AxisScale(linear: heights) : AxisScale(logarithmic: all.map(\.y))
    let legend = series.map { one -> HTML in
      "<li><i class=\"line s\(one.style % 6)\"></i>\(one.name)</li>"
    }
    let note: HTML = y.kind == .logarithmic ? " <small>logarithmic</small>" : ""
    let frame = ChartFrame(x: x, y: y, xTitle: xTitle)
    let content: HTML = """
      \(shade(frame))\(series.reversed().map { line($0, frame) })\(strips(frame))\(series.map { dots($0, frame) })
      """
    return """
      <figure class="chart"><figcaption><b>\(title)</b>\(note)<ul class="legend">\(legend)</ul></figcaption>
      \(frame.svg(title: title, content))</figure>

      """
  }

  private func line(_ one: Series, _ frame: ChartFrame) -> HTML {
    "<path class=\"line s\(one.style % 6)\" d=\"\(path(thinned(one.points), frame))\"/>\n"
  }

  /// Dots with their names beside them, on the side where there is room.
  private func dots(_ one: Series, _ frame: ChartFrame) -> HTML {
    HTML(
      zip(one.points, one.marks).enumerated().map { index, pair -> HTML in
        let (point, mark) = pair
        guard let (cx, cy) = frame.place(point) else { return "" }
        let isLeft = cx > frame.horizontal(0.8)
        // Above and below in turn: neighbors may be close.
        let base = index % 2 == 0 || cy + 16 > frame.bottom ? max(cy - 6, frame.top + 8) : cy + 14
        let anchor: HTML = isLeft ? "end" : "start"
        return """
          <circle class="dot s\(one.style % 6)" cx="\(number(cx))" cy="\(number(cy))" r="3.5"/>\
          <text class="tick" x="\(number(cx + (isLeft ? -7 : 7)))" y="\(number(base))" \
          text-anchor="\(anchor)">\(mark)</text>

          """
      })
  }

  private func shade(_ frame: ChartFrame) -> HTML {
    guard let band else { return "" }
    let outline = thinned(band.upper) + thinned(band.lower).reversed()
    let drawn = path(outline.filter { frame.y.position($0.y) != nil }, frame)
    return drawn.isEmpty ? "" : "<path class=\"band\" d=\"\(drawn)Z\"/>\n"
  }

  /// A path through points; it breaks where a value cannot be shown.
  private func path(_ points: [(x: Double, y: Double)], _ frame: ChartFrame) -> HTML {
    var text = ""
    var isDown = false
    var isAlone = false
    for point in points {
      guard let place = frame.place(point) else {
        if isAlone { text += "h0" }
        isDown = false
        isAlone = false
        continue
      }
      text += (isDown ? "L" : "M") + ChartFrame.coordinate(place.x) + " " + ChartFrame.coordinate(place.y)
      isAlone = !isDown
      isDown = true
    }
    // A point of its own becomes a dot by its round line cap.
    if isAlone { text += "h0" }
    return HTML(trusted: text)
  }

  /// Narrow transparent areas over the plot, each with the values at its x as a tooltip.
  private func strips(_ frame: ChartFrame) -> HTML {
    let places = Set(series.flatMap { $0.points.map(\.x) }).filter(\.isFinite).sorted()
    guard let first = places.first, let last = places.last, last > first, hoverCount > 0 else { return "" }
    let tables = series.map { one in
      (one.name, Dictionary(one.points.map { ($0.x, $0.y) }, uniquingKeysWith: { $1 }))
    }
    let step = max(1, Int((Double(places.count) / Double(hoverCount)).rounded(.up)))
    let chosen = stride(from: 0, to: places.count, by: step).map { places[$0] }
    let centers = chosen.map { frame.horizontal(frame.x.position($0) ?? 0) }
    var result: HTML = "<g class=\"strips\">"
    for (index, place) in chosen.enumerated() {
      let from = index == 0 ? centers[0] : (centers[index - 1] + centers[index]) / 2
      let to = index + 1 == centers.count ? centers[index] : (centers[index] + centers[index + 1]) / 2
      let values = tables.compactMap { name, table in
        table[place].map { "\(name): \(Figure.significant($0, 4))" }
      }
      let text = (["\(xTitle) \(Figure.label(place))"] + values).joined(separator: "\n")
      result += """
        <rect x="\(number(from))" y="\(number(frame.top))" width="\(number(max(1, to - from)))" \
        height="\(number(frame.bottom - frame.top))"><title>\(text)</title></rect>
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

  private func number(_ value: Double) -> HTML { ChartFrame.number(value) }
}
