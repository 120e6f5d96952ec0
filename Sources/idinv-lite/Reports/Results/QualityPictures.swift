/// The pictures of a page: the first images, by the configurations on the front.
package struct QualityPictures {
  package struct Row {
    package var name: String
    package var original: ReportImage
    /// In the order of `columns`.
    package var results: [ReportImage]

    package init(name: String, original: ReportImage, results: [ReportImage]) {
      self.name = name
      self.original = original
      self.results = results
    }
  }

  /// Ids of the configurations, from the fastest to the best.
  package var columns: [String] = []
  package var rows: [Row] = []

  package init(columns: [String] = [], rows: [Row] = []) {
    self.columns = columns
    self.rows = rows
  }
}
