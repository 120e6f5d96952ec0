/// Pictures in rows and columns with heads: edits by image and step, mixtures by style and content.
///
/// It scrolls sideways where it is wider than the page; the heads of the rows stay.
struct PictureMatrix: Sendable {
  struct Row: Sendable {
    var head: HTML
    var cells: [HTML]
  }

  /// Above the heads of the rows.
  var corner: String
  var columns: [HTML]
  var rows: [Row]
  /// For screen readers.
  var caption: String

  func html() -> HTML {
    let heads = columns.map { "<th scope=\"col\">\($0)</th>" as HTML }
    let body = rows.map { row -> HTML in
      "<tr><th scope=\"row\">\(row.head)</th>\(row.cells.map { "<td>\($0)</td>" as HTML })</tr>\n"
    }
    return """
      <div class="matrix"><table><caption>\(caption)</caption><thead><tr><th>\(corner)</th>\(heads)</tr></thead>
      <tbody>
      \(body)</tbody></table></div>

      """
  }
}
