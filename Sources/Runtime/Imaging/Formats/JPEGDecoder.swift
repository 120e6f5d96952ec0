import CJPEG

/// JPEG files, through libjpeg-turbo: baseline and progressive, gray, YCbCr of any subsampling, RGB, CMYK and YCCK; 8 bits.
///
/// The whole picture is decoded at once (the TurboJPEG interface has no rows), at a half, a quarter or an eighth of its sides
/// where it is to be reduced. A file that breaks off is refused.
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

  /// The file, the decoded pixels, and of progressive files the coefficients, 2 bytes each.
  func workingByteCount(reduction: Int) -> Int {
    let coefficients =
      markers.isProgressive ? Int(Double(markers.width * markers.height) * markers.samplesPerPixel * 2) : 0
    let (width, height) = size(reduction)
    return source.byteCount + width * height * header.layout.pixelByteCount + coefficients + 64 * markers.width + 1
      << 18
  }

  func decode(reduction: Int, _ take: (UnsafePointer<UInt8>) -> Void) throws(ImagingError) {
    let pixels = try decoded(reduction)
    let rowByteCount = size(reduction).width * header.layout.pixelByteCount
    pixels.withUnsafeBufferPointer { buffer in
      for start in stride(from: 0, to: buffer.count, by: rowByteCount) { take(buffer.baseAddress! + start) }
    }
  }

  func pixels(reduction: Int) throws(ImagingError) -> [UInt8]? {
    header.layout.channels == .rgb ? try decoded(reduction) : nil
  }

  private func size(_ reduction: Int) -> (width: Int, height: Int) {
    ((markers.width + reduction - 1) / reduction, (markers.height + reduction - 1) / reduction)
  }

  private func decoded(_ reduction: Int) throws(ImagingError) -> [UInt8] {
    func damaged(_ reason: String) -> ImagingError { .damaged(path: source.path, format: "JPEG", reason: reason) }
    guard let handle = tjInitDecompress() else { throw damaged("libjpeg-turbo does not start") }
    defer { tjDestroy(handle) }
    let bytes = try source.readAll()
    let (width, height) = size(reduction)
    let format = header.layout.channels == .rgb ? TJPF_RGB : TJPF_CMYK
    var (statedWidth, statedHeight, subsampling, colors) = (Int32(), Int32(), Int32(), Int32())
    guard
      tjDecompressHeader3(handle, bytes, UInt(bytes.count), &statedWidth, &statedHeight, &subsampling, &colors) == 0,
      Int(statedWidth) == markers.width, Int(statedHeight) == markers.height
    else { throw damaged(said(handle)) }
    let byteCount = width * height * header.layout.pixelByteCount
    var status: Int32 = -1
    let pixels = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
      status = tjDecompress2(
        handle, bytes, UInt(bytes.count), buffer.baseAddress, Int32(width), 0, Int32(height), Int32(format.rawValue),
        Int32(idinv_jpeg_decode_flags))
      count = byteCount
    }
    if status != 0 {
      let text = String(cString: tjGetErrorStr2(handle))
      let isWarning = tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue)
      // What cameras and messengers leave behind, and no pixel suffers from.
      let isHarmless = ["extraneous bytes", "Unknown Adobe", "Invalid SOS", "Inconsistent progression", "thumbnail"]
        .contains { text.contains($0) }
      guard isWarning, isHarmless else { throw damaged(said(handle)) }
    }
    return pixels
  }

  private func said(_ handle: tjhandle) -> String {
    "libjpeg-turbo says \"\(String(cString: tjGetErrorStr2(handle)))\""
  }
}
