import Imaging
import Inversion
import Reports

extension QualityPictures {
  private static let mostColumns = 7
  private static let mostRows = 6
  private static let side = 128

  package init(
    _ run: QualityRun, _ results: QualityResults,
    _ measurements: [QualityConfiguration: QualityRun.Measurement]
  ) throws {
    self.init()
    let front = results.front.map(\.id)
    guard !front.isEmpty else { return }
    // Both ends, and others evenly between.
    let count = min(front.count, Self.mostColumns)
    columns = (0..<count).map { front[count == 1 ? 0 : $0 * (front.count - 1) / (count - 1)] }
    let shown = columns.compactMap { id in measurements.first { $0.key.id == id }?.value }
    for (index, image) in run.plan.images.prefix(Self.mostRows).enumerated() {
      rows.append(
        PictureComparison(
          name: image.name, original: try ReportImage(image.picture, maximumSide: Self.side),
          results: try shown.map { try ReportImage($0.pictures[index], maximumSide: Self.side) }))
    }
  }
}
