import Glibc

// Numbers as people read them, in pages and on the terminal alike.

/// Bytes for people: "12.3 MB".
package func humanBytes(_ count: Int) -> String {
  count < 1_000_000
    ? printed("%.1f kB", Double(count) / 1e3)
    : count < 1_000_000_000
      ? printed("%.1f MB", Double(count) / 1e6) : printed("%.2f GB", Double(count) / 1e9)
}

/// Layers as users write them, in order: `0-3,7` is 0, 1, 2, 3, 7.
package func rangeText(_ layers: [Int]) -> String {
  var parts: [String] = []
  var index = 0
  while index < layers.count {
    var end = index
    while end + 1 < layers.count, layers[end + 1] == layers[end] + 1 { end += 1 }
    parts.append(index == end ? "\(layers[index])" : "\(layers[index])-\(layers[end])")
    index = end + 1
  }
  return parts.joined(separator: ",")
}

/// Text as C's `printf` makes it. `String(format:)` would bring Foundation's tables of all languages along: 40 MB.
package func printed(_ format: String, _ arguments: any CVarArg...) -> String {
  var buffer = [CChar](repeating: 0, count: 64)
  func fill() -> Int { withVaList(arguments) { Int(vsnprintf(&buffer, buffer.count, format, $0)) } }
  let count = fill()
  if count >= buffer.count {
    buffer = [CChar](repeating: 0, count: count + 1)
    _ = fill()
  }
  return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The instant of now in UTC: "2026-01-31T12:00:00Z".
package func timestamp() -> String {
  var now = time(nil)
  var parts = tm()
  gmtime_r(&now, &parts)
  return printed(
    "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
    parts.tm_min, parts.tm_sec)
}

extension String {
  /// A table's cell: cut, or filled up with spaces.
  package func column(_ width: Int) -> String {
    let text = prefix(width)
    return text + String(repeating: " ", count: width - text.count)
  }

  /// A path as a relative link (RFC 3986): all but unreserved characters and slashes as `%XX`.
  package var percentEncoded: String {
    utf8.map { byte in
      let isPlain =
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "-._~/".utf8.contains(byte)
        }
      return isPlain
        ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }.joined()
  }
}

extension StringProtocol {
  /// Without white space at either end.
  package var trimmed: String { trimmed { $0.isWhitespace } }

  /// Without the characters at either end that a test picks.
  package func trimmed(_ isDropped: (Character) -> Bool) -> String {
    let rest = drop(while: isDropped)
    return String(rest[..<(rest.lastIndex { !isDropped($0) }.map { rest.index(after: $0) } ?? rest.startIndex)])
  }
}
