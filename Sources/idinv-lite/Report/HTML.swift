/// A piece of HTML. Text that is put into it is escaped by its type: only literals and other pieces are markup.
///
/// ```swift
/// let cell: HTML = "<td title=\"\(path)\">\(name)</td>"  // both strings are escaped
/// ```
struct HTML: ExpressibleByStringInterpolation, Equatable, Sendable {
  /// The markup itself.
  private(set) var markup: String

  init() { markup = "" }

  init(stringLiteral value: String) { markup = value }

  init(stringInterpolation: StringInterpolation) { markup = stringInterpolation.markup }

  /// Text, escaped.
  init(text: String) { markup = Self.escaped(text) }

  /// Several pieces one after the other.
  init(_ pieces: some Sequence<HTML>) { markup = pieces.lazy.map(\.markup).joined() }

  /// Markup that is known to be safe: base64, generated coordinates.
  init(trusted markup: String) { self.markup = markup }

  static func += (left: inout HTML, right: HTML) { left.markup += right.markup }

  var isEmpty: Bool { markup.isEmpty }

  /// Escapes what has a meaning in text and in quoted attributes; control characters become U+FFFD.
  static func escaped(_ text: String) -> String {
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

  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var markup = ""

    init(literalCapacity: Int, interpolationCount: Int) { markup.reserveCapacity(literalCapacity * 2) }

    mutating func appendLiteral(_ literal: String) { markup += literal }
    mutating func appendInterpolation(_ text: String) { markup += HTML.escaped(text) }
    mutating func appendInterpolation(_ number: Int) { markup += String(number) }
    mutating func appendInterpolation(_ piece: HTML) { markup += piece.markup }
    mutating func appendInterpolation(_ pieces: [HTML]) {
      for piece in pieces { markup += piece.markup }
    }
  }
}
