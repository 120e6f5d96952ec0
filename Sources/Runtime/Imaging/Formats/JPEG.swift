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
  /// - Throws: `.notEncodable`, `.tooLargeToEncode`.
  package static func encode(
    _ image: Image8, quality: Int = defaultQuality, metadata: ImageMetadata = ImageMetadata()
  ) throws(ImagingError) -> [UInt8] {
    try PictureFormat.jpeg(quality: quality).encode(image, metadata: metadata)
  }

  /// Begins such a file.
  static func encoder(
    _ size: PictureSize, quality: Int, metadata: ImageMetadata, to sink: @escaping ByteSink
  ) throws -> LibJPEGWriter {
    precondition(qualities.contains(quality), "JPEG: quality \(quality)")
    guard size.width <= sideLimit, size.height <= sideLimit else {
      throw ImagingError.tooLargeToEncode(format: "JPEG", width: size.width, height: size.height, limit: sideLimit)
    }
    let density = metadata.density.flatMap { (0...65_535).contains($0.x) && (0...65_535).contains($0.y) ? $0 : nil }
    return try LibJPEGWriter(
      size, quality: quality, density: density ?? .init(unit: .none, x: 1, y: 1), segments: segments(metadata), to: sink
    )
  }

  /// EXIF, and the profile in pieces.
  private static func segments(_ metadata: ImageMetadata) -> [(marker: UInt8, data: [UInt8])] {
    var result: [(marker: UInt8, data: [UInt8])] = []
    if let exif = metadata.exif, exif.count <= segmentLimit { result.append((0xE1, Array("Exif\0\0".utf8) + exif)) }
    if let profile = metadata.profile {
      let count = (profile.count + segmentLimit - 1) / segmentLimit
      if count <= 255 {
        for index in 0..<count {
          let piece = profile[index * segmentLimit..<min((index + 1) * segmentLimit, profile.count)]
          result.append((0xE2, Array("ICC_PROFILE\0".utf8) + [UInt8(index + 1), UInt8(count)] + piece))
        }
      }
    }
    return result
  }

  /// A segment holds 65533 bytes, names included.
  private static let segmentLimit = 65_000
}
