/// One piece of a PNG file: length, type, data, and the checksum of type and data.
struct PNGChunk {
  var type: String
  var data: [UInt8]

  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// The chunks of a whole file in memory; stops at what is no chunk.
  static func all(of file: [UInt8]) -> [PNGChunk] {
    var chunks: [PNGChunk] = []
    var offset = signature.count
    while offset + 12 <= file.count {
      let length = file[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= file.count - offset - 12 else { return chunks }
      let type = String(decoding: file[offset + 4..<offset + 8], as: UTF8.self)
      chunks.append(PNGChunk(type: type, data: Array(file[offset + 8..<offset + 8 + length])))
      offset += 12 + length
    }
    return chunks
  }

  /// The first of each type in `types`, with a right checksum and at most `byteLimit` bytes, wherever it stands in the file.
  /// Their data alone is read.
  static func find(
    _ types: Set<String>, in source: ImageSource, byteLimit: Int
  ) throws(ImagingError) -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    var offset = signature.count
    // Each IDAT may be as short as its writer likes.
    for _ in 0..<chunkLimit {
      let head = try source.read(at: offset, count: 8)
      guard head.count == 8 else { break }
      let length = head[..<4].reduce(0) { $0 << 8 | Int($1) }
      let type = String(decoding: head[4...], as: UTF8.self)
      if types.contains(type), found[type] == nil, length <= byteLimit {
        let bytes = try source.read(at: offset + 4, count: 8 + length)
        guard bytes.count == 8 + length else { break }
        let stated = bytes[(4 + length)...].reduce(0) { $0 << 8 | UInt32($1) }
        if checksum(bytes[..<(4 + length)]) == stated { found[type] = Array(bytes[4..<4 + length]) }
      }
      offset += 12 + length
    }
    return found
  }

  private static let chunkLimit = 1 << 16

  func append(to bytes: inout [UInt8]) { Self.append(type, data, to: &bytes) }

  static func append(_ type: String, _ data: some Collection<UInt8>, to bytes: inout [UInt8]) {
    bytes += bigEndian(UInt32(data.count))
    let start = bytes.count
    bytes += type.utf8
    bytes += data
    bytes += bigEndian(checksum(bytes[start...]))
  }

  static func bigEndian(_ value: UInt32) -> [UInt8] {
    [UInt8(value >> 24), UInt8(value >> 16 & 0xff), UInt8(value >> 8 & 0xff), UInt8(value & 0xff)]
  }

  /// CRC-32 (ISO 3309), as PNG has it.
  static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes { crc = table[Int((crc ^ UInt32(byte)) & 0xff)] ^ crc >> 8 }
    return crc ^ 0xffff_ffff
  }

  private static let table: [UInt32] = (0..<256).map { index in
    var value = UInt32(index)
    for _ in 0..<8 { value = value & 1 == 1 ? 0xedb8_8320 ^ value >> 1 : value >> 1 }
    return value
  }
}
