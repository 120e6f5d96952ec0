/// What stands before the pixels of a JPEG file (ITU-T T.81, annex B; JFIF 1.02; EXIF 2.32; ICC.1, annex B.4).
///
/// Segments are walked by their lengths; nothing of the file is believed before it is checked.
struct JPEGMarkers {
  private(set) var width = 0
  private(set) var height = 0
  private(set) var componentCount = 0
  /// Whether decoding goes over all coefficients several times: progressive files, and those with a scan for each component.
  private(set) var hasSeveralScans = false
  /// Samples of all components for each pixel: 3, or 1.5 of the usual 4:2:0.
  private(set) var samplesPerPixel = 3.0
  /// Whether Adobe's marker says that inks are stored inverted.
  private(set) var hasAdobeMarker = false
  private(set) var exif: Exif?
  private(set) var profile: [UInt8]?
  private(set) var density: ImageMetadata.Density?
  private(set) var remarks: [String] = []

  private let path: String
  private var profilePieces: [Int: [UInt8]] = [:]
  private var profilePieceCount = 0
  private var hasFrame = false

  /// Files of telephones have some 30 segments; those with depth maps and previews some hundreds.
  private static let segmentLimit = 10_000

  init(_ source: ImageSource) throws(ImagingError) {
    path = source.path
    var offset = 2
    for _ in 0..<Self.segmentLimit {
      let (marker, place) = try Self.marker(in: source, from: offset)
      // Start of scan, or the end: pixels begin.
      if marker == 0xDA || marker == 0xD9 {
        let scanned = try source.read(at: place + 2, count: 1).first.map { Int($0) } ?? 0
        if marker == 0xDA, scanned < componentCount { hasSeveralScans = true }
        break
      }
      if marker == 0x01 || (0xD0...0xD8).contains(marker) {
        offset = place
        continue
      }
      let head = ByteReader(bytes: try source.read(at: place, count: 2))
      guard let length = head.integer(at: 0, count: 2), length >= 2, place + length <= source.byteCount else {
        throw .damaged(path: path, format: "JPEG", reason: "it ends within a segment (offset \(place))")
      }
      try take(marker, source, at: place + 2, count: length - 2)
      offset = place + length
    }
    guard hasFrame else {
      throw .damaged(path: path, format: "JPEG", reason: "it has no frame header before its pixels")
    }
    joinProfile()
  }

  /// The next marker at or after an offset, and where its segment begins. Bytes between segments are passed over, as all
  /// decoders do: some writers pad.
  private static func marker(in source: ImageSource, from start: Int) throws(ImagingError) -> (UInt8, Int) {
    var offset = start
    while offset < source.byteCount {
      let bytes = try source.read(at: offset, count: 4096)
      for index in bytes.indices.dropLast()
      where bytes[index] == 0xFF && bytes[index + 1] != 0xFF && bytes[index + 1] != 0 {
        return (bytes[index + 1], offset + index + 2)
      }
      guard bytes.count > 1 else { break }
      offset += bytes.count - 1
    }
    throw .damaged(
      path: source.path, format: "JPEG", reason: "it ends after \(source.byteCount) bytes, before its pixels")
  }

  private mutating func take(_ marker: UInt8, _ source: ImageSource, at offset: Int, count: Int) throws(ImagingError) {
    switch marker {
    // Start of frame, of any kind; C4, C8 and CC are tables.
    case 0xC0...0xCF where marker != 0xC4 && marker != 0xC8 && marker != 0xCC:
      try takeFrame(marker, ByteReader(bytes: try source.read(at: offset, count: count)))
    case 0xE0, 0xE1, 0xE2, 0xEE: takeApplication(marker, try source.read(at: offset, count: count))
    default: break
    }
  }

  private mutating func takeFrame(_ marker: UInt8, _ frame: ByteReader) throws(ImagingError) {
    guard !hasFrame else { return }
    func unsupported(_ kind: String) -> ImagingError { .unsupportedKind(path: path, format: "JPEG", kind: kind) }
    switch marker {
    case 0xC0, 0xC1, 0xC9: break
    case 0xC2, 0xCA: hasSeveralScans = true
    case 0xC3, 0xCB: throw unsupported("lossless JPEG")
    default: throw unsupported("hierarchical JPEG")
    }
    guard let precision = frame.integer(at: 0, count: 1), let height = frame.integer(at: 1, count: 2),
      let width = frame.integer(at: 3, count: 2), let count = frame.integer(at: 5, count: 1),
      frame.bytes.count >= 6 + 3 * count
    else { throw .damaged(path: path, format: "JPEG", reason: "its frame header is cut short") }
    guard precision == 8 else { throw unsupported("JPEG of \(precision) bits a sample") }
    guard width > 0, height > 0 else {
      throw .damaged(
        path: path, format: "JPEG", reason: "its header states \(width)×\(height) pixels; expected 1 to 65535")
    }
    guard [1, 3, 4].contains(count) else { throw unsupported("JPEG of \(count) components") }
    var factors: [(h: Int, v: Int)] = []
    for index in 0..<count {
      let byte = Int(frame.bytes[7 + 3 * index])
      factors.append((byte >> 4, byte & 15))
    }
    guard factors.allSatisfy({ (1...4).contains($0.h) && (1...4).contains($0.v) }) else {
      throw .damaged(path: path, format: "JPEG", reason: "its header states sampling factors beyond 1 to 4")
    }
    let largest = (factors.map { $0.h }.max() ?? 1) * (factors.map { $0.v }.max() ?? 1)
    samplesPerPixel = Double(factors.reduce(0) { $0 + $1.h * $1.v }) / Double(largest)
    (self.width, self.height, componentCount) = (width, height, count)
    hasFrame = true
  }

  private mutating func takeApplication(_ marker: UInt8, _ data: [UInt8]) {
    func has(_ name: String) -> Bool { data.starts(with: Array(name.utf8) + [0]) }
    switch marker {
    case 0xE0 where has("JFIF") && density == nil && data.count >= 12:
      let reader = ByteReader(bytes: data)
      if let unit = ImageMetadata.Density.Unit(rawValue: data[7]), let x = reader.integer(at: 8, count: 2),
        let y = reader.integer(at: 10, count: 2)
      {
        density = .init(unit: unit, x: x, y: y)
      }
    case 0xE1 where has("Exif") && exif == nil && data.count > 6:
      exif = Exif(Array(data[6...]))
      if exif == nil { remarks.append("its EXIF data are damaged, and ignored") }
    case 0xE2 where has("ICC_PROFILE") && data.count > 14:
      let (number, count) = (Int(data[12]), Int(data[13]))
      guard number >= 1, number <= count, profilePieceCount == 0 || profilePieceCount == count,
        profilePieces[number] == nil
      else { return }
      profilePieceCount = count
      profilePieces[number] = Array(data[14...])
    case 0xEE where data.starts(with: "Adobe".utf8) && data.count >= 12: hasAdobeMarker = true
    default: break
    }
  }

  private mutating func joinProfile() {
    guard profilePieceCount > 0 else { return }
    guard profilePieces.count == profilePieceCount else {
      remarks.append("its color profile is incomplete, and ignored")
      return
    }
    profile = (1...profilePieceCount).flatMap { profilePieces[$0] ?? [] }
  }
}
