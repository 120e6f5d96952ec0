import Foundation
import Imaging
import Testing

@testable import Reports

@Suite("Pieces of pages")
struct HTMLTests {
  @Test("text put into markup is escaped, markup put into markup is not")
  func escapes() {
    let name = "<b>&\"'\u{0}\u{7F}é\n"
    let cell: HTML = "<td title=\"\(name)\">\(HTML("<i>x</i>"))\(7)</td>"
    #expect(
      cell.markup
        == "<td title=\"&lt;b&gt;&amp;&quot;&#39;\u{FFFD}\u{FFFD}é\n\"><i>x</i>7</td>")
  }

  @Test("numbers are written as people read them")
  func figures() {
    #expect(Figure.fixed(23.456, 2) == "23.46")
    #expect(Figure.fixed(-0.5, 1) == "−0.5")
    #expect(Figure.fixed(.infinity, 2) == "∞")
    #expect(Figure.fixed(.nan, 2) == "–")
    #expect(Figure.fixed(nil, 2) == "–")
    #expect(Figure.significant(0.0123456) == "0.0123")
    #expect(Figure.significant(1234.5) == "1234" || Figure.significant(1234.5) == "1235")
    #expect(Figure.significant(0.0000123) == "1.23 × 10⁻⁵")
    #expect(Figure.significant(0) == "0")
    #expect(Figure.significant(-.infinity) == "−∞")
    #expect(Figure.label(0.001) == "0.001")
    #expect(Figure.label(1e-4) == "10⁻⁴")
    #expect(Figure.label(2e6) == "2·10⁶")
    #expect(Figure.duration(0.8132) == "0.81 s")
    #expect(Figure.duration(81.34) == "81.3 s")
    #expect(Figure.duration(133) == "2 min 13 s")
    #expect(Figure.duration(3720) == "1 h 02 min")
    #expect(Figure.duration(-1) == "–")
  }

  @Test("medians leave out what is not a number, and keep what is infinite")
  func medians() {
    #expect(Figure.median([3, nil, 1, .nan, 2]) == 2)
    #expect(Figure.median([1, 2]) == 1.5)
    #expect(Figure.median([1, .infinity, .infinity]) == .infinity)
    #expect(Figure.median([.infinity, .infinity]) == .infinity)
    #expect(Figure.median([nil, .nan]) == nil)
    #expect(Figure.quantile([0, 1, 2, 3, 4], 0.25) == 1)
  }

  @Test("axes have two to ten labels within their ends, whatever the values")
  func axes() {
    let sets: [[Double]] = [
      [0.0732, 0.181], [0.004, 0.2], [1e-9, 3e4], [5, 5], [0, 0], [-3, 8], [1, 100], [99, 100], [1e-300, 1e300],
      [.nan, .infinity, 2], [], [1e-5, 1.01e-5], [0, 1e-7],
    ]
    for values in sets {
      for axis in [
        AxisScale(linear: values), AxisScale(linear: values, isRound: false), AxisScale(logarithmic: values),
      ] {
        #expect((2...10).contains(axis.ticks.count), "\(values): \(axis)")
        #expect(axis.ticks == axis.ticks.sorted())
        for tick in axis.ticks {
          let place = axis.position(tick) ?? -1
          #expect(place > -1e-6 && place < 1 + 1e-6, "\(values): \(tick) of \(axis)")
        }
        for value in values where value.isFinite && abs(value) < 1e100 && value > 1e-100 {
          let place = axis.position(value) ?? -1
          #expect(place > -1e-6 && place < 1 + 1e-6, "\(values): \(value) on \(axis)")
        }
        #expect(axis.position(.nan) == nil)
      }
    }
    #expect(AxisScale(logarithmic: [0.001, 1]).ticks.contains { abs($0 - 0.1) < 1e-12 })
    #expect(AxisScale(logarithmic: [1, 2]).position(-1) == nil)
  }

  @Test("a chart of broken values has no broken coordinates")
  func charts() {
    let points = [1, 0, -2, .nan, .infinity, 1e-5, 3, 1e300].enumerated().map { (x: Double($0), y: $1) }
    for kind in [AxisScale.Kind.linear, .logarithmic] {
      var chart = LineChart(
        title: "<t>", xTitle: "step", yKind: kind, series: [LineChart.Series("a&b", style: 9, points: points)])
      chart.band = (lower: points, upper: points)
      let markup = chart.html().markup
      #expect(!markup.contains("nan") && !markup.contains("inf"))
      #expect(markup.contains("a&amp;b") && markup.contains("&lt;t&gt;"))
      expectWellFormed(markup)
    }
    expectWellFormed(LineChart(title: "", xTitle: "", series: []).html().markup)
  }

  @Test("a chart with a front: dots, names of the front, steps; broken values are left out; a file of its own")
  func frontChart() {
    func point(_ x: Double, _ y: Double, _ isOnFront: Bool) -> FrontChart.Point {
      FrontChart.Point(x: x, y: y, label: "p\(x)<", title: "<\(y)>", isOnFront: isOnFront)
    }
    let points = [
      point(0.01, 5, true), point(0.1, 4, true), point(0.2, 4.5, false), point(.nan, 1, false),
      point(1, .infinity, false),
    ]
    var chart = FrontChart(
      title: "a&b", xTitle: "s", yTitle: "loss", yKind: .linear, isLarge: true,
      colorNames: (0..<30).map { "colour \($0)" }, dashNames: ["x<y"],
      series: [FrontChart.Series(color: 7, dash: 1, points: points, start: (0.005, 5))])
    for markup in [chart.html().markup, chart.file()] {
      expectWellFormed(markup)
      #expect(!markup.contains("nan") && !markup.contains("inf ") && markup.contains("a&amp;b"))
      #expect(markup.components(separatedBy: "<circle ").count == 4 && markup.contains(">p0.1&lt;</text>"))
      #expect(markup.components(separatedBy: "class=\"dot full s1\"").count == 3 && markup.contains("x&lt;y"))
    }
    chart.series = []
    expectWellFormed(chart.html().markup)
    expectWellFormed(chart.file())
  }

  @Test("long curves are thinned, but keep their ends; hovering places are limited")
  func longCharts() {
    let points = (0..<10_000).map { (x: Double($0), y: Double($0 % 7)) }
    let chart = LineChart(
      title: "t", xTitle: "x", series: [LineChart.Series("s", style: 0, points: points)], hoverCount: 30)
    let markup = chart.html().markup
    #expect(markup.utf8.count < 15_000)
    #expect(markup.components(separatedBy: "<rect").count <= 31)
    #expect(markup.contains("L443 "))
  }

  @Test("cells sort by their keys; those without a number come last")
  func tables() {
    let table = ReportTable(
      columns: [ReportTable.Column("Name", isNumeric: false), ReportTable.Column("Value")],
      rows: [
        [ReportTable.Cell("x"), ReportTable.Cell("∞", key: .infinity)],
        [ReportTable.Cell("y"), ReportTable.Cell("–", key: .nan)],
      ])
    let markup = table.html().markup
    #expect(markup.contains("data-key=\"1e999\""))
    #expect(markup.contains("<td class=\"number\" data-key=\"\">–</td>"))
    expectWellFormed(markup)
  }
}

/// Checks that every element that needs it is closed, in order.
func expectWellFormed(_ markup: String, sourceLocation: SourceLocation = #_sourceLocation) {
  let void: Set<String> = ["img", "input", "meta", "br"]
  let selfClosing: Set<String> = ["path", "rect"]
  var open: [String] = []
  var rest = markup[...]
  while let start = rest.firstIndex(of: "<"), let end = rest[start...].firstIndex(of: ">") {
    let tag = rest[rest.index(after: start)..<end]
    rest = rest[rest.index(after: end)...]
    let isEnd = tag.hasPrefix("/")
    let name = String(tag.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber || $0 == "!" })
    if isEnd {
      guard open.popLast() == name else {
        Issue.record("</\(name)> closes nothing", sourceLocation: sourceLocation)
        return
      }
    } else if name != "!DOCTYPE" && !void.contains(name) && !(selfClosing.contains(name) && tag.hasSuffix("/")) {
      open.append(name)
      // The style sheet and the script hold no markup.
      if ["style", "script"].contains(name), let close = rest.range(of: "</\(name)>") {
        rest = rest[close.lowerBound...]
      }
    }
  }
  #expect(open.isEmpty, "left open: \(open)", sourceLocation: sourceLocation)
}
