import Files

/// The bytes of one picture, read piece by piece: a file need not fit into memory to be decoded row by row.
package final class ImageSource {
  /// Names the picture in errors.
  package let path: String
  package let byteCount: Int
  private let content: Content

  private enum Content {
    case bytes([UInt8])
    case file(InputFile)
  }

  /// Opens a regular file. Does not wait for a pipe: it is refused.
  ///
  /// - Throws: `.file`, `.empty`.
  package convenience init(path: String) throws(ImagingError) {
    try self.init(try ImagingError.files { () throws(FileError) in try InputFile(path: path) })
  }

  /// - Throws: `.empty`.
  package init(_ file: InputFile) throws(ImagingError) {
    guard file.byteCount > 0 else { throw .empty(path: file.path) }
    path = file.path
    byteCount = file.byteCount
    content = .file(file)
  }

  /// Bytes in memory.
  ///
  /// - Throws: `.empty`.
  package init(_ bytes: [UInt8], path: String) throws(ImagingError) {
    guard !bytes.isEmpty else { throw .empty(path: path) }
    self.path = path
    byteCount = bytes.count
    content = .bytes(bytes)
  }

  /// At most `count` bytes from `offset` on; fewer where the file ends.
  package func read(at offset: Int, count: Int) throws(ImagingError) -> [UInt8] {
    guard offset >= 0, count > 0, offset < byteCount else { return [] }
    let wanted = min(count, byteCount - offset)
    switch content {
    case .bytes(let bytes): return Array(bytes[offset..<offset + wanted])
    case .file(let file):
      return try ImagingError.files { () throws(FileError) in try file.readUpTo(wanted, at: offset) }
    }
  }

  /// The whole file.
  package func readAll() throws(ImagingError) -> [UInt8] {
    if case .bytes(let bytes) = content { return bytes }
    return try read(at: 0, count: byteCount)
  }
}

/// Bytes as big-endian or little-endian numbers; `nil` beyond the end.
struct ByteReader {
  let bytes: [UInt8]
  var isBigEndian = true

  func integer(at offset: Int, count: Int) -> Int? {
    guard offset >= 0, count >= 0, count <= 4, offset <= bytes.count - count else { return nil }
    var value = 0
    for index in 0..<count {
      value = value << 8 | Int(bytes[offset + (isBigEndian ? index : count - 1 - index)])
    }
    return value
  }
}
