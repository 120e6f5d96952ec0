import Files

/// The order of names of files.
package enum FileName {
  /// Whether `a` comes before `b` in natural order: runs of digits count as numbers, so that `frame2` precedes `frame10`; all
  /// else by bytes, and equal numbers by their leading zeros.
  package static func precedesNaturally(_ a: String, _ b: String) -> Bool {
    let (a, b) = (PathText.bytes(a), PathText.bytes(b))
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
