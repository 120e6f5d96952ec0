/// JPEG files, through libjpeg-turbo: baseline and progressive, gray, YCbCr of any subsampling, RGB, CMYK and YCCK; 8 bits.
///
/// Rows are decoded as they are asked for, at a half, a quarter or an eighth of the sides where the picture is to be reduced. Of
/// files with several scans (progressive ones) libjpeg keeps all coefficients. A file that breaks off is refused.
final class JPEGDecoder: ImageDecoder {
  static let formatName = "JPEG"
  static let nameEndings = [".jpg", ".jpeg", ".jpe", ".jfif"]

  static func recognizes(_ start: [UInt8]) -> Bool { start.starts(with: [0xFF, 0xD8, 0xFF]) }

  let header: ImageHeader
  private let source: ImageSource
  private let markers: JPEGMarkers

  init(_ source: ImageSource) throws(ImagingError) {
    self.source = source
    markers = try JPEGMarkers(source)
    let isOfInks = markers.componentCount == 4
    header = ImageHeader(
      formatName: Self.formatName, storedWidth: markers.width, storedHeight: markers.height,
      orientation: markers.exif?.orientation ?? .upright,
      metadata: ImageMetadata(exif: markers.exif?.bytes, profile: markers.profile, density: markers.density),
      layout: SampleLayout(
        channels: isOfInks ? (markers.hasAdobeMarker ? .invertedCMYK : .cmyk) : .rgb,
        isGray: markers.componentCount == 1),
      color: markers.profile.map { .profile($0) } ?? .sRGB, remarks: markers.remarks)
  }

  func reduction(atMost wanted: Int) -> Int { [8, 4, 2].first { $0 <= wanted } ?? 1 }

  /// libjpeg's own state with some rows of samples, and of files with several scans all coefficients.
  func workingByteCount(reduction: Int) -> Int {
    let coefficients =
      markers.hasSeveralScans ? Int(Double(markers.width * markers.height) * markers.samplesPerPixel * 2) : 0
    return 1 << 18 + 128 * markers.width + coefficients
  }

  func decode(reduction: Int, _ take: (UnsafePointer<UInt8>) -> Bool) throws(ImagingError) {
    let reader = try LibJPEGReader(source)
    guard reader.width == markers.width, reader.height == markers.height else {
      throw .damaged(
        path: source.path, format: "JPEG", reason: "libjpeg-turbo reads another size than its header states")
    }
    try reader.start(reduction: reduction)
    let height = (markers.height + reduction - 1) / reduction
    let byteCount = (markers.width + reduction - 1) / reduction * header.layout.channels.count
    let row = UnsafeMutablePointer<UInt8>.allocate(capacity: byteCount)
    row.initialize(repeating: 0, count: byteCount)
    defer { row.deallocate() }
    for index in 0..<height {
      try reader.row(into: row)
      if !take(row), index + 1 < height { return }
    }
    try reader.finish()
  }
}
