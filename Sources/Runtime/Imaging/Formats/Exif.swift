/// The few fields of an EXIF block (a TIFF structure; EXIF 2.32, TIFF 6.0) that matter here.
///
/// Every offset is checked before it is followed; what is damaged counts as absent.
struct Exif {
  private(set) var bytes: [UInt8]
  /// Where the value of the orientation stands, and how.
  private var orientationPlace: (offset: Int, isBigEndian: Bool)?
  /// Where the first directory names the second one, which describes a thumbnail.
  private var nextDirectoryOffset: Int?
  private(set) var orientation = Orientation.upright

  /// Larger ones are not read: a thumbnail takes some 10 kB, a maker's notes at most megabytes.
  static let byteLimit = 8 << 20
  private static let orientationTag = 0x0112
  private static let shortType = 3

  /// - Returns: nil where the bytes are no TIFF structure.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 8, bytes.count <= Self.byteLimit else { return nil }
    let isBigEndian: Bool
    switch (bytes[0], bytes[1]) {
    case (0x4d, 0x4d): isBigEndian = true
    case (0x49, 0x49): isBigEndian = false
    default: return nil
    }
    self.bytes = bytes
    let reader = ByteReader(bytes: bytes, isBigEndian: isBigEndian)
    guard reader.integer(at: 2, count: 2) == 42, let directory = reader.integer(at: 4, count: 4),
      let count = reader.integer(at: directory, count: 2)
    else { return nil }
    for index in 0..<count {
      let entry = directory + 2 + index * 12
      guard let tag = reader.integer(at: entry, count: 2), let type = reader.integer(at: entry + 2, count: 2),
        let valueCount = reader.integer(at: entry + 4, count: 4), entry + 12 <= bytes.count
      else { return }
      if tag == Self.orientationTag, type == Self.shortType, valueCount == 1,
        let value = reader.integer(at: entry + 8, count: 2), let orientation = Orientation(rawValue: value)
      {
        self.orientation = orientation
        orientationPlace = (entry + 8, isBigEndian)
      }
    }
    let next = directory + 2 + count * 12
    if reader.integer(at: next, count: 4) != nil { nextDirectoryOffset = next }
  }

  /// The block for pixels that have been turned upright and changed: orientation 1, and no thumbnail of what was before.
  func describingUprightPixels() -> [UInt8] {
    var result = bytes
    if let (offset, isBigEndian) = orientationPlace {
      result[offset] = isBigEndian ? 0 : 1
      result[offset + 1] = isBigEndian ? 1 : 0
    }
    if let nextDirectoryOffset {
      for index in 0..<4 { result[nextDirectoryOffset + index] = 0 }
    }
    return result
  }
}

extension ImageMetadata {
  /// For upright pixels, in the colors of the profile that stays.
  package func describingUprightPixels(keepsProfile: Bool) -> ImageMetadata {
    ImageMetadata(
      exif: exif.flatMap { Exif($0)?.describingUprightPixels() }, profile: keepsProfile ? profile : nil,
      density: density)
  }
}
