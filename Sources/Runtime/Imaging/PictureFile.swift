/// A picture of any format that is read: opened, its header checked, its pixels still to be decoded.
///
/// The format is told by the first bytes, never by the name. Pixels come out upright (EXIF's orientation is applied), in 8-bit
/// sRGB (embedded profiles are converted), and never take more memory than the limits say: small results of large pictures are
/// made row by row, or of a picture that the codec has reduced.
package final class PictureFile {
  package let path: String
  package let header: ImageHeader
  private let decoder: any ImageDecoder
  private let limits: ImageLimits

  /// Opens a file.
  package convenience init(_ path: String, limits: ImageLimits = ImageLimits()) throws(ImagingError) {
    try self.init(ImageSource(path: path), limits: limits)
  }

  package init(_ source: ImageSource, limits: ImageLimits = ImageLimits()) throws(ImagingError) {
    path = source.path
    self.limits = limits
    let start = try source.read(at: 0, count: 32)
    guard let format = imageDecoders.first(where: { $0.recognizes(start) }) else {
      throw .unknownFormat(path: path, found: ForeignFormat.name(start))
    }
    decoder = try format.init(source)
    header = decoder.header
    guard header.storedWidth <= ImageLimits.side, header.storedHeight <= ImageLimits.side,
      header.storedWidth * header.storedHeight <= limits.pixelCount
    else {
      throw .tooManyPixels(path: path, width: header.width, height: header.height, limit: limits.pixelCount)
    }
  }

  /// Reads a whole picture.
  package static func read(_ path: String, limits: ImageLimits = ImageLimits()) throws(ImagingError) -> Image8 {
    try PictureFile(path, limits: limits).upright()
  }

  /// The picture, upright, with both sides divided by `reduction` and rounded up: pixel (r, c) is the mean of the square of the
  /// stored picture at (r · reduction, c · reduction), as far as there is one.
  ///
  /// - Parameters:
  ///   - region: the rectangle of that picture that is wanted; nil for all.
  ///   - keepsColors: whether the colors stay those that are stored, instead of sRGB.
  package func upright(
    reduction: Int = 1, region: PixelRegion? = nil, keepsColors: Bool = false
  ) throws(ImagingError) -> Image8 {
    precondition(reduction > 0)
    let own = decoder.reduction(atMost: reduction)
    // A codec that does a part of the reduction leaves a whole factor.
    guard reduction % own == 0 else { return try upright(reduction: own, region: region, keepsColors: keepsColors) }
    let rest = reduction / own
    let (width, height) = ceilDivided(own)
    let size = (width: (width + rest - 1) / rest, height: (height + rest - 1) / rest)
    let resultCount = region.map { $0.height * $0.width } ?? size.width * size.height
    try check(own, resultCount * 3 + (rest > 1 ? size.width * 27 : 0) + width * 3)
    let canvas = UprightCanvas(header.orientation, storedHeight: size.height, storedWidth: size.width, region: region)
    let converter = RowConverter(header.layout, from: header.color, keepsColors: keepsColors)
    if rest == 1 {
      try decode(own, converter, width: width, into: canvas)
    } else {
      try decode(
        own, converter, width: width, into: BoxAverage(height: height, width: width, factor: rest, next: canvas))
    }
    return canvas.picture
  }

  /// The rows of the upright picture from the top, at its full size.
  ///
  /// Pictures that are stored as they are seen, or mirrored, pass by row by row; others are decoded several times, a band of the
  /// upright picture at a time.
  ///
  /// - Parameter take: is given the number of a row, and its pixels of 8-bit RGB, which it may change.
  func uprightRows(
    keepsColors: Bool, _ take: (_ row: Int, _ pixels: UnsafeMutablePointer<UInt8>) throws -> Void
  ) throws {
    if !header.orientation.swapsSides && !header.orientation.reversesRows {
      try check(1, header.width * 6)
      let converter = RowConverter(header.layout, from: header.color, keepsColors: keepsColors)
      return try withoutActuallyEscaping(take) { take in
        let passage = RowPassage(header.orientation, width: header.storedWidth, take)
        try decode(1, converter, width: header.storedWidth, into: passage)
        if let error = passage.error { throw error }
      }
    }
    let rowByteCount = header.width * 3
    let byteCount = max(Self.bandByteCount, header.height * rowByteCount / Self.passCount)
    let bandHeight = max(1, min(byteCount, limits.byteCount / 2) / rowByteCount)
    for start in stride(from: 0, to: header.height, by: bandHeight) {
      let height = min(bandHeight, header.height - start)
      var band = try upright(
        region: PixelRegion(row: start, column: 0, height: height, width: header.width), keepsColors: keepsColors)
      var pixels = band.takePixels()
      try pixels.withUnsafeMutableBufferPointer { pixels in
        for row in 0..<height { try take(start + row, pixels.baseAddress! + row * rowByteCount) }
      }
    }
  }

  /// A photograph of 11 megapixels is decoded once, where there is memory enough.
  private static let bandByteCount = 32 << 20
  /// How often a larger one is decoded.
  private static let passCount = 6

  /// The picture as a model of resolution R takes it: square, R × R (`Image8.fitted`, whose bytes these are for all formats but
  /// JPEG; large JPEG files are decoded at a fraction of at least twice the result's sides).
  package func fitted(to resolution: Int, crop: CropRule = .none) throws(ImagingError) -> Image8 {
    let side = min(header.width, header.height)
    guard header.width == header.height || crop == .center else {
      throw .notSquare(path: path, width: header.width, height: header.height)
    }
    guard side > resolution else { return try upright().fitted(to: resolution, crop: crop, path: path) }
    let own = decoder.reduction(atMost: max(1, side / (2 * resolution)))
    let (width, height) = ceilDivided(own)
    let reducedSide = min(width, height)
    let uprightWidth = header.orientation.swapsSides ? height : width
    let uprightHeight = header.orientation.swapsSides ? width : height
    let region = header.orientation.stored(
      PixelRegion(
        row: (uprightHeight - reducedSide) / 2, column: (uprightWidth - reducedSide) / 2, height: reducedSide,
        width: reducedSide),
      height: height, width: width)
    try check(own, width * 3 + resolution * (resolution * 3 + 64))
    let sink = AreaAverage(of: region, height: resolution, width: resolution)
    try decode(
      own, RowConverter(header.layout, from: header.color), width: width, into: sink)
    return sink.picture.upright(header.orientation)
  }

  private func decode(
    _ reduction: Int, _ converter: RowConverter, width: Int, into sink: some RowSink
  ) throws(ImagingError) {
    let row = UnsafeMutablePointer<UInt8>.allocate(capacity: width * 3)
    defer { row.deallocate() }
    try decoder.decode(reduction: reduction) { samples in
      guard !converter.isIdentity else { return sink.take(samples) }
      converter(samples, row, pixelCount: width)
      return sink.take(row)
    }
  }

  private func ceilDivided(_ reduction: Int) -> (width: Int, height: Int) {
    ((header.storedWidth + reduction - 1) / reduction, (header.storedHeight + reduction - 1) / reduction)
  }

  /// Refuses a picture before memory is taken for its pixels.
  private func check(_ reduction: Int, _ resultByteCount: Int) throws(ImagingError) {
    let needed = decoder.workingByteCount(reduction: reduction) + resultByteCount
    guard needed <= limits.byteCount else {
      throw .tooMuchMemory(
        path: path, width: header.width, height: header.height, needed: needed, limit: limits.byteCount)
    }
  }
}

/// Rows on their way: mirrored where the orientation asks for it, and not kept.
private final class RowPassage: RowSink {
  private let isMirrored: Bool
  private let width: Int
  private let next: (Int, UnsafeMutablePointer<UInt8>) throws -> Void
  private var line: [UInt8]
  private var nextRow = 0
  private(set) var error: (any Error)?

  init(_ orientation: Orientation, width: Int, _ next: @escaping (Int, UnsafeMutablePointer<UInt8>) throws -> Void) {
    isMirrored = orientation.reversesColumns
    self.width = width
    self.next = next
    line = [UInt8](repeating: 0, count: width * 3)
  }

  func take(_ row: UnsafePointer<UInt8>) -> Bool {
    line.withUnsafeMutableBufferPointer { line in
      for column in 0..<width {
        let source = (isMirrored ? width - 1 - column : column) * 3
        for channel in 0..<3 { line[column * 3 + channel] = row[source + channel] }
      }
      do {
        try next(nextRow, line.baseAddress!)
      } catch {
        self.error = error
      }
    }
    nextRow += 1
    return error == nil
  }
}
