#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The bytes of one picture, read piece by piece: a file need not fit into memory to be decoded row by row.
package final class ImageSource {
  /// Names the picture in errors.
  package let path: String
  package let byteCount: Int
  private let content: Content

  private enum Content {
    case bytes([UInt8])
    case file(descriptor: Int32)
  }

  /// Opens a regular file. Does not wait for a pipe: it is refused.
  ///
  /// - Throws: `.missing`, `.unreadable`, `.isDirectory`, `.notRegularFile`, `.empty`.
  package init(path: String) throws(ImagingError) {
    let (descriptor, size) = try FileBytes.open(path)
    guard size > 0 else {
      close(descriptor)
      throw .empty(path: path)
    }
    self.path = path
    byteCount = size
    content = .file(descriptor: descriptor)
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

  deinit {
    if case .file(let descriptor) = content { close(descriptor) }
  }

  /// At most `count` bytes from `offset` on; fewer where the file ends.
  package func read(at offset: Int, count: Int) throws(ImagingError) -> [UInt8] {
    guard offset >= 0, count > 0, offset < byteCount else { return [] }
    let wanted = min(count, byteCount - offset)
    switch content {
    case .bytes(let bytes): return Array(bytes[offset..<offset + wanted])
    case .file(let descriptor): return try FileBytes.read(descriptor, at: offset, count: wanted, path: path)
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
