import Files
import Foundation
import TestSupport
import Testing

@testable import Imaging

@Suite("Reading PNG files")
struct PNGReadingTests {
  struct Expectation: Decodable {
    var width: Int
    var height: Int
    var rgb: String

    var bytes: [UInt8] {
      let digits = rgb.utf8.map { UInt8($0 < 97 ? $0 - 48 : $0 - 87) }
      return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
  }

  @Test("every color type, bit depth, interlacing and color space decodes to the stored pixels")
  func decodesEveryKind() throws {
    let expectations = try Fixture.json("expected.json", as: [String: Expectation].self)
    #expect(expectations.count > 40)
    for (name, expected) in expectations {
      let path = try Fixture.path(name)
      let header = try PNG.header(path)
      #expect(header.width == expected.width && header.height == expected.height, "\(name)")
      #expect(header.isInterlaced == name.contains("adam7"), "\(name)")
      let image = try PNG.read(path)
      #expect(image.width == expected.width && image.height == expected.height, "\(name)")
      #expect(image.pixels == expected.bytes, "\(name)")
    }
  }

  @Test("what is written is read back byte for byte", arguments: [(1, 1), (3, 5), (64, 64), (1, 300), (257, 2)])
  func roundTrips(height: Int, width: Int) throws {
    let folder = try TemporaryFolder()
    let image = noise(height: height, width: width, seed: 3)
    let path = folder.path + "/x.png"
    try PNG.write(image, path)
    #expect(try PNG.read(path) == image)
    #expect(folder.contents() == ["x.png"])
    #expect(try PNG.encode(image) == PNG.encode(image))
    let header = try PNG.header(path)
    #expect(header.color == .rgb && header.bitDepth == 8)
  }

  @Test("missing, empty, folder, pipe, unreadable: each is said as such")
  func refusesWhatIsNoFile() throws {
    let folder = try TemporaryFolder()
    let missing = folder.path + "/none.png"
    #expect(
      thrown { () throws(ImagingError) in _ = try PNG.read(missing) }
        == .file(FileError(missing, .open, .system(ENOENT))))
    let empty = try folder.file("empty.png", [])
    #expect(thrown { () throws(ImagingError) in _ = try PNG.read(empty) } == .empty(path: empty))
    let path = folder.path
    #expect(thrown { () throws(ImagingError) in _ = try PNG.read(path) } == .file(FileError(path, .open, .isFolder)))
    #expect(
      thrown { () throws(ImagingError) in _ = try PNG.read("/dev/null") }
        == .file(FileError("/dev/null", .open, .isNotRegular)))
    let below = empty + "/x.png"
    #expect(
      thrown { () throws(ImagingError) in _ = try PNG.read(below) } == .file(FileError(below, .open, .system(ENOTDIR))))
  }

  @Test("every truncation of a file is refused in one line")
  func refusesTruncation() throws {
    for name in ["rgb8.png", "rgba8-adam7.png", "palette4-trns.png", "gray16.png"] {
      let bytes = try Fixture.bytes(name)
      for count in 0..<bytes.count {
        let error = try #require(
          thrown { () throws(ImagingError) in _ = try PNG.decode(Array(bytes[..<count]), path: name) })
        #expect(error.description.hasPrefix(name + ": "), "cut at \(count)")
        #expect(!error.description.contains("\n"))
      }
    }
  }

  @Test("headers that ask for too much are refused before anything is allocated")
  func refusesHugeSizes() throws {
    func file(_ width: UInt32, _ height: UInt32, bits: UInt8 = 8, color: UInt8 = 2, interlace: UInt8 = 0)
      -> [UInt8]
    {
      func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
      // Not a chain of `+`: Swift 6.0 takes minutes to type-check it.
      let parts: [[UInt8]] = [
        PNGChunk.signature, big(13), Array("IHDR".utf8), big(width), big(height), [bits, color, 0, 0, interlace],
        big(0),
      ]
      return Array(parts.joined())
    }
    func message(_ bytes: [UInt8]) -> String {
      thrown { () throws(ImagingError) in _ = try PNG.decode(bytes, path: "x.png") }?.description ?? ""
    }
    #expect(
      message(file(1_000_001, 1)).contains("1000001×1 pixels; at most 500 million are read, and 1000000 per side"))
    #expect(message(file(0x7FFF_FFFF, 0x7FFF_FFFF)).contains("at most 500 million"))
    #expect(message(file(0x8000_0000, 1)).contains("offset 16"))
    #expect(message(file(0, 5)).contains("offset 16"))
    #expect(message(file(5, 5, bits: 3)).contains("expected one of 8, 16"))
    #expect(message(file(5, 5, color: 5)).contains("color type 5"))
    #expect(message(file(5, 5, interlace: 2)).contains("interlace method 2"))
    #expect(message(file(9_000, 9_000)).contains("cannot hold"))
    #expect(message(file(5, 5)).contains("libpng says"))
    let small = ImageLimits(pixelCount: 100)
    let path = try Fixture.path("rgb8.png")
    #expect(
      thrown { () throws(ImagingError) in _ = try PNG.read(path, limits: small) }
        == .tooManyPixels(path: path, width: 13, height: 9, limit: 100))
  }

  @Test("a signature spoilt by a text-mode transfer is recognised")
  func recognizesTextMode() throws {
    var bytes = try Fixture.bytes("rgb8.png")
    bytes.remove(at: 4)
    let error = thrown { () throws(ImagingError) in _ = try PNG.decode(bytes, path: "x.png") }
    #expect(error?.description.contains("text mode") == true)
  }

  @Test("seeded mutations never crash, and every refusal names the file", .timeLimit(.minutes(20)))
  func survivesMutation() throws {
    let names = [
      "rgb8.png", "rgba16-adam7.png", "palette1-trns-adam7.png", "palette8-trns.png", "gray2.png",
      "rgb16-gamma-linear.png", "grayalpha16.png", "rgb8-split.png",
    ]
    var generator = SeededRandom(2020)
    let clock = ContinuousClock()
    let end = clock.now + .seconds(3)
    var refused = 0
    var round = 0
    // A fixed number of rounds, so that a slow machine tries the same inputs; the clock is only a safety net.
    while round < 4000 && clock.now < end {
      round += 1
      let name = names[round % names.count]
      var bytes = try Fixture.bytes(name)
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 2: bytes.remove(at: place)
        default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        }
      }
      // Half of the time the checksums are made right again, so that the damage gets past them.
      if Bool.random(using: &generator) { Self.repairChecksums(&bytes) }
      do throws(ImagingError) {
        _ = try PNG.decode(bytes, path: "mutated.png", limits: ImageLimits(pixelCount: 1 << 20, byteCount: 32 << 20))
      } catch {
        refused += 1
        #expect(error.description.hasPrefix("mutated.png: "))
      }
    }
    #expect(refused > round / 4)
  }

  /// Writes a file of any name.
  private static func repairChecksums(_ bytes: inout [UInt8]) {
    var offset = 8
    while offset + 12 <= bytes.count {
      let length = bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
      let end = offset + 8 + length
      guard end + 4 <= bytes.count else { return }
      var crc: UInt32 = 0xFFFF_FFFF
      for byte in bytes[(offset + 4)..<end] {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
      }
      crc = ~crc
      for index in 0..<4 { bytes[end + index] = UInt8(truncatingIfNeeded: crc >> (24 - 8 * UInt32(index))) }
      offset = end + 4
    }
  }
}
