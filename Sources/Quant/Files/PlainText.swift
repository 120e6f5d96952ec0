/// Text from outside, such as names of files and tensors, made fit for a terminal, a page or a line of a list.
package enum PlainText {
  /// Whether a scalar does something instead of showing something: control characters of both sets, breaks of lines and
  /// paragraphs, and marks that change the direction of the text around them (Unicode's Bidi_Control).
  package static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029: true
    case 0x061c, 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069: true
    default: false
    }
  }

  /// The text with each control character replaced; a break of two characters counts as one.
  package static func replacingControls(_ text: some StringProtocol, by replacement: Unicode.Scalar) -> String {
    var result = String.UnicodeScalarView()
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      if !isControl(scalar) {
        result.append(scalar)
      } else if !(scalar == "\n" && previous == "\r") {
        result.append(replacement)
      }
      previous = scalar
    }
    return String(result)
  }

  /// One line for people: control characters become question marks, bytes that are no text (`PathText`) `\\xE9`.
  package static func line(_ text: some StringProtocol) -> String {
    let line = replacingControls(text, by: "?")
    guard line.unicodeScalars.contains(where: PathText.isKept) else { return line }
    return line.unicodeScalars.reduce(into: "") { result, scalar in
      if PathText.isKept(scalar) {
        result += "\\x" + String(scalar.value & 0xff, radix: 16, uppercase: true)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
  }
}
