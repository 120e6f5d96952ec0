import Imaging
import Testing

/// Animated PNG files, taken apart again.
@Suite struct AnimatedPNGTests {
  private struct Chunk {
    var type: String
    var data: [UInt8]
    var checksum: UInt32
  }

  private func number(_ bytes: some Sequence<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

  private func chunks(_ file: [UInt8]) throws -> [Chunk] {
    #expect(Array(file.prefix(8)) == [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    var chunks: [Chunk] = []
    var offset = 8
    while offset < file.count {
      try #require(offset + 12 <= file.count)
      let length = number(file[offset..<offset + 4])
      try #require(offset + 12 + length <= file.count)
      chunks.append(
        Chunk(
          type: String(decoding: file[offset + 4..<offset + 8], as: UTF8.self),
          data: Array(file[offset + 8..<offset + 8 + length]),
          checksum: UInt32(number(file[offset + 8 + length..<offset + 12 + length]))))
      offset += 12 + length
    }
    return chunks
  }

  /// CRC-32 bit by bit: another way than the writer's.
  private func checksum(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = .max
    for byte in bytes {
      for bit in 0..<8 {
        let isOdd = (crc ^ UInt32(byte) >> UInt32(bit)) & 1 == 1
        crc = crc >> 1 ^ (isOdd ? 0xedb8_8320 : 0)
      }
    }
    return ~crc
  }

  /// An ordinary PNG file of one frame's chunks.
  private func file(_ head: [Chunk], _ data: [[UInt8]]) -> [UInt8] {
    func bytes(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> UInt32(24 - 8 * $0) & 0xff) } }
    var file: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    for (type, data) in head.map({ ($0.type, $0.data) }) + data.map({ ("IDAT", $0) }) + [("IEND", [])] {
      let content = Array(type.utf8) + data
      file += bytes(UInt32(data.count))
      file += content
      file += bytes(checksum(content))
    }
    return file
  }

  static func frame(_ index: Int) -> Image8 {
    var picture = Image8(height: 9, width: 14, color: RGB8(gray: UInt8(20 * index)))
    for place in 0..<9 {
      picture[place, (place + index) % 14] = RGB8(red: UInt8(28 * place), green: 3, blue: UInt8(index))
    }
    return picture
  }

  @Test(arguments: [1, 2, 12]) func everyFrameIsThereAgain(count: Int) throws {
    var film = AnimatedPNG(height: 9, width: 14, framesPerSecond: 12)
    for index in 0..<count { try film.append(Self.frame(index)) }
    #expect(film.frameCount == count)
    let chunks = try chunks(film.bytes)
    for chunk in chunks { #expect(chunk.checksum == checksum(Array(chunk.type.utf8) + chunk.data), "\(chunk.type)") }
    let start = try #require(chunks.firstIndex { $0.type == "fcTL" })
    let head = chunks[..<start].filter { $0.type != "acTL" }
    let control = try #require(chunks.first { $0.type == "acTL" })
    #expect(number(control.data[..<4]) == count && number(control.data[4...]) == 0)
    #expect(chunks[0].type == "IHDR" && chunks.last?.type == "IEND")

    // Chunks of the animation are numbered without a gap; each frame begins with its control chunk.
    var sequence = 0
    var frames: [[[UInt8]]] = []
    for chunk in chunks[start...].dropLast() {
      if chunk.type != "IDAT" {
        #expect(number(chunk.data[..<4]) == sequence)
        sequence += 1
      }
      switch chunk.type {
      case "fcTL":
        frames.append([])
        #expect(chunk.data.count == 26)
        #expect(number(chunk.data[4..<8]) == 14 && number(chunk.data[8..<12]) == 9)
        #expect(number(chunk.data[20..<22]) == 1 && number(chunk.data[22..<24]) == 12)
      case "IDAT":
        #expect(frames.count == 1)
        frames[0].append(chunk.data)
      case "fdAT":
        #expect(frames.count > 1)
        frames[frames.count - 1].append(Array(chunk.data[4...]))
      default: Issue.record("\(chunk.type) among the frames")
      }
    }
    #expect(frames.count == count)
    for (index, data) in frames.enumerated() {
      #expect(try PNG.decode(file(Array(head), data), path: "frame") == Self.frame(index), "frame \(index)")
    }
    // A reader of plain PNG sees the first frame.
    #expect(try PNG.decode(film.bytes, path: "film") == Self.frame(0))
  }
}
