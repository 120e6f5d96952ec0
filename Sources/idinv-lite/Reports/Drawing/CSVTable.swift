/// Comma-separated values (RFC 4180, but lines end with a line feed alone): the one place where fields are quoted.
package struct CSVTable {
  private var lines: [String]

  package init(_ columns: [String]) {
    lines = []
    add(columns)
  }

  package mutating func add(_ fields: [String]) { lines.append(fields.map(Self.field).joined(separator: ",")) }

  package var text: String { lines.joined(separator: "\n") + "\n" }

  /// A field, in quotes where it needs them.
  static func field(_ text: String) -> String {
    text.contains { [",", "\"", "\n", "\r"].contains($0) }
      ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
  }
}
