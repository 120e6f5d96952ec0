/// A picture beside what several methods make of it.
package struct PictureComparison {
  package var name: String
  package var original: ReportImage
  /// In the order of the methods.
  package var results: [ReportImage]

  package init(name: String, original: ReportImage, results: [ReportImage]) {
    self.name = name
    self.original = original
    self.results = results
  }
}
