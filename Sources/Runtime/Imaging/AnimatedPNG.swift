import Files

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
    let chunks = PNGChunk.all(of: try PNG.encode(picture))
    let isFirst = frameCount == 0
    // What stands before the pixels (size, color space) is the same for all frames.
    if isFirst {
      for chunk in chunks.prefix(while: { $0.type != "IDAT" }) { chunk.append(to: &head) }
    }
    appendControl()
    for chunk in chunks where chunk.type == "IDAT" {
      if isFirst {
        PNGChunk.append("IDAT", chunk.data, to: &frames)
      } else {
        PNGChunk.append("fdAT", bigEndian(nextSequence()) + chunk.data, to: &frames)
      }
    }
    frameCount += 1
  }

  /// The bytes of the file.
  ///
  /// - Precondition: there is a frame.
  package var bytes: [UInt8] {
    precondition(frameCount > 0, "AnimatedPNG: no frame")
    var result = PNGChunk.signature + head
    // 0: the loop has no end.
    PNGChunk.append("acTL", bigEndian(UInt32(frameCount)) + bigEndian(0), to: &result)
    result += frames
    PNGChunk.append("IEND", [], to: &result)
    return result
  }

  /// Writes the file, whole or not at all.
  package func write(to path: String) throws(ImagingError) {
    try ImagingError.files { () throws(FileError) in try AtomicFile.write(bytes, to: path) }
  }

  /// `fcTL`: size and place of the next frame, how long it is shown, that it replaces all of the one before.
  private mutating func appendControl() {
    var data = bigEndian(nextSequence())
    for value in [width, height, 0, 0] { data += bigEndian(UInt32(value)) }
    data += [0, 1, UInt8(framesPerSecond >> 8), UInt8(framesPerSecond & 0xff)]
    data += [0, 0]
    PNGChunk.append("fcTL", data, to: &frames)
  }

  private mutating func nextSequence() -> UInt32 {
    defer { sequence += 1 }
    return sequence
  }

  private func bigEndian(_ value: UInt32) -> [UInt8] { PNGChunk.bigEndian(value) }
}
