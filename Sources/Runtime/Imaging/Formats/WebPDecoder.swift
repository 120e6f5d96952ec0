import CWebP

/// WebP files, through libwebp: lossy and lossless, with alpha; not animated ones.
final class WebPDecoder: ImageDecoder {
  static let formatName = "WebP"
  static let nameEndings = [".webp"]

  static func recognizes(_ start: [UInt8]) -> Bool {
    start.starts(with: "RIFF".utf8) && start.dropFirst(8).starts(with: "WEBP".utf8)
  }

  let header: ImageHeader
  private let source: ImageSource

  init(_ source: ImageSource) throws(ImagingError) {
    self.source = source
    let start = try source.read(at: 0, count: 4096)
    var features = WebPBitstreamFeatures()
    let status = idinv_webp_features(start, start.count, &features)
    guard status == VP8_STATUS_OK else {
      throw .damaged(
        path: source.path, format: "WebP",
        reason: status == VP8_STATUS_NOT_ENOUGH_DATA ? "it ends within its header" : "libwebp cannot read its header")
    }
    guard features.has_animation == 0 else {
      throw .unsupportedKind(path: source.path, format: "WebP", kind: "an animation")
    }
    guard features.width > 0, features.height > 0 else {
      throw .damaged(path: source.path, format: "WebP", reason: "its header states no pixels")
    }
    let chunks = try Self.chunks(["ICCP", "EXIF"], in: source)
    let exif = chunks["EXIF"].flatMap { data in
      // Some writers keep the introduction that JPEG needs.
      Exif(data.starts(with: Array("Exif\0\0".utf8)) ? Array(data.dropFirst(6)) : data)
    }
    header = ImageHeader(
      formatName: Self.formatName, storedWidth: Int(features.width), storedHeight: Int(features.height),
      orientation: exif?.orientation ?? .upright,
      metadata: ImageMetadata(exif: exif?.bytes, profile: chunks["ICCP"]),
      layout: SampleLayout(channels: features.has_alpha != 0 ? .rgbAlpha : .rgb),
      color: chunks["ICCP"].map { .profile($0) } ?? .sRGB)
  }

  /// The file, the decoded pixels, and what libwebp keeps of them.
  func workingByteCount(reduction: Int) -> Int {
    source.byteCount + header.storedWidth * header.storedHeight * (header.layout.pixelByteCount + 4)
  }

  func decode(reduction: Int, _ take: (UnsafePointer<UInt8>) -> Bool) throws(ImagingError) {
    let pixels = try decoded()
    let rowByteCount = header.storedWidth * header.layout.pixelByteCount
    pixels.withUnsafeBufferPointer { buffer in
      for start in stride(from: 0, to: buffer.count, by: rowByteCount) {
        guard take(buffer.baseAddress! + start) else { return }
      }
    }
  }

  private func decoded() throws(ImagingError) -> [UInt8] {
    let bytes = try source.readAll()
    let rowByteCount = header.storedWidth * header.layout.pixelByteCount
    let byteCount = rowByteCount * header.storedHeight
    let hasAlpha = header.layout.channels == .rgbAlpha
    var isDecoded = false
    let pixels = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
      let result =
        hasAlpha
        ? WebPDecodeRGBAInto(bytes, bytes.count, buffer.baseAddress, byteCount, Int32(rowByteCount))
        : WebPDecodeRGBInto(bytes, bytes.count, buffer.baseAddress, byteCount, Int32(rowByteCount))
      isDecoded = result != nil
      count = isDecoded ? byteCount : 0
    }
    guard isDecoded else {
      throw .damaged(path: source.path, format: "WebP", reason: "libwebp cannot decode its pixels")
    }
    return pixels
  }

  /// The first chunk of each name (RIFF: name, length, data, even).
  private static func chunks(_ names: Set<String>, in source: ImageSource) throws(ImagingError) -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    var offset = 12
    for _ in 0..<1000 {
      let head = ByteReader(bytes: try source.read(at: offset, count: 8), isBigEndian: false)
      guard let length = head.integer(at: 4, count: 4) else { break }
      let name = String(decoding: head.bytes[..<4], as: UTF8.self)
      if names.contains(name), found[name] == nil, length <= Exif.byteLimit {
        found[name] = try source.read(at: offset + 8, count: length)
      }
      offset += 8 + length + length % 2
    }
    return found
  }
}
