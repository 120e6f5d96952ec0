/// Pictures in rows and columns with heads: edits by image and step, mixtures by style and content.
///
/// It scrolls sideways where it is wider than the page; the heads of the rows stay.
package struct PictureMatrix: Sendable {
  package struct Row: Sendable {
    package var head: HTML
    package var cells: [HTML]
  }

  /// Above the heads of the rows.
  package var corner: String
  package var columns: [HTML]
  package var rows: [Row]
  /// For screen readers.
  package var caption: String

  package func html() -> HTML {
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
