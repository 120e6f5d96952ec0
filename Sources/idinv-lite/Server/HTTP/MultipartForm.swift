import Glibc

/// The fields of a `multipart/form-data` body (RFC 7578).
///
/// Civetweb reads forms too, but takes names for URL-encoded text: `%` and `+` in file names become other characters, and the
/// civetweb of Debian 13 gives up at a space.
package enum MultipartForm {
  /// - Parameters:
  ///   - type: `multipart/form-data; boundary=…`, as the request's header says it.
  ///   - body: the whole body.
  /// - Throws: `Problem` 413 beyond the limits, 400 for what is no such form.
  package static func fields(
    _ body: [UInt8], type: String, limits: FormLimits
  ) throws(Problem) -> [String: FormField] {
    guard let boundary = parameter("boundary", of: type), (1...70).contains(boundary.utf8.count) else {
      throw malformed("its header names no boundary of 1 to 70 characters")
    }
    let delimiter = [UInt8]("\r\n--\(boundary)".utf8)
    var fields: [String: FormField] = [:]
    var (count, byteCount) = (0, 0)
    // The first boundary may begin the body, or follow text for nobody.
    let opening = delimiter.dropFirst(2)
    guard let first = body.starts(with: opening) ? -2 : firstIndex(of: delimiter, in: body, from: 0),
      first + delimiter.count + 2 <= body.count
    else { throw malformed("it does not hold its boundary") }
    var start = first + delimiter.count
    while !body[start...].starts(with: [0x2d, 0x2d]) {
      guard body[start...].starts(with: [13, 10]) else { throw malformed("a boundary is followed by other text") }
      guard let end = firstIndex(of: delimiter, in: body, from: start) else { throw brokenOff }
      guard let blank = firstIndex(of: [13, 10, 13, 10], in: body, from: start), blank + 2 <= end else {
        throw malformed("a part has no blank line behind its header")
      }
      let disposition = try disposition(body[start + 2..<max(blank, start + 2)])
      count += 1
      guard count <= limits.fieldCount else {
        throw Problem(413, "the form has more than \(limits.fieldCount) parts")
      }
      guard let name = parameter("name", of: disposition) else { throw malformed("a part has no name") }
      let fileName = parameter("filename", of: disposition)
      let bytes = Array(body[min(blank + 4, end)..<end])
      byteCount += bytes.count
      guard byteCount <= limits.byteCount else {
        throw Problem(413, "the form has more than \(limits.byteCount) bytes")
      }
      fields[name] = FormField(fileName: fileName?.isEmpty == false ? fileName : nil, bytes: bytes)
      start = end + delimiter.count
      guard start + 2 <= body.count else { throw brokenOff }
    }
    return fields
  }

  /// The value of a part's `Content-Disposition`.
  private static func disposition(_ header: ArraySlice<UInt8>) throws(Problem) -> String {
    for line in String(decoding: header, as: UTF8.self).split(separator: "\r\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2, parts[0].lowercased() == "content-disposition" { return String(parts[1]) }
    }
    throw malformed("a part has no Content-Disposition")
  }

  /// `boundary` of `multipart/form-data; boundary="x"`: plain or quoted, with `\` before what would end it.
  static func parameter(_ name: String, of header: String) -> String? {
    var rest = header[...]
    while let semicolon = rest.firstIndex(of: ";") {
      rest = rest[rest.index(after: semicolon)...].drop { $0 == " " || $0 == "\t" }
      guard let equals = rest.firstIndex(where: { $0 == "=" || $0 == ";" }), rest[equals] == "=" else { continue }
      let key = rest[..<equals].lowercased()
      rest = rest[rest.index(after: equals)...]
      let value: String?
      if rest.first == "\"" {
        (value, rest) = quoted(rest.dropFirst())
      } else {
        let text = rest.prefix { $0 != ";" }
        rest = rest[text.endIndex...]
        value = text.last == " " ? String(text.prefix { $0 != " " }) : String(text)
      }
      if key == name { return value }
    }
    return nil
  }

  /// The text up to the closing quote, nil without one; and what follows.
  private static func quoted(_ text: Substring) -> (String?, Substring) {
    var value = "", rest = text
    while let character = rest.popFirst() {
      if character == "\"" { return (value, rest) }
      // Browsers write `%22` for a quote, and a backslash for itself.
      if character == "\\", let next = rest.first, next == "\"" || next == "\\" {
        rest.removeFirst()
        value.append(next)
      } else {
        value.append(character)
      }
    }
    return (nil, rest)
  }

  /// Where a sequence begins first.
  private static func firstIndex(of sequence: [UInt8], in body: [UInt8], from start: Int) -> Int? {
    body.withUnsafeBufferPointer { body in
      sequence.withUnsafeBufferPointer { sequence in
        var place = start
        while place + sequence.count <= body.count {
          guard
            let found = memchr(body.baseAddress! + place, Int32(sequence[0]), body.count - sequence.count - place + 1)
          else { return nil }
          place = UnsafeRawPointer(found) - UnsafeRawPointer(body.baseAddress!)
          if memcmp(body.baseAddress! + place, sequence.baseAddress!, sequence.count) == 0 { return place }
          place += 1
        }
        return nil
      }
    }
  }

  private static func malformed(_ reason: String) -> Problem { Problem(400, "the form is malformed: \(reason)") }
  private static var brokenOff: Problem { Problem(400, "the request broke off before its end") }
}
