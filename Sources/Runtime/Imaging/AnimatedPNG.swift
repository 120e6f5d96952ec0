/// A film of pictures of one size as an animated PNG (APNG, part of PNG since its third edition, W3C 2025): viewers that know
/// only PNG show the first picture.
///
/// Frames are encoded as they come and only their compressed bytes are kept. Lossless, whole frames, in an endless loop.
package struct AnimatedPNG: Sendable {
  package let height: Int
  package let width: Int
  package private(set) var frameCount = 0
  private let framesPerSecond: Int
  /// Chunks up to the first frame's, and all after them.
  private var head: [UInt8] = []
  private var frames: [UInt8] = []
  /// Number of the next chunk of the animation.
  private var sequence: UInt32 = 0

  private static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  /// - Precondition: 1 to 1000 frames per second; the sides are positive.
  package init(height: Int, width: Int, framesPerSecond: Int) {
    precondition(height > 0 && width > 0 && (1...1000).contains(framesPerSecond))
    self.height = height
    self.width = width
    self.framesPerSecond = framesPerSecond
  }

  /// Adds a frame.
  ///
  /// - Precondition: the picture has the film's size.
  package mutating func append(_ picture: Image8) throws(ImagingError) {
    precondition(picture.height == height && picture.width == width, "AnimatedPNG: a frame of another size")
    let chunks = Self.chunks(try PNG.encode(picture))
    let isFirst = frameCount == 0
    // What stands before the pixels (size, colour space) is the same for all frames.
    if isFirst {
      for chunk in chunks.prefix(while: { $0.type != "IDAT" }) { Self.append(chunk.type, chunk.data, to: &head) }
    }
    appendControl()
    for chunk in chunks where chunk.type == "IDAT" {
      if isFirst {
        Self.append("IDAT", chunk.data, to: &frames)
      } else {
        Self.append("fdAT", bigEndian(nextSequence()) + chunk.data, to: &frames)
      }
    }
    frameCount += 1
  }

  /// The bytes of the file.
  ///
  /// - Precondition: there is a frame.
  package var bytes: [UInt8] {
    precondition(frameCount > 0, "AnimatedPNG: no frame")
    var result = Self.signature + head
    // 0: the loop has no end.
    Self.append("acTL", bigEndian(UInt32(frameCount)) + bigEndian(0), to: &result)
    result += frames
    Self.append("IEND", [], to: &result)
    return result
  }

  /// Writes the file, whole or not at all.
  package func write(to path: String) throws(ImagingError) { try AtomicFile.write(bytes, to: path) }

  /// `fcTL`: size and place of the next frame, how long it is shown, that it replaces all of the one before.
  private mutating func appendControl() {
    var data = bigEndian(nextSequence())
    for value in [width, height, 0, 0] { data += bigEndian(UInt32(value)) }
    data += [0, 1, UInt8(framesPerSecond >> 8), UInt8(framesPerSecond & 0xff)]
    data += [0, 0]
    Self.append("fcTL", data, to: &frames)
  }

  private mutating func nextSequence() -> UInt32 {
    defer { sequence += 1 }
    return sequence
  }

  private func bigEndian(_ value: UInt32) -> [UInt8] { Self.bigEndian(value) }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    [UInt8(value >> 24), UInt8(value >> 16 & 0xff), UInt8(value >> 8 & 0xff), UInt8(value & 0xff)]
  }

  /// The chunks of a file that `PNG.encode` has made.
  private static func chunks(_ file: [UInt8]) -> [(type: String, data: ArraySlice<UInt8>)] {
    var chunks: [(type: String, data: ArraySlice<UInt8>)] = []
    var offset = signature.count
    while offset + 12 <= file.count {
      let length = file[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
      let type = String(decoding: file[offset + 4..<offset + 8], as: UTF8.self)
      chunks.append((type, file[offset + 8..<offset + 8 + length]))
      offset += 12 + length
    }
    return chunks
  }

  /// Length, type, data, and the checksum of type and data.
  private static func append(_ type: String, _ data: some Collection<UInt8>, to bytes: inout [UInt8]) {
    bytes += bigEndian(UInt32(data.count))
    let start = bytes.count
    bytes += type.utf8
    bytes += data
    bytes += bigEndian(checksum(bytes[start...]))
  }

  /// CRC-32 (ISO 3309), as PNG has it.
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
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
