import Foundation
import Imaging
import Testing

@testable import Reports

@Suite("inversion.html")
struct InversionReportTests {
  static func entry(_ index: Int, name: String? = nil, side: Int = 8) throws -> InversionReport.Entry {
    let original = Image8(height: side, width: side, color: RGB8(gray: UInt8(index % 200)))
    let other = Image8(height: side, width: side, color: RGB8(gray: UInt8(index % 200 + 9)))
    var entry = InversionReport.Entry(
      name: name ?? "face\(index)", source: "in/face\(index).png", original: try ReportImage(original),
      start: try ReportImage(other), result: try ReportImage(original),
      startFigures: InversionReport.Figures(original: original, reconstruction: other),
      resultFigures: InversionReport.Figures(original: original, reconstruction: original), seconds: 1)
    entry.losses = (1...20).map {
      InversionReport.Step(step: $0, pixel: 1 / Double($0), perceptual: 0.2, domain: 0.1, total: 2)
    }
    entry.snapshots = [(step: 10, image: try ReportImage(other))]
    return entry
  }

  static func run() -> InversionReport.Run {
    var run = InversionReport.Run()
    run.modelName = "model <1>"
    run.resolution = 8
    run.options = [("--start", "\"x\" & y")]
    run.versions = [("idinv-lite", "0.0.1")]
    return run
  }

  @Test("an image that ended keeps its last loss: the median does not rise because easy ones are done")
  func courseOfLosses() {
    let course = InversionReport.course(of: [
      [(1, 8), (2, 4)], [(1, 9), (2, 6), (3, 5), (4, 5)], [(1, 9), (2, 7), (4, 6)],
    ])
    #expect(course.map(\.step) == [1, 2, 3, 4])
    #expect(course.map(\.totals) == [[8, 9, 9], [4, 6, 7], [4, 5, 7], [4, 5, 6]])
    let medians = course.map { Figure.median($0.totals) ?? .nan }
    #expect(zip(medians, medians.dropFirst()).allSatisfy { $0 >= $1 })
  }

  @Test(
    "pages of none, one, three and forty images are whole and hold everything themselves", arguments: [0, 1, 3, 40])
  func pages(count: Int) throws {
    let report = InversionReport(run: Self.run(), entries: try (0..<count).map { try Self.entry($0) })
    let page = report.html()
    expectWellFormed(page)
    #expect(page.hasPrefix("<!DOCTYPE html>"))
    #expect(page.contains("model &lt;1&gt;") && page.contains("&quot;x&quot; &amp; y"))
    for foreign in ["http:", "https:", "src=\"/", "url(", "@import", "<link"] {
      #expect(!page.contains(foreign), "\(foreign)")
    }
    for index in 0..<count {
      #expect(page.contains("id=\"i\(index)\"") && page.contains("id=\"i\(index)-result\""))
    }
    #expect(page == report.html())
  }

  @Test("copies refer to pictures that are there")
  func copies() throws {
    let page = InversionReport(run: Self.run(), entries: try (0..<5).map { try Self.entry($0) }).html()
    let parts = page.components(separatedBy: "data-of=\"").dropFirst()
    #expect(parts.count == 5 * (3 + 1 + 2))
    for part in parts {
      let id = part.prefix { $0 != "\"" }
      #expect(page.contains("id=\"\(id)\""))
    }
  }

  @Test("hostile names and diverged figures do no harm")
  func hostile() throws {
    var entry = try Self.entry(0, name: "</script><script>alert(1)</script>\" onload=\"x")
    entry.source = "<img src=x>"
    entry.losses = [
      InversionReport.Step(step: 1, pixel: .nan, perceptual: -1, domain: 0, total: .infinity),
      InversionReport.Step(step: 2, pixel: .leastNonzeroMagnitude, perceptual: 1e308, domain: 0, total: .nan),
    ]
    entry.resultFigures = InversionReport.Figures(
      psnrDB: .nan, msePM1: .infinity, ssim: nil, inDomainMeanSquare: .nan, inDomainL2: -.infinity)
    entry.seconds = .nan
    let page = InversionReport(run: Self.run(), entries: [entry, entry, entry]).html()
    expectWellFormed(page)
    #expect(page.components(separatedBy: "<script>").count == 2)
    #expect(!page.contains("<img src=x>") && !page.contains("\" onload=\""))
  }

  @Test("pictures shrink, and snapshots go first, before a page becomes too heavy")
  func detail() {
    #expect(
      ReportDetail(imageCount: 1, resolution: 256, snapshotCount: 5) == ReportDetail(side: 256, snapshotSide: 256))
    #expect(
      ReportDetail(imageCount: 200, resolution: 32, snapshotCount: 5) == ReportDetail(side: 32, snapshotSide: 32))
    var last = ReportDetail(side: .max, snapshotSide: .max)
    for count in [1, 20, 50, 100, 200, 500, 2000, 100_000] {
      let detail = ReportDetail(imageCount: count, resolution: 256, snapshotCount: 5)
      #expect(detail.side <= last.side && detail.side >= 32)
      #expect(detail.snapshotSide <= detail.side)
      last = detail
    }
    #expect(ReportDetail(imageCount: 10, resolution: 256, snapshotCount: 0).side == 256)
  }

  @Test("a picture is averaged down to the side that the page allows, and decodes again")
  func pictures() throws {
    let image = Image8(height: 64, width: 64, color: RGB8(red: 1, green: 2, blue: 3))
    let shown = try ReportImage(image, maximumSide: 16)
    #expect(shown.width == 16 && shown.height == 16 && shown.isTiny)
    let markup = shown.element(id: "a\"b", alt: "<x>").markup
    #expect(markup.contains("id=\"a&quot;b\"") && markup.contains("alt=\"&lt;x&gt;\""))
    let base64 = try #require(markup.components(separatedBy: "base64,").last?.prefix { $0 != "\"" })
    let bytes = [UInt8](try #require(Data(base64Encoded: String(base64))))
    #expect(try PNG.decode(bytes, path: "") == Image8(height: 16, width: 16, color: image[0, 0]))
  }
}
