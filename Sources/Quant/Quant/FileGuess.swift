/// What a file seems to be that is none of those that were expected: the mistakes that users make most.
package enum FileGuess {
  /// Bytes of a file's beginning that are enough to tell.
  package static let byteCount = 512

  /// - Parameter start: the file's first bytes.
  /// - Returns: nil for unknown bytes.
  package static func name(_ start: [UInt8]) -> String? {
    let text = String(decoding: start.prefix(64), as: UTF8.self).lowercased()
    if start.isEmpty { return "an empty file (0 bytes)" }
    if text.contains("<html") || text.contains("<!doctype") { return "a web page (the download failed?)" }
    if text.hasPrefix("version https://git-lfs") { return "a Git LFS pointer (run git lfs pull)" }
    // The header of the archive's first file ends with it.
    if start.dropFirst(257).starts(with: [UInt8]("ustar".utf8)) {
      return "a tar archive (torch.save's oldest form? load and save it again with a newer torch)"
    }
    if start.starts(with: [0x1f, 0x8b]) { return "a gzip archive (unpack it first)" }
    if start.starts(with: [0x89, 0x48, 0x44, 0x46]) { return "an HDF5 file" }
    if start.starts(with: [0x93] + [UInt8]("NUMPY".utf8)) { return "an array of NumPy" }
    if isPicture(start) { return "a picture" }
    if start.dropFirst(4).starts(with: [UInt8]("TFL3".utf8)) { return "a TensorFlow Lite file" }
    if start[0] == 0x08, text.contains("onnx") || text.contains("pytorch") { return "an ONNX file" }
    return self.text(start)
  }

  /// Of what may be a checkpoint, where a file of another kind was expected.
  package static func checkpoint(_ start: [UInt8]) -> String? {
    // A zip archive, or a pickle of protocol 2 and up.
    if start.starts(with: [0x50, 0x4b]) || (start.first == 0x80 && start.count > 1 && (2...5).contains(start[1])) {
      return "a PyTorch checkpoint"
    }
    return nil
  }

  /// Whether only characters that are printed occur.
  package static func text(_ start: [UInt8]) -> String? {
    guard start.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || 0x09...0x0d ~= $0 }) else { return nil }
    let line = String(decoding: start.prefix { $0 != 0x0a }, as: UTF8.self)
    return line.contains(",") || line.contains(";") || line.contains("\t") ? "text (a CSV file?)" : "text"
  }

  private static func isPicture(_ start: [UInt8]) -> Bool {
    let isWebP = start.starts(with: [UInt8]("RIFF".utf8)) && start.dropFirst(8).starts(with: [UInt8]("WEBP".utf8))
    return isWebP || start.starts(with: [0x89, 0x50, 0x4e, 0x47]) || start.starts(with: [0xff, 0xd8, 0xff])
      || start.starts(with: [UInt8]("GIF8".utf8))
  }
}
