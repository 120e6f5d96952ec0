import Files

/// PNG files from `Image8`, through libpng.
///
/// Writing makes 8-bit RGB with an `sRGB` chunk. The same pixels give the same bytes for one zlib.
package enum PNG {
  /// The header of a file, without decoding it.
  package static func header(_ path: String) throws(ImagingError) -> PNGHeader {
    let bytes = try ImagingError.files { () throws(FileError) in
      try InputFile(path: path).readUpTo(PNGHeader.byteCount, at: 0)
    }
    return try PNGHeader(bytes, path: path)
  }

  /// Reads a picture that this program has written, or any other that `PictureFile` reads.
  package static func read(_ path: String, limits: ImageLimits = ImageLimits()) throws(ImagingError) -> Image8 {
    try PictureFile.read(path, limits: limits)
  }

  /// Decodes a file's bytes; `path` only names them in errors.
  package static func decode(
    _ bytes: [UInt8], path: String, limits: ImageLimits = ImageLimits()
  ) throws(ImagingError) -> Image8 {
    try PictureFile(ImageSource(bytes, path: path), limits: limits).upright()
  }

  /// Encodes and writes a file, whole or not at all (`AtomicFile`).
  package static func write(_ image: Image8, _ path: String) throws(ImagingError) {
    let bytes = try encode(image)
    try ImagingError.files { () throws(FileError) in try AtomicFile.write(bytes, to: path) }
  }

  /// The bytes of a PNG file.
  package static func encode(_ image: Image8) throws(ImagingError) -> [UInt8] { try PictureFormat.png.encode(image) }

  /// Begins a file, with what a photograph says about itself.
  static func encoder(
    _ size: PictureSize, metadata: ImageMetadata, to sink: @escaping ByteSink
  ) throws -> LibPNGWriter {
    var chunks: [PNGChunk] = []
    if let profile = metadata.profile {
      chunks.append(PNGChunk(type: "iCCP", data: Array("ICC profile".utf8) + [0, 0] + storedZlib(profile)))
    }
    if let density = metadata.density { chunks.append(PNGChunk(type: "pHYs", data: physical(density))) }
    if let exif = metadata.exif { chunks.append(PNGChunk(type: "eXIf", data: exif)) }
    // A profile takes the place of sRGB.
    return try LibPNGWriter(size, isSRGB: metadata.profile == nil, chunks: chunks, to: sink)
  }

  /// `pHYs` counts per meter.
  private static func physical(_ density: ImageMetadata.Density) -> [UInt8] {
    func perMeter(_ value: Int) -> UInt32 {
      switch density.unit {
      case .none: UInt32(clamping: value)
      case .inch: UInt32(clamping: (value * 10_000 + 127) / 254)
      case .centimeter: UInt32(clamping: value * 100)
      }
    }
    return PNGChunk.bigEndian(perMeter(density.x)) + PNGChunk.bigEndian(perMeter(density.y))
      + [density.unit == .none ? 0 : 1]
  }

  /// Bytes in zlib's format (RFC 1950) without compression: a profile is small beside a picture.
  private static func storedZlib(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = [0x78, 0x01]
    for start in stride(from: 0, to: max(bytes.count, 1), by: 65_535) {
      let piece = bytes[start..<min(start + 65_535, bytes.count)]
      let count = UInt16(piece.count)
      result.append(start + piece.count == bytes.count ? 1 : 0)
      result += [UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)]
      result += piece
    }
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    return result + PNGChunk.bigEndian(b << 16 | a)
  }
}
