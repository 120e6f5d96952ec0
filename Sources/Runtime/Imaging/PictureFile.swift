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

  /// The picture, upright and in sRGB, with both sides divided by `reduction` and rounded up: pixel (r, c) is the mean of the
  /// square of the stored picture at (r · reduction, c · reduction), as far as there is one.
  package func upright(reduction: Int = 1) throws(ImagingError) -> Image8 {
    var picture = try stored(reduction: reduction, keepsColors: false)
    picture.turnUpright(header.orientation)
    return picture
  }

  /// The picture as stored, neither turned nor, where `keepsColors`, converted to sRGB.
  package func stored(reduction: Int = 1, keepsColors: Bool) throws(ImagingError) -> Image8 {
    precondition(reduction > 0)
    let own = decoder.reduction(atMost: reduction)
    // A codec that does a part of the reduction leaves a whole factor.
    guard reduction % own == 0 else { return try stored(reduction: own, keepsColors: keepsColors) }
    let (width, height) = ceilDivided(own)
    let rest = reduction / own
    let result = ((width + rest - 1) / rest) * ((height + rest - 1) / rest) * 3
    let turning = header.orientation == .upright ? 0 : min(result, 48_000_000)
    try check(own, result + turning + (rest > 1 ? width * 24 : 0))
    let converter = RowConverter(header.layout, from: header.color, keepsColors: keepsColors)
    if rest == 1, var pixels = try decoder.pixels(reduction: own) {
      if !converter.isIdentity {
        pixels.withUnsafeMutableBufferPointer { buffer in
          for start in stride(from: 0, to: buffer.count, by: width * 3) {
            converter(buffer.baseAddress! + start, buffer.baseAddress! + start, pixelCount: width)
          }
        }
      }
      return Image8(height: height, width: width, pixels: pixels)
    }
    let sink = BoxAverage(height: height, width: width, factor: rest)
    try decode(own, converter, width: width, into: sink)
    return sink.picture
  }

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
      if converter.isIdentity {
        sink.take(samples)
      } else {
        converter(samples, row, pixelCount: width)
        sink.take(row)
      }
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

/// Takes the rows of a picture from the top: pixels of 8-bit RGB.
protocol RowSink: AnyObject {
  func take(_ row: UnsafePointer<UInt8>)
}
