/// Paths as text that keeps their bytes.
///
/// A file name is bytes, and a `String` is Unicode. A byte that is part of no UTF-8 sequence becomes one scalar of a private
/// plane, U+10FF00 plus the byte, and turns back into that byte when the system is asked. Names that contain such a scalar
/// themselves have its bytes kept in the same way, so that every name survives the way there and back.
///
/// The functions work on bytes, not on characters: a combining mark after a slash does not hide the slash.
package enum PathText {
  /// The text of a name's bytes.
  package static func text(_ bytes: some Collection<UInt8>) -> String {
    if let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains(where: isKept) { return text }
    var text = String.UnicodeScalarView()
    var rest = Array(bytes)[...]
    while let byte = rest.first {
      if let (scalar, count) = firstScalar(of: rest), !isKept(scalar) {
        text.append(scalar)
        rest = rest.dropFirst(count)
      } else {
        text.append(byte < 0x80 ? Unicode.Scalar(byte) : kept(byte))
        rest = rest.dropFirst()
      }
    }
    return String(text)
  }

  /// The bytes of a name.
  package static func bytes(_ text: some StringProtocol) -> [UInt8] {
    guard text.unicodeScalars.contains(where: isKept) else { return [UInt8](text.utf8) }
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      if isKept(scalar) { bytes.append(UInt8(scalar.value & 0xff)) } else { bytes += UTF8.encode(scalar)! }
    }
    return bytes
  }

  /// Gives the system a path.
  package static func withSystemPath<Result>(
    _ path: String, _ body: (UnsafePointer<CChar>) -> Result
  ) -> Result {
    let bytes = bytes(path) + [0]
    return bytes.withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
  }

  /// Whether a scalar stands for a byte that is no text.
  package static func isKept(_ scalar: Unicode.Scalar) -> Bool { 0x10_ff80...0x10_ffff ~= scalar.value }

  private static func kept(_ byte: UInt8) -> Unicode.Scalar { Unicode.Scalar(0x10_ff00 + UInt32(byte))! }

  private static func firstScalar(of bytes: ArraySlice<UInt8>) -> (Unicode.Scalar, count: Int)? {
    guard let first = bytes.first else { return nil }
    let count = first < 0x80 ? 1 : first >> 5 == 0b110 ? 2 : first >> 4 == 0b1110 ? 3 : first >> 3 == 0b11110 ? 4 : 0
    guard count > 0, let text = String(validating: bytes.prefix(count), as: UTF8.self),
      let scalar = text.unicodeScalars.first
    else { return nil }
    return (scalar, count)
  }

  // MARK: Parts

  private static let slash = UInt8(ascii: "/")

  /// The folder of a path with its final slash, or nothing for the working folder.
  package static func folder(of path: String) -> String {
    path.utf8.lastIndex(of: slash).map { String(path[..<path.utf8.index(after: $0)]) } ?? ""
  }

  /// What follows the last slash, slashes at the end left out.
  package static func lastComponent(of path: String) -> String {
    path.utf8.split(separator: slash).last.flatMap { String($0) } ?? ""
  }

  /// The last component up to its last full stop, and what follows that in small letters.
  package static func stem(of path: String) -> (stem: String, extension: String) {
    let name = lastComponent(of: path)
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return (name, "") }
    return (String(name[..<dot]), name[name.utf8.index(after: dot)...].lowercased())
  }

  /// The path of a file in a folder.
  package static func path(_ name: String, in folder: String) -> String {
    folder.isEmpty || folder.utf8.last == slash ? folder + name : "\(folder)/\(name)"
  }
}
