import Files

/// A text file line by line: lists of images.
enum TextLines {
  /// The lines of a file, without blanks around them. Bytes that are no UTF-8 stay as they are (`PathText`); a byte order mark
  /// does not count.
  ///
  /// - Throws: `.file`; `.listNotText` for UTF-16 and for what is no text.
  static func read(_ path: String) throws(ImagingError) -> [String] {
    var bytes = try ImagingError.files { () throws(FileError) in try InputFile.bytes(of: path) }[...]
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = bytes.dropFirst(3) }
    guard !bytes.contains(0), !bytes.starts(with: [0xff, 0xfe]), !bytes.starts(with: [0xfe, 0xff]) else {
      throw .listNotText(path: path)
    }
    return bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).flatMap { line in
      // A break of Windows ends with the line feed, one of old Macs stands alone.
      let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      return line.split(separator: UInt8(ascii: "\r"), omittingEmptySubsequences: false).map {
        PathText.text(trimmed($0))
      }
    }
  }

  private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0d ~= byte }
    var line = line.drop(while: isBlank)
    while let last = line.last, isBlank(last) { line.removeLast() }
    return line
  }
}
