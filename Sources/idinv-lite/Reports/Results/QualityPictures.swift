/// The pictures of a page: the first images, by the configurations on the front.
package struct QualityPictures {
  /// Ids of the configurations, from the fastest to the best.
  package var columns: [String] = []
  /// Results in the order of `columns`.
  package var rows: [PictureComparison] = []

  package init(columns: [String] = [], rows: [PictureComparison] = []) {
    self.columns = columns
    self.rows = rows
  }
}
