/// A page in one file: no font, script, style or picture from elsewhere, and a policy that forbids them.
package struct HTMLPage: Sendable {
  /// A name with its value, as in the head of a page or in a row of tiles.
  package struct Fact: Sendable {
    package var name: String
    package var value: HTML
    /// Takes a whole line.
    package var isWide: Bool

    package init(_ name: String, _ value: HTML, isWide: Bool = false) {
      self.name = name
      self.value = value
      self.isWide = isWide
    }

    /// A value that is plain text. Labeled, because a literal would otherwise be taken as text, not as markup.
    package init(_ name: String, text: String) { self.init(name, HTML(text: text)) }
  }

  package var title: String
  /// One sentence under the title.
  package var lead: String
  /// Facts of the run; those without a value are left out.
  package var facts: [Fact]
  private var body = HTML()
  private var closing: HTML

  /// - Parameter footer: who made the page; stands at its end.
  package init(title: String, lead: String, facts: [Fact], footer: String) {
    self.title = title
    self.lead = lead
    self.facts = facts
    closing = HTML(text: footer)
  }

  /// Adds a part of the page under its own heading.
  package mutating func addSection(_ heading: String, id: String? = nil, _ content: HTML) {
    let name: HTML = id.map { " id=\"\($0)\"" } ?? ""
    body += "<section\(name)><h2>\(heading)</h2>\n\(content)</section>\n"
  }

  /// Adds anything.
  package mutating func add(_ content: HTML) { body += content }

  /// Figures at a glance.
  package static func tiles(_ tiles: [Fact]) -> HTML {
    "<dl class=\"tiles\">\(tiles.map { "<div><dt>\($0.name)</dt><dd>\($0.value)</dd></div>" as HTML })</dl>\n"
  }

  /// Something that not everyone wants to see at once.
  package static func more(_ summary: String, _ content: HTML) -> HTML {
    "<details class=\"more\"><summary>\(summary)</summary>\n\(content)</details>\n"
  }

  /// Names and values in two columns.
  package static func pairs(_ pairs: [(name: String, value: String)]) -> HTML {
    ReportTable(
      columns: [
        ReportTable.Column("Name", isNumeric: false, isSortable: false),
        ReportTable.Column("Value", isNumeric: false, isSortable: false),
      ],
      rows: pairs.map { [ReportTable.Cell($0.name), ReportTable.Cell("<code>\($0.value)</code>", key: "")] }
    ).html()
  }

  /// The whole document.
  package func html() -> String {
    let shown = facts.filter { !$0.value.isEmpty }.map { fact -> HTML in
      let kind: HTML = fact.isWide ? " class=\"wide\"" : ""
      return "<div\(kind)><dt>\(fact.name)</dt><dd>\(fact.value)</dd></div>\n"
    }
    let list: HTML = shown.isEmpty ? "" : "<dl class=\"facts\">\n\(shown)</dl>\n"
    let page: HTML = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
      style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
      <title>\(title)</title>
      <style>
      \(HTML(trusted: PageStyle.css))
      </style>
      </head>
      <body>
      <main>
      <header><h1>\(title)</h1><p class="lead">\(lead)</p>
      \(list)</header>
      \(body)<footer>\(closing)</footer>
      </main>
      <script>
      \(HTML(trusted: PageScript.javaScript))
      </script>
      </body>
      </html>

      """
    return page.markup
  }
}
