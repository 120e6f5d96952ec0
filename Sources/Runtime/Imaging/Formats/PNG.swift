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
  package static func encode(_ image: Image8) throws(ImagingError) -> [UInt8] {
    // Filtered noise can be a little larger than its pixels; a second call with the size that libpng
    // reports covers what this guess does not.
    var capacity = image.pixels.count + image.pixels.count / 64 + 4096
    for _ in 0..<2 {
      switch libpngEncode(image, capacity: capacity) {
      case .written(let bytes): return bytes
      case .needs(let byteCount): capacity = byteCount
      case .failed(let reason): throw .notEncodable(reason: reason)
      }
    }
    throw .notEncodable(reason: "libpng asked for more than \(capacity) bytes after asking for that many")
  }

  /// The same, with what a photograph says about itself.
  static func encode(_ image: Image8, metadata: ImageMetadata) throws(ImagingError) -> [UInt8] {
    let plain = try encode(image)
    guard metadata != ImageMetadata() else { return plain }
    var result = PNGChunk.signature
    result.reserveCapacity(plain.count + (metadata.exif?.count ?? 0) + (metadata.profile?.count ?? 0) + 256)
    // IHDR is 25 bytes; libpng's sRGB follows, 13 bytes, which a profile replaces.
    let headerEnd = PNGChunk.signature.count + 25
    result += plain[PNGChunk.signature.count..<headerEnd]
    if let profile = metadata.profile {
      PNGChunk.append("iCCP", Array("ICC profile".utf8) + [0, 0] + storedZlib(profile), to: &result)
    }
    if let density = metadata.density { PNGChunk.append("pHYs", physical(density), to: &result) }
    if let exif = metadata.exif { PNGChunk.append("eXIf", exif, to: &result) }
    var rest = headerEnd
    if metadata.profile != nil, plain[(rest + 4)..<(rest + 8)].elementsEqual("sRGB".utf8) { rest += 13 }
    result += plain[rest...]
    return result
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
