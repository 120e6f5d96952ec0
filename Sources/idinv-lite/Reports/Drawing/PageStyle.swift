/// The style sheets in `Files`, which are part of every page.
package enum PageStyle {
  /// What an HTML page takes.
  package static let css = [colors, page, marks, charts].joined(separator: "\n")

  /// Colors by name, for light and dark; a drawing on its own needs them too.
  package static let colors = text(PackageResources.colors_css)
  /// Lines and dots of charts, by the classes that they have; for drawings on their own, too.
  package static let marks = text(PackageResources.marks_css)
  private static let page = text(PackageResources.page_css)
  private static let charts = text(PackageResources.charts_css)
}

/// The script in `Files`: sorting of tables, wipes and sliders, pictures that appear twice.
package enum PageScript {
  package static let javaScript = text(PackageResources.page_js)
}

/// A file's text without its last line break.
private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes.dropLast(), as: UTF8.self) }
