import Imaging
import Testing

@Suite("Animated GIF")
struct AnimatedGIFTests {
  /// The indices of a frame's compressed data: GIF89a, appendix F, read independently of what writes it.
  private func decoded(_ bytes: ArraySlice<UInt8>) throws -> (indices: [UInt8], end: Int) {
    let base = Int(bytes[bytes.startIndex])
    var place = bytes.startIndex + 1
    var packed: [UInt8] = []
    while bytes[place] != 0 {
      packed += bytes[place + 1...place + Int(bytes[place])]
      place += 1 + Int(bytes[place])
    }
    var position = 0
    func read(_ size: Int) -> Int {
      defer { position += size }
      return (0..<size).reduce(0) { $0 | Int(packed[(position + $1) / 8] >> UInt8((position + $1) % 8) & 1) << $1 }
    }
    var size = base + 1
    var table: [[UInt8]] = []
    var last: [UInt8]?
    var result: [UInt8] = []
    while true {
      let code = read(size)
      if code == 1 << base {
        table = (0..<1 << base).map { [UInt8($0)] } + [[], []]
        size = base + 1
        last = nil
        continue
      }
      if code == 1 << base + 1 { return (result, place + 1) }
      let entry = try code < table.count ? table[code] : #require(last) + [#require(last)[0]]
      result += entry
      if let last, table.count < 4096 { table.append(last + [entry[0]]) }
      last = entry
      if table.count == 1 << size, size < 12 { size += 1 }
    }
  }

  private func picture(_ height: Int, _ width: Int, _ color: (Int, Int) -> [UInt8]) -> Image8 {
    Image8(height: height, width: width, pixels: (0..<height).flatMap { y in (0..<width).flatMap { color(y, $0) } })
  }

  /// Frames as a reader shows them.
  private func frames(_ bytes: [UInt8], pixelCount: Int) throws -> [[UInt8]] {
    #expect(bytes.starts(with: Array("GIF89a".utf8)) && bytes.last == 0x3b)
    var place = 13 + 19
    var result: [[UInt8]] = []
    while bytes[place] == 0x21 {
      place += 8 + 10
      let palette = Array(bytes[place..<place + 768])
      let (indices, end) = try decoded(bytes[(place + 768)...])
      #expect(indices.count == pixelCount)
      result.append(indices.flatMap { palette[3 * Int($0)..<3 * Int($0) + 3] })
      place = end
    }
    #expect(place == bytes.count - 1)
    return result
  }

  @Test("few colors come back exactly, frame by frame")
  func exact() throws {
    let colors: [[UInt8]] = [[255, 0, 0], [0, 128, 64], [8, 16, 248], [255, 255, 255]]
    let pictures = (0..<3).map { frame in picture(17, 23) { y, x in colors[(x / 3 + y / 2 + frame) % 4] } }
    var film = AnimatedGIF(height: 17, width: 23, framesPerSecond: 10)
    for picture in pictures { film.append(picture) }
    let shown = try frames(film.bytes, pixelCount: 17 * 23)
    #expect(shown == pictures.map(\.pixels))
  }

  @Test("many colors come back nearly, through tables that fill up and begin anew", arguments: [1, 64, 300])
  func many(side: Int) throws {
    var state: UInt64 = 7
    let noisy = picture(side, side) { y, x in
      state = state &* 6_364_136_223_846_793_005 &+ 1
      return [UInt8(y * 255 / max(1, side)), UInt8(x * 255 / max(1, side)), UInt8(state >> 60)]
    }
    var film = AnimatedGIF(height: side, width: side, framesPerSecond: 8)
    film.append(noisy)
    let shown = try frames(film.bytes, pixelCount: side * side)[0]
    let error = zip(shown, noisy.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    #expect(Double(error) / Double(shown.count) < 8)
  }
}
