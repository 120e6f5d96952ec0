import Foundation

/// What cost buys what value: points by series, and the Pareto front as a marked line of steps beneath them.
struct FrontChart: Sendable {
  struct Point: Sendable {
    var x: Double
    var y: Double
    /// Beside the dot where it is on the front and there is room.
    var label: String
    /// On hovering.
    var title: String
    var isOnFront: Bool
  }

  /// Points that belong together, in order of a line.
  struct Series: Sendable {
    var name: String
    /// Number of the page's line colour, 0 to 5.
    var colour: Int
    /// Number of the dash pattern, 0 to 3; 0 is a whole line.
    var dash: Int
    var points: [Point]
    /// Where the line begins before its first point, without a dot of its own.
    var start: (x: Double, y: Double)?
  }

  var title: String
  var xTitle: String
  var yTitle: String
  var xKind: AxisScale.Kind = .logarithmic
  var yKind: AxisScale.Kind
  /// Whether larger values are better: the front then is the upper edge.
  var isMoreBetter = false
  var isLarge = false
  var series: [Series]

  func html() -> HTML {
    let all = series.flatMap(\.points)
    let x = xKind == .linear ? AxisScale(linear: all.map(\.x), tickCount: 6) : AxisScale(logarithmic: all.map(\.x))
    let y = yKind == .linear ? AxisScale(linear: all.map(\.y)) : AxisScale(logarithmic: all.map(\.y))
    let frame = ChartFrame(x: x, y: y, xTitle: xTitle, yTitle: yTitle, isLarge: isLarge)
    let legend = series.map { one -> HTML in
      "<li><i class=\"line \(classes(one))\"></i>\(one.name)</li>"
    }
    let front = all.filter(\.isOnFront).sorted { $0.x < $1.x }
    let content: HTML = """
      \(band(front, frame))\(series.map { line($0, frame) })\(series.map { dots($0, frame) })\(labels(front, frame))
      """
    let kind: HTML = isLarge ? "chart wide" : "chart"
    return """
      <figure class="\(kind)"><figcaption><b>\(title)</b><ul class="legend">\(legend)\
      <li><i class="front"></i>Pareto front</li></ul></figcaption>
      \(frame.svg(title: title, content))</figure>

      """
  }

  private func classes(_ one: Series) -> HTML { "s\(one.colour % 6) d\(one.dash % 4)" }

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
          <circle class="\(kind) s\(one.colour % 6)" cx="\(ChartFrame.number(place.x))" \
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
