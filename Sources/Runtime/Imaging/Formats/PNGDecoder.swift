/// PNG files, through libpng; rows are decoded as they are asked for, so that memory does not grow with the picture, but for
/// interlaced ones.
///
/// Every color type, bit depth and interlacing. `cICP` says what colors mean, else `iCCP`, else `sRGB`, else `cHRM` and `gAMA`,
/// which is obeyed if it is more than 5 % away from 1/2.2; `eXIf` has the orientation. A file that breaks off before its end
/// chunk is refused, even if all pixels are there.
final class PNGDecoder: ImageDecoder {
  static let formatName = "PNG"
  static let nameEndings = [".png"]

  /// Also of spoilt and shortened signatures, about which the header has more to say.
  static func recognizes(_ start: [UInt8]) -> Bool {
    start.starts(with: [0x89, 0x50, 0x4E, 0x47]) || start.starts(with: [0x09, 0x50, 0x4E, 0x47])
      || !start.isEmpty && PNGChunk.signature.starts(with: start)
  }

  let header: ImageHeader
  private let source: ImageSource
  private let png: PNGHeader
  private let hasAlpha: Bool
  private var reader: LibPNGReader?

  init(_ source: ImageSource) throws(ImagingError) {
    self.source = source
    png = try PNGHeader(source.read(at: 0, count: PNGHeader.byteCount), path: source.path)
    // Refused before libpng takes memory for rows.
    guard png.width <= ImageLimits.side, png.height <= ImageLimits.side else {
      throw .tooManyPixels(path: source.path, width: png.width, height: png.height, limit: ImageLimits().pixelCount)
    }
    guard png.rawByteCount / Self.largestRatio <= source.byteCount else {
      throw .damaged(
        path: source.path, format: "PNG",
        reason: "its \(source.byteCount) bytes cannot hold the \(png.width)×\(png.height) pixels of its header")
    }
    let reader = try LibPNGReader(source)
    guard reader.width == png.width, reader.height == png.height else {
      throw .damaged(path: source.path, format: "PNG", reason: "libpng reads another size than the header states")
    }
    let chunks = try PNGChunk.find(["eXIf", "cICP", "cHRM", "sRGB", "pHYs"], in: source, byteLimit: Exif.byteLimit)
    let exif = chunks["eXIf"].flatMap { Exif($0) }
    hasAlpha = reader.channelCount == 4
    header = ImageHeader(
      formatName: Self.formatName, storedWidth: png.width, storedHeight: png.height,
      orientation: exif?.orientation ?? .upright,
      metadata: ImageMetadata(
        exif: exif?.bytes, profile: reader.profile, density: chunks["pHYs"].flatMap { Self.density($0) }),
      layout: SampleLayout(
        channels: hasAlpha ? .rgbAlpha : .rgb, bitDepth: reader.bitDepth,
        isGray: png.color == .gray || png.color == .grayAlpha),
      color: Self.color(chunks, reader))
    self.reader = reader
  }

  /// DEFLATE makes at most 1032 bytes of one (RFC 1951: 258 bytes from 2 bits).
  private static let largestRatio = 1032

  /// libpng's own state, and rows: before filtering, after, and spread; of interlaced files all.
  func workingByteCount(reduction: Int) -> Int {
    let row = header.storedWidth * 8
    return 1 << 18 + 4 * row
      + (png.isInterlaced ? header.storedHeight * header.storedWidth * header.layout.pixelByteCount : 0)
  }

  func decode(reduction: Int, _ take: (UnsafePointer<UInt8>) -> Bool) throws(ImagingError) {
    // A second reading begins anew.
    let reader: LibPNGReader = if let first = self.reader { first } else { try LibPNGReader(source) }
    self.reader = nil
    let rowByteCount = reader.rowByteCount
    let rowCount = png.isInterlaced ? png.height : 1
    let rows = UnsafeMutablePointer<UInt8>.allocate(capacity: rowCount * rowByteCount)
    rows.initialize(repeating: 0, count: rowCount * rowByteCount)
    defer { rows.deallocate() }
    for pass in 0..<reader.passCount {
      for row in 0..<png.height {
        let place = rows + (rowCount == 1 ? 0 : row * rowByteCount)
        try reader.row(into: place)
        if pass == reader.passCount - 1, !take(place), row + 1 < png.height { return }
      }
    }
    try reader.finish()
  }

  private static func color(_ chunks: [String: [UInt8]], _ reader: LibPNGReader) -> StoredColor {
    if let code = chunks["cICP"], code.count == 4, code[2] == 0, code[3] == 1,
      let description = ColorDescription(primaries: code[0], transfer: code[1])
    {
      return description == .sRGB ? .sRGB : .described(description)
    }
    if let profile = reader.profile { return .profile(profile) }
    if chunks["sRGB"] != nil { return .sRGB }
    let exponent = reader.gamma.flatMap { abs($0 * 2.2 - 1) < 0.05 ? nil : $0 }
    if let description = chunks["cHRM"].flatMap({ chromaticities($0, exponent) }), !description.hasPrimariesOfSRGB {
      return .described(description)
    }
    return exponent.map { .gamma($0) } ?? .sRGB
  }

  private static func chromaticities(_ data: [UInt8], _ exponent: Double?) -> ColorDescription? {
    let reader = ByteReader(bytes: data)
    let values = (0..<8).compactMap { reader.integer(at: $0 * 4, count: 4) }.map { Double($0) / 100_000 }
    guard values.count == 8 else { return nil }
    return ColorDescription(
      white: SIMD2(values[0], values[1]), red: SIMD2(values[2], values[3]), green: SIMD2(values[4], values[5]),
      blue: SIMD2(values[6], values[7]), transfer: exponent.map { .gamma($0) } ?? .sRGB)
  }

  /// `pHYs`: pixels per meter, or a ratio.
  private static func density(_ data: [UInt8]) -> ImageMetadata.Density? {
    let reader = ByteReader(bytes: data)
    guard data.count == 9, let x = reader.integer(at: 0, count: 4), let y = reader.integer(at: 4, count: 4) else {
      return nil
    }
    guard data[8] == 1 else { return .init(unit: .none, x: x, y: y) }
    func perInch(_ value: Int) -> Int { (value * 254 + 5000) / 10_000 }
    return .init(unit: .inch, x: perInch(x), y: perInch(y))
  }
}
