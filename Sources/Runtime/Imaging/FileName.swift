/// Names of files as text, and back as bytes.
///
/// File systems keep bytes, which need not be UTF-8 (names from old archives and cameras). Each byte that is not part of a valid
/// character is carried as one scalar of a private plane, so that a `String` holds every name; whoever opens a file takes
/// `bytes(of:)`.
package enum FileName {
  /// Bytes 0x80…0xFF become U+10FF80…U+10FFFF.
  private static let base: UInt32 = 0x10FF00

  /// - Parameter bytes: without the zero at their end.
  package static func text(_ bytes: some Collection<UInt8>) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    var scalars = String.UnicodeScalarView()
    var rest = Array(bytes)[...]
    while let first = rest.first {
      let length = first < 0x80 ? 1 : first < 0xC0 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
      if length > 0, let character = String(validating: rest.prefix(length), as: UTF8.self) {
        scalars.append(contentsOf: character.unicodeScalars)
        rest = rest.dropFirst(length)
      } else {
        scalars.append(Unicode.Scalar(base + UInt32(first))!)
        rest = rest.dropFirst()
      }
    }
    return String(scalars)
  }

  /// The name as the system takes it, with a zero at its end.
  package static func bytes(of text: String) -> [CChar] {
    var result: [CChar] = []
    result.reserveCapacity(text.utf8.count + 1)
    for scalar in text.unicodeScalars {
      if isByte(scalar) {
        result.append(CChar(bitPattern: UInt8(scalar.value - base)))
      } else {
        for unit in UTF8.encode(scalar)! { result.append(CChar(bitPattern: unit)) }
      }
    }
    return result + [0]
  }

  /// Whether a scalar stands for a byte that is no text.
  static func isByte(_ scalar: Unicode.Scalar) -> Bool { (base + 0x80...base + 0xFF).contains(scalar.value) }

  /// Whether `a` comes before `b` in natural order: runs of digits count as numbers, so that `frame2` precedes `frame10`; all
  /// else by bytes, and equal numbers by their leading zeros.
  package static func precedesNaturally(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    var (i, j) = (0, 0)
    func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    func run(_ text: [UInt8], _ start: Int) -> (digits: ArraySlice<UInt8>, end: Int) {
      var end = start
      while end < text.count, isDigit(text[end]) { end += 1 }
      return (text[start..<end].drop { $0 == 0x30 }, end)
    }
    while i < a.count, j < b.count {
      if isDigit(a[i]), isDigit(b[j]) {
        let (left, leftEnd) = run(a, i)
        let (right, rightEnd) = run(b, j)
        if left.count != right.count { return left.count < right.count }
        if !left.elementsEqual(right) { return left.lexicographicallyPrecedes(right) }
        (i, j) = (leftEnd, rightEnd)
      } else if a[i] != b[j] {
        return a[i] < b[j]
      } else {
        i += 1
        j += 1
      }
    }
    if a.count - i != b.count - j { return a.count - i < b.count - j }
    // Alike but for leading zeros: fewer first.
    return a.count != b.count ? a.count < b.count : a.lexicographicallyPrecedes(b)
  }
}
