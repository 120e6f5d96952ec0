/// A film of pictures of one size as an animated GIF (CompuServe GIF89a): what mail, chats and slides show that know no APNG.
///
/// Each frame has its own 256 colors, by median cut (Heckbert, SIGGRAPH 1982), and no dithering, which would flicker.
package struct AnimatedGIF: Sendable {
  package let height: Int
  package let width: Int
  package private(set) var frameCount = 0
  /// Hundredths of a second that a frame is shown.
  private let delay: Int
  private var frames: [UInt8] = []

  /// - Precondition: 1 to 65535 pixels each side; 1 to 1000 frames per second. Viewers show at most 50 of them.
  package init(height: Int, width: Int, framesPerSecond: Int) {
    precondition((1...0xffff).contains(height) && (1...0xffff).contains(width) && (1...1000).contains(framesPerSecond))
    self.height = height
    self.width = width
    delay = max(2, (100 + framesPerSecond / 2) / framesPerSecond)
  }

  /// Adds a frame.
  ///
  /// - Precondition: the picture has the film's size.
  package mutating func append(_ picture: Image8) {
    precondition(picture.height == height && picture.width == width, "AnimatedGIF: a frame of another size")
    let palette = ColorPalette(picture)
    // Graphic control: the frame stays until the next one replaces it.
    frames += [0x21, 0xf9, 4, 0x04] + Self.word(delay) + [0, 0]
    frames += [0x2c, 0, 0, 0, 0] + Self.word(width) + Self.word(height) + [0x87]
    frames += palette.bytes
    frames += LZW.encoded(palette.indices(of: picture))
    frameCount += 1
  }

  /// The bytes of the file.
  ///
  /// - Precondition: there is a frame.
  package var bytes: [UInt8] {
    precondition(frameCount > 0, "AnimatedGIF: no frame")
    var result = Array("GIF89a".utf8) + Self.word(width) + Self.word(height) + [0x70, 0, 0]
    // Netscape's extension: the loop has no end.
    result += [0x21, 0xff, 11] + Array("NETSCAPE2.0".utf8) + [3, 1, 0, 0, 0]
    return result + frames + [0x3b]
  }

  private static func word(_ value: Int) -> [UInt8] { [UInt8(value & 0xff), UInt8(value >> 8)] }
}

/// 256 colors that stand for those of a picture, and which of them each pixel gets. Colors are told apart by 5 bits a channel.
private struct ColorPalette {
  /// 256 times red, green, blue.
  let bytes: [UInt8]
  /// By 15-bit color.
  private var indexOfColor = [UInt8](repeating: 0, count: 1 << 15)

  private static func key(_ pixels: [UInt8], _ place: Int) -> Int {
    Int(pixels[place] >> 3) << 10 | Int(pixels[place + 1] >> 3) << 5 | Int(pixels[place + 2] >> 3)
  }

  /// Colors with how often they occur.
  private struct Box {
    var colors: [(key: Int, count: Int)]
    /// The widest channel, by the place of its bits, and how wide it is.
    let widest: (shift: Int, width: Int)
    let weight: Int

    init(_ colors: [(key: Int, count: Int)]) {
      self.colors = colors
      weight = colors.reduce(0) { $0 + $1.count }
      var widest = (shift: 10, width: -1)
      for shift in [10, 5, 0] {
        let values = colors.map { $0.key >> shift & 31 }
        let width = (values.max() ?? 0) - (values.min() ?? 0)
        if width > widest.width { widest = (shift, width) }
      }
      self.widest = widest
    }

    var canBeCut: Bool { colors.count > 1 }

    /// Two boxes with about half of the pixels each.
    func cut() -> (Box, Box) {
      let sorted = colors.sorted { ($0.key >> widest.shift & 31, $0.key) < ($1.key >> widest.shift & 31, $1.key) }
      var sum = 0
      var place = 0
      while place < sorted.count - 1 {
        sum += sorted[place].count
        place += 1
        if 2 * sum >= weight { break }
      }
      return (Box(Array(sorted[..<place])), Box(Array(sorted[place...])))
    }
  }

  init(_ picture: Image8) {
    var counts = [Int](repeating: 0, count: 1 << 15)
    var sums = [SIMD3<Int>](repeating: .zero, count: 1 << 15)
    let pixels = picture.pixels
    for place in stride(from: 0, to: pixels.count, by: 3) {
      let key = Self.key(pixels, place)
      counts[key] += 1
      sums[key] &+= SIMD3(Int(pixels[place]), Int(pixels[place + 1]), Int(pixels[place + 2]))
    }
    var boxes = [Box(counts.indices.filter { counts[$0] > 0 }.map { (key: $0, count: counts[$0]) })]
    while boxes.count < 256 {
      // The box with the most pixels in the widest range: large and varied areas get the colors.
      let next = boxes.indices.filter { boxes[$0].canBeCut }
        .max { boxes[$0].weight * boxes[$0].widest.width < boxes[$1].weight * boxes[$1].widest.width }
      guard let next else { break }
      let (first, second) = boxes[next].cut()
      boxes[next] = first
      boxes.append(second)
    }
    var bytes = [UInt8](repeating: 0, count: 3 * 256)
    for (index, box) in boxes.enumerated() {
      var sum = SIMD3<Int>.zero
      for (key, _) in box.colors {
        sum &+= sums[key]
        indexOfColor[key] = UInt8(index)
      }
      for channel in 0..<3 { bytes[3 * index + channel] = UInt8((sum[channel] + box.weight / 2) / max(1, box.weight)) }
    }
    self.bytes = bytes
  }

  func indices(of picture: Image8) -> [UInt8] {
    stride(from: 0, to: picture.pixels.count, by: 3).map { indexOfColor[Self.key(picture.pixels, $0)] }
  }
}

/// GIF's compression of 8-bit indices (Welch, IEEE Computer 1984; GIF89a, appendix F).
private enum LZW {
  private static let clear = 256, end = 257, limit = 4096

  /// Code size, sub-blocks and terminator.
  static func encoded(_ indices: [UInt8]) -> [UInt8] {
    var packed: [UInt8] = []
    var bits = 0
    var bitCount = 0
    var size = 9
    func put(_ code: Int) {
      bits |= code << bitCount
      bitCount += size
      while bitCount >= 8 {
        packed.append(UInt8(bits & 0xff))
        bits >>= 8
        bitCount -= 8
      }
    }
    /// The code of a known string and one more index.
    var codes: [Int: Int] = [:]
    var next = end + 1
    put(clear)
    var prefix = -1
    for index in indices {
      guard prefix >= 0 else {
        prefix = Int(index)
        continue
      }
      let key = prefix << 8 | Int(index)
      if let code = codes[key] {
        prefix = code
        continue
      }
      put(prefix)
      if next < limit {
        codes[key] = next
        next += 1
        if next > 1 << size, size < 12 { size += 1 }
      } else {
        put(clear)
        codes.removeAll(keepingCapacity: true)
        next = end + 1
        size = 9
      }
      prefix = Int(index)
    }
    if prefix >= 0 { put(prefix) }
    // A reader has by now one string more.
    if next < limit, next + 1 > 1 << size, size < 12 { size += 1 }
    put(end)
    if bitCount > 0 { packed.append(UInt8(bits & 0xff)) }
    var result: [UInt8] = [8]
    for start in stride(from: 0, to: packed.count, by: 255) {
      let block = packed[start..<min(start + 255, packed.count)]
      result.append(UInt8(block.count))
      result += block
    }
    return result + [0]
  }
}
