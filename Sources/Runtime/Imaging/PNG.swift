import CPNG

/// PNG files ↔ `Image8`, through libpng.
///
/// **Reading** accepts every colour type, bit depth and interlacing of the format and gives 8-bit sRGB:
/// - 8-bit RGB without `gAMA`, or with the `gAMA` of sRGB, is returned byte for byte.
/// - Grey is repeated in three channels, palettes are looked up.
/// - Alpha is laid over **white**, in encoded (not linear) values, as browsers and most viewers do:
///   `(c·a + 255·(255 − a) + 127) / 255` in integers, that is, rounded to nearest;
///   of 16-bit samples, after reduction to 8.
/// - 16 bits become 8 by `round(v / 257)`. A 16-bit file without `gAMA` is taken as sRGB, like an 8-bit one.
/// - `gAMA` is obeyed if no `sRGB` chunk overrules it and it is more than 5 % away from 1/2.2: a file that
///   declares linear samples is brought to sRGB. ICC profiles and the EXIF orientation are not applied.
/// - A file that breaks off before its end chunk is refused, even if all pixels are there.
///
/// **Writing** makes 8-bit RGB with an `sRGB` chunk. The same pixels give the same bytes for one zlib.
package enum PNG {
  /// How large a picture may be, so that a hostile header cannot ask for all memory.
  package struct Limits: Equatable, Sendable {
    /// Largest width and height.
    package var side: Int
    /// Largest product of both.
    package var pixelCount: Int

    package init(side: Int = 16_384, pixelCount: Int = 100_000_000) {
      self.side = side
      self.pixelCount = pixelCount
    }
  }

  /// The header of a file, without decoding it.
  package static func header(_ path: String) throws(ImagingError) -> PNGHeader {
    let (bytes, _) = try FileBytes.read(path, limit: PNGHeader.byteCount)
    return try PNGHeader(bytes, path: path)
  }

  /// Decodes a file. The size is checked before the file is read, and before anything is allocated for it.
  package static func read(_ path: String, limits: Limits = Limits()) throws(ImagingError) -> Image8 {
    let (start, size) = try FileBytes.read(path, limit: PNGHeader.byteCount)
    try check(PNGHeader(start, path: path), byteCount: size, path: path, limits: limits)
    return try decode(FileBytes.read(path).bytes, path: path, limits: limits)
  }

  /// Decodes a file's bytes; `path` only names them in errors.
  package static func decode(
    _ bytes: [UInt8], path: String, limits: Limits = Limits()
  ) throws(ImagingError) -> Image8 {
    let header = try PNGHeader(bytes, path: path)
    try check(header, byteCount: bytes.count, path: path, limits: limits)
    switch libpngDecode(bytes, header) {
    case .success(let samples): return Image8(samples)
    case .failure(let problem): throw .damagedPNG(path: path, reason: problem.reason)
    }
  }

  /// Encodes and writes a file, whole or not at all (`AtomicFile`).
  package static func write(_ image: Image8, _ path: String) throws(ImagingError) {
    try AtomicFile.write(encode(image), to: path)
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

  /// Refuses what is too large, and what is so much larger than its file that it must be truncated:
  /// DEFLATE makes at most 1032 bytes of one (RFC 1951: 258 bytes from 2 bits).
  private static func check(
    _ header: PNGHeader, byteCount: Int, path: String, limits: Limits
  ) throws(ImagingError) {
    guard header.width <= limits.side, header.height <= limits.side,
      header.width * header.height <= limits.pixelCount
    else {
      throw .tooManyPixels(path: path, width: header.width, height: header.height, limits: limits)
    }
    guard header.rawByteCount / 1032 <= byteCount else {
      throw .damagedPNG(
        path: path,
        reason: "its \(byteCount) bytes cannot hold the \(header.width)×\(header.height) pixels of its header")
    }
    guard byteCount <= 1 << 31 else {
      throw .damagedPNG(path: path, reason: "it has \(byteCount) bytes; at most \(1 << 31) are read")
    }
  }
}
