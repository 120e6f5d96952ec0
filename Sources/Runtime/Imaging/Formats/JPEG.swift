import CJPEG
import Files

/// JPEG files from `Image8`, through libjpeg-turbo.
package enum JPEG {
  /// From 1, the smallest file, to 100.
  package static let qualities = 1...100
  /// No difference is seen at arm's length, and the file stays a tenth of the pixels.
  package static let defaultQuality = 95
  /// Largest side that the format knows.
  static let sideLimit = 65_500

  /// The bytes of a baseline file: YCbCr, 4:4:4 from quality 90 on, 4:2:0 below.
  ///
  /// - Throws: `.notEncodable`.
  package static func encode(
    _ image: Image8, quality: Int = defaultQuality, metadata: ImageMetadata = ImageMetadata()
  ) throws(ImagingError) -> [UInt8] {
    precondition(qualities.contains(quality), "JPEG: quality \(quality)")
    guard image.width <= sideLimit, image.height <= sideLimit else {
      throw .notEncodable(
        reason: "\(image.width)×\(image.height) pixels as JPEG; at most \(sideLimit) per side. Expected --format png")
    }
    guard let handle = tjInitCompress() else { throw .notEncodable(reason: "libjpeg-turbo does not start") }
    defer { tjDestroy(handle) }
    let subsampling = quality >= 90 ? TJSAMP_444 : TJSAMP_420
    var buffer: UnsafeMutablePointer<UInt8>?
    var byteCount: UInt = 0
    defer { tjFree(buffer) }
    let status = tjCompress2(
      handle, image.pixels, Int32(image.width), 0, Int32(image.height), Int32(TJPF_RGB.rawValue), &buffer, &byteCount,
      Int32(subsampling.rawValue), Int32(quality), Int32(idinv_jpeg_encode_flags))
    guard status == 0, let buffer else {
      throw .notEncodable(reason: "libjpeg-turbo says \"\(String(cString: tjGetErrorStr2(handle)))\"")
    }
    let plain = UnsafeBufferPointer(start: buffer, count: Int(byteCount))
    let segments = segments(metadata)
    // The library begins with SOI and JFIF's APP0 of 18 bytes, which `segments` replaces.
    let hasJFIF = plain.count > 20 && plain[2] == 0xFF && plain[3] == 0xE0
    var result: [UInt8] = [0xFF, 0xD8]
    result.reserveCapacity(plain.count + segments.count)
    result += segments
    result += plain[(hasJFIF ? 20 : 2)...]
    return result
  }

  /// JFIF's header, EXIF, and the profile in pieces.
  private static func segments(_ metadata: ImageMetadata) -> [UInt8] {
    func big(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 255), UInt8(value & 255)] }
    func segment(_ marker: UInt8, _ data: [UInt8]) -> [UInt8] { [0xFF, marker] + big(data.count + 2) + data }
    let density = metadata.density.flatMap { (0...65_535).contains($0.x) && (0...65_535).contains($0.y) ? $0 : nil }
    var header = Array("JFIF\0".utf8)
    header += [1, 1, density?.unit.rawValue ?? 0]
    header += big(density?.x ?? 1) + big(density?.y ?? 1)
    header += [0, 0]
    var result = segment(0xE0, header)
    if let exif = metadata.exif, exif.count <= segmentLimit { result += segment(0xE1, Array("Exif\0\0".utf8) + exif) }
    if let profile = metadata.profile {
      let count = (profile.count + segmentLimit - 1) / segmentLimit
      if count <= 255 {
        for index in 0..<count {
          let piece = profile[index * segmentLimit..<min((index + 1) * segmentLimit, profile.count)]
          result += segment(0xE2, Array("ICC_PROFILE\0".utf8) + [UInt8(index + 1), UInt8(count)] + piece)
        }
      }
    }
    return result
  }

  /// A segment holds 65533 bytes, names included.
  private static let segmentLimit = 65_000
}

/// How a picture is written.
package enum PictureFormat: Equatable, Sendable {
  case png
  case jpeg(quality: Int)

  /// Ending of a file's name.
  package var nameEnding: String {
    switch self {
    case .png: "png"
    case .jpeg: "jpg"
    }
  }

  /// The bytes of a file.
  package func encode(_ image: Image8, metadata: ImageMetadata = ImageMetadata()) throws(ImagingError) -> [UInt8] {
    switch self {
    case .png: try PNG.encode(image, metadata: metadata)
    case .jpeg(let quality): try JPEG.encode(image, quality: quality, metadata: metadata)
    }
  }

  package func write(
    _ image: Image8, metadata: ImageMetadata = ImageMetadata(), to path: String
  ) throws(ImagingError) {
    let bytes = try encode(image, metadata: metadata)
    try ImagingError.files { () throws(FileError) in try AtomicFile.write(bytes, to: path) }
  }
}
