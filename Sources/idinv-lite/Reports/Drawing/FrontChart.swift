/// What cost buys what value: points by series, and the Pareto front as a marked line of steps beneath them.
package struct FrontChart: Sendable {
  package struct Point: Sendable {
    package var x: Double
    package var y: Double
    /// Beside the dot where it is on the front and there is room.
    package var label: String
    /// On hovering.
    package var title: String
    package var isOnFront: Bool
  }

  /// Points that belong together, in order of a line.
  package struct Series: Sendable {
    /// Number of the page's line color, 0 to 5.
    package var color: Int
    /// Number of the dash pattern, 0 to 3; 0 is a whole line.
    package var dash: Int
    package var points: [Point]
    /// Where the line begins before its first point, without a dot of its own.
    package var start: (x: Double, y: Double)?
  }

  package var title: String
  package var xTitle: String
  package var yTitle: String
  package var xKind: AxisScale.Kind = .logarithmic
  package var yKind: AxisScale.Kind
  /// Whether larger values are better: the front then is the upper edge.
  package var isMoreBetter = false
  package var isLarge = false
  /// Whether the points of a series are joined.
  package var hasLines = true
  /// Names of colors and of dashes, in the order of their numbers; empty where there is nothing to tell apart.
  package var colorNames: [String] = []
  package var dashNames: [String] = []
  package var series: [Series]

  package func html() -> HTML {
    let colors = colorNames.enumerated().map { "<li><i class=\"line s\($0 % 6)\"></i>\($1)</li>" as HTML }
    let dashes = dashNames.enumerated().map { "<li><i class=\"line plain d\($0 % 4)\"></i>\($1)</li>" as HTML }
    let front: HTML = colorNames.isEmpty ? "" : "<li><i class=\"front\"></i>Pareto front</li>"
    let kind: HTML = isLarge ? "chart wide" : "chart"
    return """
      <figure class="\(kind)"><figcaption><b>\(title)</b><ul class="legend">\(colors)\(dashes)\(front)</ul></figcaption>
      \(frame.svg(title: title, content))</figure>

      """
  }

  /// The chart as an SVG file of its own, light or dark as whoever shows it.
  package func file() -> String {
    var legend = HTML()
    var (x, y) = (frame.left, 40.0)
    func add(_ name: String, _ mark: HTML) {
      let length = 29 + Double(name.count) * 6.6
      if x + length > frame.right, x > frame.left { (x, y) = (frame.left, y + 18) }
      legend += """
        <path class="\(mark)" d="M\(ChartFrame.number(x)) \(ChartFrame.number(y))h22"/>\
        <text class="tick" x="\(ChartFrame.number(x + 29))" y="\(ChartFrame.number(y + 4))">\(name)</text>

        """
      x += length + 22
    }
    for (index, name) in colorNames.enumerated() { add(name, "line s\(index % 6)") }
    for (index, name) in dashNames.enumerated() { add(name, "line plain d\(index % 4)") }
    add("Pareto front", "front")
    let (width, height) = (ChartFrame.number(frame.width), ChartFrame.number(frame.height + y + 18))
    let drawing: HTML = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(width)" height="\(height)" role="img">
      <title>\(title)</title>
      <style>\(HTML(trusted: PageStyle.colors))
      \(HTML(trusted: PageStyle.marks))
      text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
      .title { fill: var(--ink); font-size: 15px; font-weight: 650; }</style>
      <rect width="\(width)" height="\(height)" fill="var(--page)"/>
      <text class="title" x="\(ChartFrame.number(frame.left))" y="22">\(title)</text>
      \(legend)<g transform="translate(0 \(ChartFrame.number(y + 18)))">
      \(frame.axes)\(content)</g></svg>

      """
    return drawing.markup
  }

  private var frame: ChartFrame {
    let all = series.flatMap(\.points)
    return ChartFrame(
      x: xKind == .linear ? AxisScale(linear: all.map(\.x), tickCount: 6) : AxisScale(logarithmic: all.map(\.x)),
      y: yKind == .linear ? AxisScale(linear: all.map(\.y)) : AxisScale(logarithmic: all.map(\.y)), xTitle: xTitle,
      yTitle: yTitle, isLarge: isLarge)
  }

  private var content: HTML {
    let frame = frame
    let front = series.flatMap(\.points).filter(\.isOnFront).sorted { $0.x < $1.x }
    let lines = hasLines ? series.map { line($0, frame) } : []
    return "\(band(front, frame))\(lines)\(series.map { dots($0, frame) })\(labels(front, frame))"
  }

  private func classes(_ one: Series) -> HTML { "s\(one.color % 6) d\(one.dash % 4)" }

  /// Between two points of the front nothing better is known than the cheaper one: it goes by steps.
  private func band(_ front: [Point], _ frame: ChartFrame) -> HTML {
    let places = front.compactMap { frame.place(($0.x, $0.y)) }
    guard let first = places.first, let last = places.last else { return "" }
    var path = "M\(ChartFrame.coordinate(first.x)) \(ChartFrame.coordinate(first.y))"
    for place in places.dropFirst() {
      path += "H\(ChartFrame.coordinate(place.x))V\(ChartFrame.coordinate(place.y))"
    }
    if last.x < frame.right { path += "H\(ChartFrame.coordinate(frame.right))" }
    return "<path class=\"front\" d=\"\(HTML(trusted: path))\"><title>Pareto front</title></path>\n"
  }

  private func line(_ one: Series, _ frame: ChartFrame) -> HTML {
    let places = ((one.start.map { [$0] } ?? []) + one.points.map { ($0.x, $0.y) }).compactMap(frame.place)
    guard places.count > 1 else { return "" }
    let path = places.map { "\(ChartFrame.coordinate($0.x)) \(ChartFrame.coordinate($0.y))" }.joined(separator: "L")
    return "<path class=\"line \(classes(one))\" d=\"\(HTML(trusted: "M\(path)"))\"/>\n"
  }

  private func dots(_ one: Series, _ frame: ChartFrame) -> HTML {
    HTML(
      one.points.map { point -> HTML in
        guard let place = frame.place((point.x, point.y)) else { return "" }
        let kind: HTML = point.isOnFront ? "dot full" : "dot"
        return """
          <circle class="\(kind) s\(one.color % 6)" cx="\(ChartFrame.number(place.x))" \
          cy="\(ChartFrame.number(place.y))" r="\(isLarge ? "4.5" : "3.5")"><title>\(point.title)</title></circle>

          """
      })
  }

  /// Names on the outer side of the front, where nothing else is; those that would cover another one are left out.
  private func labels(_ front: [Point], _ frame: ChartFrame) -> HTML {
    guard isLarge else { return "" }
    var taken: [(x: ClosedRange<Double>, y: Double)] = []
    return HTML(
      front.map { point -> HTML in
        guard let place = frame.place((point.x, point.y)) else { return "" }
        let width = Double(point.label.count) * 6.4
        let isCut = place.x - 8 - width < frame.left + 2
        let x = isCut ? place.x + 8 : place.x - 8
        let y = isMoreBetter ? max(frame.top + 8, place.y - 7) : min(frame.bottom - 4, place.y + 15)
        let range = isCut ? x...(x + width) : (x - width)...x
        guard !taken.contains(where: { $0.x.overlaps(range) && abs($0.y - y) < 13 }) else { return "" }
        taken.append((range, y))
        return """
          <text class="tick" x="\(ChartFrame.number(x))" y="\(ChartFrame.number(y))" \
          text-anchor="\(isCut ? "start" : "end")">\(point.label)</text>

          """
      })
  }
}
