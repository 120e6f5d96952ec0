import Foundation
import TestSupport
import Testing

@testable import Imaging

@Suite("Pictures that are damaged, disguised or too large")
struct HostilePictureTests {
  private func refusal(_ bytes: [UInt8], limits: ImageLimits = ImageLimits()) -> String {
    let error = thrown { () throws(ImagingError) in
      _ = try PictureFile(ImageSource(bytes, path: "x"), limits: limits).upright()
    }
    return error?.description ?? ""
  }

  /// A JPEG of markers alone: frame header, then scan.
  private func jpeg(
    marker: UInt8 = 0xC0, precision: UInt8 = 8, width: Int = 16, height: Int = 16,
    components: [UInt8] = [0x11, 0x11, 0x11],
    before: [UInt8] = []
  ) -> [UInt8] {
    var frame: [UInt8] = [precision, UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255)]
    frame.append(UInt8(components.count))
    for (index, factors) in components.enumerated() { frame += [UInt8(index + 1), factors, 0] }
    var bytes: [UInt8] = [0xFF, 0xD8]
    bytes += before
    bytes += [0xFF, marker, 0, UInt8(frame.count + 2)]
    bytes += frame
    bytes += [0xFF, 0xDA, 0, 2, 0xFF, 0xD9]
    return bytes
  }

  @Test("each rule of JPEG's markers has a file that breaks it")
  func markers() {
    #expect(refusal([0xFF, 0xD8, 0xFF]).contains("ends after 3 bytes"))
    #expect(refusal([0xFF, 0xD8, 0xFF, 0xE0, 0]).contains("within a segment"))
    #expect(refusal([0xFF, 0xD8, 0xFF, 0xE0, 0, 1, 0]).contains("within a segment"))
    #expect(refusal([0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xFF, 0]).contains("within a segment"))
    #expect(refusal([0xFF, 0xD8, 0xFF, 0xDA, 0, 2]).contains("no frame header"))
    #expect(refusal([0xFF, 0xD8, 0xFF, 0xC0, 0, 4, 8, 0]).contains("cut short"))
    #expect(refusal(jpeg(precision: 12)).contains("12 bits a sample"))
    #expect(refusal(jpeg(marker: 0xC3)).contains("lossless JPEG"))
    #expect(refusal(jpeg(marker: 0xC7)).contains("hierarchical JPEG"))
    #expect(refusal(jpeg(width: 0)).contains("0×16"))
    #expect(refusal(jpeg(height: 0)).contains("16×0"))
    #expect(refusal(jpeg(components: [0x11, 0x11])).contains("2 components"))
    #expect(refusal(jpeg(components: [0x01, 0x11, 0x11])).contains("sampling factors"))
    #expect(refusal(jpeg(components: [0x51, 0x11, 0x11])).contains("sampling factors"))
    #expect(refusal(jpeg()).contains("libjpeg-turbo says"))
  }

  @Test("a header of 65535 × 65535 pixels costs no memory")
  func bombs() throws {
    let before = residentByteCount()
    #expect(refusal(jpeg(width: 65_535, height: 65_535)).contains("at most 500 million"))
    #expect(refusal(jpeg(width: 22_000, height: 22_000)).contains("a larger memory budget"))
    #expect(refusal(jpeg(marker: 0xC2, width: 12_000, height: 12_000)).contains("take about"))
    #expect(refusal(jpeg(width: 2000, height: 2000), limits: ImageLimits(byteCount: 1 << 20)).contains("1 MB are left"))
    #expect(residentByteCount() - before < 8 << 20)
    let path = try Fixture.path("photos/420.jpg")
    let small = ImageLimits(byteCount: 1000)
    let error = thrown { () throws(ImagingError) in _ = try PictureFile.read(path, limits: small) }
    #expect(error?.description.contains("take about") == true)
  }

  private func residentByteCount() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
  }

  @Test(
    "a broken-off file is refused, wherever it ends", arguments: ["420.jpg", "progressive.jpg", "lossy.webp", "p3.png"])
  func truncated(name: String) throws {
    let bytes = try Fixture.bytes("photos/\(name)")
    for count in stride(from: 1, to: bytes.count - 2, by: 7) {
      #expect(!refusal(Array(bytes[..<count])).isEmpty, "\(name) cut at \(count)")
    }
  }

  @Test("formats that are not read are named, with a way out that replaces no file")
  func foreign() throws {
    let path = try Fixture.path("photos/cgbi.png")
    let cgbi = thrown { () throws(ImagingError) in _ = try PictureFile(path) }?.description ?? ""
    #expect(cgbi.contains("CgBI") && cgbi.contains("cgbi-converted.png"))
    let starts: [(String, String)] = [
      ("GIF89a", "a GIF"), ("BM12345", "a BMP"), ("MM\u{0}*", "a TIFF"), ("\u{0}\u{0}\u{0} ftypheic", "a HEIC"),
      ("\u{0}\u{0}\u{0} ftypavif", "an AVIF"), ("P6\n1 1\n255\n", "a PNM"),
    ]
    for (start, name) in starts {
      let text = thrown { () throws(ImagingError) in _ = try PNG.decode([UInt8](start.utf8), path: "my dir/it's.png") }?
        .description
      #expect(text?.contains(name) == true)
      #expect(text?.hasSuffix(#"convert 'my dir/it'\''s.png' -auto-orient 'it'\''s-converted.png'"#) == true)
    }
    #expect(refusal(Array("hello".utf8)) == "x: is no picture format known here; expected a PNG, JPEG or WebP file")
  }

  @Test("offsets of EXIF are checked before they are followed")
  func exif() {
    func orientation(_ bytes: [UInt8]) -> Orientation? { Exif(bytes)?.orientation }
    let good: [UInt8] = [
      0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 9,
    ]
    #expect(orientation(good) == .turnedRight)
    #expect(Exif(good)?.describingUprightPixels().suffix(8) == [0, 1, 0, 0, 0, 0, 0, 0])
    for count in 0..<good.count { _ = orientation(Array(good[..<count])) }
    #expect(orientation(Array(good[..<8])) == nil)
    func with(_ place: Int, _ value: UInt8) -> [UInt8] {
      var bytes = good
      bytes[place] = value
      return bytes
    }
    #expect(orientation(with(0, 0x58)) == nil)
    #expect(orientation(with(3, 43)) == nil)
    #expect(orientation(with(4, 0xFF)) == nil)
    #expect(orientation(with(8, 0xFF)) == .turnedRight)
    #expect(orientation(with(13, 4)) == .upright)
    #expect(orientation(with(17, 2)) == .upright)
    #expect(orientation(with(19, 9)) == .upright)
    #expect(orientation(with(19, 0)) == .upright)
  }

  @Test("seeded mutations of every format never crash, and every refusal is one line", .timeLimit(.minutes(20)))
  func survivesMutation() throws {
    let names = [
      "420.jpg", "progressive.jpg", "cmyk.jpg", "adobe.jpg", "orientation-6.jpg", "p3.png", "p3-chrm.png", "lossy.webp",
      "lossless.webp", "orientation-5.png",
    ]
    let files = try names.map { try Fixture.bytes("photos/\($0)") }
    var generator = SeededRandom(18)
    var refused = 0
    for round in 0..<3000 {
      var bytes = files[round % files.count]
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        // Headers are at the front: most changes go there.
        let reach = Bool.random(using: &generator) ? min(bytes.count, 700) : bytes.count
        let place = Int.random(in: 0..<reach, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 2: bytes.remove(at: place)
        default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        }
      }
      do throws(ImagingError) {
        let file = try PictureFile(
          ImageSource(bytes, path: "mutated"), limits: ImageLimits(pixelCount: 1 << 20, byteCount: 32 << 20))
        _ = try file.upright()
        _ = try file.fitted(to: 8, crop: .center)
      } catch {
        refused += 1
        #expect(error.description.hasPrefix("mutated: ") && !error.description.contains("\n"))
      }
    }
    #expect(refused > 300)
  }
}
