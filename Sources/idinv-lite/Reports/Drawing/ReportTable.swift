/// A table whose columns sort on a click.
package struct ReportTable: Sendable {
  /// A column's head.
  package struct Column: Sendable {
    package var title: String
    /// Unit or range, shown smaller.
    package var unit: String
    /// Explanation, shown on hovering.
    package var hint: String
    /// Numbers stand right, in figures of one width.
    package var isNumeric: Bool
    package var isSortable: Bool

    package init(
      _ title: String, unit: String = "", hint: String = "", isNumeric: Bool = true, isSortable: Bool = true
    ) {
      self.title = title
      self.unit = unit
      self.hint = hint
      self.isNumeric = isNumeric
      self.isSortable = isSortable
    }
  }

  /// A cell: what is shown, and what is sorted by.
  package struct Cell: Sendable {
    package var content: HTML
    package var sortKey: String

    /// Text, sorted as text.
    package init(_ text: String) {
      content = HTML(text: text)
      sortKey = text
    }

    /// Anything, sorted by a number; cells without one come last.
    package init(_ content: HTML, key: Double?) {
      self.content = content
      sortKey = key.map { $0.isNaN ? "" : $0.isInfinite ? ($0 > 0 ? "1e999" : "-1e999") : "\($0)" } ?? ""
    }

    /// Anything, sorted by a text.
    package init(_ content: HTML, key: String) {
      self.content = content
      sortKey = key
    }
  }

  package var columns: [Column]
  package var rows: [[Cell]]
  /// Medians or sums, which stay at the end.
  package var footer: [Cell] = []
  /// For screen readers, and above the table on request.
  package var caption: String = ""

  package func html() -> HTML {
    let heads = columns.map { column -> HTML in
      let unit: HTML = column.unit.isEmpty ? "" : "<small>\(column.unit)</small>"
      let hint: HTML = column.hint.isEmpty ? "" : " title=\"\(column.hint)\""
      let kind: HTML = column.isNumeric ? " class=\"number\"" : ""
      return column.isSortable
        ? "<th scope=\"col\"\(kind)\(hint)><button type=\"button\">\(column.title)</button>\(unit)</th>"
        : "<th scope=\"col\"\(kind)\(hint)>\(column.title)\(unit)</th>"
    }
    let bottom: HTML =
      footer.isEmpty ? "" : "<tfoot><tr>\(row(footer))</tr></tfoot>"
    return """
      <div class="table"><table><caption>\(caption)</caption><thead><tr>\(heads)</tr></thead>
      <tbody>
      \(rows.map { "<tr>\(row($0))</tr>\n" })</tbody>
      \(bottom)</table></div>

      """
  }

  private func row(_ cells: [Cell]) -> [HTML] {
    zip(columns, cells).map { column, cell in
      let kind: HTML = column.isNumeric ? " class=\"number\"" : ""
      let key: HTML = column.isSortable ? " data-key=\"\(cell.sortKey)\"" : ""
      return "<td\(kind)\(key)>\(cell.content)</td>"
    }
  }
}
