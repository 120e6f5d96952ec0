import Files

/// A file that is written piece by piece and appears whole: for texts and photographs too large for the memory.
package final class StreamedFile {
  package let path: String
  private let file: AtomicFile
  private var buffer: [UInt8] = []
  private var offset = 0

  package init(path: String, links: AtomicFile.Links = .replaced) throws {
    self.path = path
    file = try AtomicFile(path: path, links: links)
  }

  package func append(_ text: String) throws { try append([UInt8](text.utf8)) }

  package func append(_ bytes: [UInt8]) throws {
    buffer += bytes
    if buffer.count >= 1 << 18 { try flush() }
  }

  package func append(_ bytes: UnsafeRawBufferPointer) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= 1 << 18 { try flush() }
  }

  func append(_ text: Substring) throws { try append(String(text)) }

  /// Copies another file to the end of this one.
  func append(contentsOf path: String) throws {
    let other = try InputFile(path: path)
    var offset = 0
    while offset < other.byteCount {
      let piece = try other.read(offset..<min(offset + 1 << 18, other.byteCount))
      try append(piece)
      offset += piece.count
    }
  }

  /// Gives the file its name.
  package func commit() throws {
    try flush()
    try file.commit()
  }

  private func flush() throws {
    try file.write(buffer, at: offset)
    offset += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }
}
