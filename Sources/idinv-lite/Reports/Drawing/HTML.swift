/// A piece of HTML. Text that is put into it is escaped by its type: only literals and other pieces are markup.
///
/// ```swift
/// let cell: HTML = "<td title=\"\(path)\">\(name)</td>"  // both strings are escaped
/// ```
package struct HTML: ExpressibleByStringInterpolation, Equatable, Sendable {
  /// The markup itself.
  package private(set) var markup: String

  package init() { markup = "" }

  package init(stringLiteral value: String) { markup = value }

  package init(stringInterpolation: StringInterpolation) { markup = stringInterpolation.markup }

  /// Text, escaped.
  package init(text: String) { markup = Self.escaped(text) }

  /// Several pieces one after the other.
  package init(_ pieces: some Sequence<HTML>) { markup = pieces.lazy.map(\.markup).joined() }

  /// Markup that is known to be safe: base64, generated coordinates.
  package init(trusted markup: String) { self.markup = markup }

  package static func += (left: inout HTML, right: HTML) { left.markup += right.markup }

  package var isEmpty: Bool { markup.isEmpty }

  /// Escapes what has a meaning in text and in quoted attributes; control characters become U+FFFD.
  package static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 32 || (127..<160).contains(scalar.value): result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var markup = ""

    package init(literalCapacity: Int, interpolationCount: Int) { markup.reserveCapacity(literalCapacity * 2) }

    package mutating func appendLiteral(_ literal: String) { markup += literal }
    package mutating func appendInterpolation(_ text: String) { markup += HTML.escaped(text) }
    package mutating func appendInterpolation(_ number: Int) { markup += String(number) }
    package mutating func appendInterpolation(_ piece: HTML) { markup += piece.markup }
    package mutating func appendInterpolation(_ pieces: [HTML]) {
      for piece in pieces { markup += piece.markup }
    }
  }
}
