/// What the first chunk of a PNG file says (PNG specification, third edition, 11.2.1).
package struct PNGHeader: Equatable, Sendable {
  /// How a pixel is stored.
  package enum ColorKind: UInt8, Sendable {
    case gray = 0
    case rgb = 2
    case palette = 3
    case grayAlpha = 4
    case rgbAlpha = 6

    /// Samples per pixel.
    package var channelCount: Int {
      switch self {
      case .gray, .palette: 1
      case .grayAlpha: 2
      case .rgb: 3
      case .rgbAlpha: 4
      }
    }

    var bitDepths: Set<Int> {
      switch self {
      case .gray: [1, 2, 4, 8, 16]
      case .palette: [1, 2, 4, 8]
      case .rgb, .grayAlpha, .rgbAlpha: [8, 16]
      }
    }
  }

  package var width: Int
  package var height: Int
  /// Bits per sample: 1, 2, 4, 8 or 16.
  package var bitDepth: Int
  package var color: ColorKind
  /// Whether the rows come in the seven passes of Adam7.
  package var isInterlaced: Bool

  /// Signature, then length, type, 13 bytes and checksum of the first chunk.
  static let byteCount = 33

  /// Reads the header from the start of a file; `path` only names the file in errors.
  ///
  /// Checks what can be checked without decoding, the checksum excepted, which libpng looks at.
  package init(_ bytes: [UInt8], path: String) throws(ImagingError) {
    guard !bytes.isEmpty else { throw .empty(path: path) }
    guard bytes.starts(with: PNGChunk.signature) else {
      if PNGChunk.signature.starts(with: bytes) {
        throw .damaged(path: path, format: "PNG", reason: "it ends after \(bytes.count) bytes, within the signature")
      }
      if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) || bytes.starts(with: [0x09, 0x50, 0x4E, 0x47]) {
        throw .damaged(
          path: path, format: "PNG",
          reason: "its signature was altered, as by a transfer in text mode; copy it as binary")
      }
      throw .unknownFormat(path: path, found: ForeignFormat.name(bytes))
    }
    guard bytes.count >= Self.byteCount else {
      throw .damaged(
        path: path, format: "PNG", reason: "it ends after \(bytes.count) bytes, within the header of \(Self.byteCount)")
    }
    func integer(at offset: Int) -> Int {
      bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
    }
    guard !bytes[12..<16].elementsEqual("CgBI".utf8) else { throw .appleCgBI(path: path) }
    guard integer(at: 8) == 13, bytes[12..<16].elementsEqual("IHDR".utf8) else {
      throw .damaged(path: path, format: "PNG", reason: "its first chunk (offset 8) is not an IHDR of 13 bytes")
    }
    width = integer(at: 16)
    height = integer(at: 20)
    let maximum = 1 << 31 - 1
    guard width > 0, height > 0, width <= maximum, height <= maximum else {
      throw .damaged(
        path: path, format: "PNG", reason: "IHDR (offset 16) states \(width)×\(height) pixels; expected 1 to \(maximum)"
      )
    }
    guard let color = ColorKind(rawValue: bytes[25]) else {
      throw .damaged(
        path: path, format: "PNG", reason: "IHDR (offset 25) states color type \(bytes[25]); expected 0, 2, 3, 4 or 6")
    }
    self.color = color
    bitDepth = Int(bytes[24])
    guard color.bitDepths.contains(bitDepth) else {
      let expected = color.bitDepths.sorted().map(String.init).joined(separator: ", ")
      throw .damaged(
        path: path, format: "PNG",
        reason: "IHDR (offset 24) states \(bitDepth) bits per sample for color type \(bytes[25]); "
          + "expected one of \(expected)")
    }
    guard bytes[28] <= 1 else {
      throw .damaged(
        path: path, format: "PNG", reason: "IHDR (offset 28) states interlace method \(bytes[28]); expected 0 or 1")
    }
    isInterlaced = bytes[28] == 1
  }

  /// Bytes of the filtered rows before compression; passes of an interlaced file add a little to it.
  var rawByteCount: Int { ((width * color.channelCount * bitDepth + 7) / 8 + 1) * height }
}
