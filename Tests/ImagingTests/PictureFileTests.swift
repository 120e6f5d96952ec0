import TestSupport
import Testing

@testable import Imaging

@Suite("Photographs of every format")
struct PictureFileTests {
  struct Expectation: Decodable {
    var width: Int
    var height: Int
    /// Largest difference of a sample from the reference decoder's.
    var tolerance: Int
    var rgb: String

    var bytes: [UInt8] {
      let digits = rgb.utf8.map { UInt8($0 < 97 ? $0 - 48 : $0 - 87) }
      return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
  }

  private func difference(_ a: [UInt8], _ b: [UInt8]) -> Int {
    a.count == b.count ? zip(a, b).map { abs(Int($0) - Int($1)) }.max() ?? 0 : 256
  }

  @Test(
    "subsampling, scans, inks, orientation, profiles and chunks of colors decode as the reference libraries have it")
  func decodesEveryKind() throws {
    let expectations = try Fixture.json("photos/expected.json", as: [String: Expectation].self)
    #expect(expectations.count == 40)
    for (name, expected) in expectations {
      let file = try PictureFile(Fixture.path("photos/\(name)"))
      #expect(file.header.width == expected.width && file.header.height == expected.height, "\(name)")
      let picture = try file.upright()
      #expect(picture.width == expected.width && picture.height == expected.height, "\(name)")
      let found = difference(picture.pixels, expected.bytes)
      #expect(found <= expected.tolerance, "\(name): differs by \(found)")
      // A second decoding gives the same.
      #expect(try file.upright() == picture, "\(name)")
    }
  }

  @Test("all orientations of one picture give the same pixels, whole, fitted and reduced")
  func orientationsAgree() throws {
    let pictures = try (1...8).map { try PictureFile(Fixture.path("photos/orientation-\($0).png")) }
    let upright = try pictures[0].upright()
    #expect(upright[0, 0].red > 200 && upright[39, 0].blue > 200)
    let fitted = try pictures[0].fitted(to: 16, crop: .center)
    for file in pictures {
      #expect(try file.upright() == upright)
      #expect(try file.fitted(to: 16, crop: .center) == fitted)
      #expect(try file.upright(reduction: 4) == pictures[0].upright(reduction: 4))
    }
  }

  @Test("a point of the upright picture is where its pixel is stored", arguments: Orientation.allCases)
  func orientedPoints(orientation: Orientation) {
    let stored = noise(height: 5, width: 7, seed: 3)
    let upright = stored.upright(orientation)
    for row in 0..<upright.height {
      for column in 0..<upright.width {
        let place = orientation.stored(SIMD2(Double(column), Double(row)), in: SIMD2(7, 5))
        #expect(upright[row, column] == stored[Int(place.y), Int(place.x)])
      }
    }
  }

  @Test("fitting row by row is fitting the whole, of every format")
  func fitsRowByRow() throws {
    for name in ["orientation-6.png", "p3.png", "lossless.webp", "420.jpg", "cmyk.jpg"] {
      let file = try PictureFile(Fixture.path("photos/\(name)"))
      for side in [1, 7, 16, 25, 40, 64] {
        #expect(
          try file.fitted(to: side, crop: .center)
            == file.upright().fitted(to: side, crop: .center, path: name) || name.hasSuffix("jpg") && side <= 16,
          "\(name) \(side)")
      }
    }
    // JPEG files are decoded at a half where that leaves twice the result.
    let file = try PictureFile(Fixture.path("photos/444.jpg"))
    let exact = try file.upright().fitted(to: 10, crop: .center, path: "444.jpg")
    #expect(difference(try file.fitted(to: 10, crop: .center).pixels, exact.pixels) <= 4)
  }

  @Test("a reduced picture is the mean of squares", arguments: ["orientation-1.png", "444.jpg", "lossy.webp"])
  func reduces(name: String) throws {
    let file = try PictureFile(Fixture.path("photos/\(name)"))
    let whole = try file.upright()
    for factor in [1, 2, 3, 4, 8] {
      let reduced = try file.upright(reduction: factor)
      let own = name.hasSuffix("jpg") && factor == 3 ? 2 : factor
      #expect(reduced.width == (56 + own - 1) / own && reduced.height == (40 + own - 1) / own)
      let exact = whole.resized(height: 40 / own, width: 56 / own)
      if 56 % own == 0 && 40 % own == 0 {
        #expect(difference(reduced.pixels, exact.pixels) <= (name.hasSuffix("jpg") ? 6 : 0))
      }
    }
  }

  @Test("what a photograph says about itself is read, and written back less the orientation")
  func keepsMetadata() throws {
    let density = try PictureFile(Fixture.path("photos/density.jpg")).header.metadata.density
    #expect(density == .init(unit: .inch, x: 300, y: 300))
    let file = try PictureFile(Fixture.path("photos/orientation-6.jpg"))
    #expect(file.header.orientation == .turnedRight && file.header.metadata.exif != nil)
    let profile = try #require(PictureFile(Fixture.path("photos/p3.jpg")).header.metadata.profile)
    var metadata = file.header.metadata.describingUprightPixels(keepsProfile: false)
    metadata.profile = profile
    metadata.density = density
    let picture = noise(height: 9, width: 13, seed: 4)
    for format in [PictureFormat.png, .jpeg(quality: 100)] {
      let bytes = try format.encode(picture, metadata: metadata)
      let read = try PictureFile(ImageSource(bytes, path: "x"))
      #expect(read.header.orientation == .upright && read.header.metadata == metadata)
      #expect(difference(try read.upright(keepsColors: true).pixels, picture.pixels) <= (format == .png ? 0 : 30))
      // The profile is in force.
      #expect(try read.upright() != picture)
    }
    #expect(try PictureFormat.png.encode(picture) == PNG.encode(picture))
  }

  @Test("a profile of several pieces survives", arguments: [1, 65_000, 65_001, 200_000])
  func largeProfiles(count: Int) throws {
    var generator = SeededRandom(9)
    let profile = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let bytes = try JPEG.encode(noise(height: 8, width: 8, seed: 1), metadata: ImageMetadata(profile: profile))
    let file = try PictureFile(ImageSource(bytes, path: "x"))
    #expect(file.header.metadata.profile == profile)
    // It is no profile: the pixels are taken as sRGB.
    #expect(try file.upright().width == 8)
  }

  @Test("JPEG qualities: more bytes, smaller differences")
  func qualities() throws {
    let picture = try PictureFile.read(Fixture.path("photos/orientation-1.png"))
    var last = (bytes: 0, error: 256.0)
    for quality in [10, 50, 90, 100] {
      let bytes = try JPEG.encode(picture, quality: quality)
      let read = try PictureFile(ImageSource(bytes, path: "x")).upright()
      let error = zip(read.pixels, picture.pixels).map { abs(Double($0) - Double($1)) }.reduce(0, +)
      #expect(bytes.count > last.bytes)
      #expect(error < last.error || last.error == 256)
      last = (bytes.count, error)
    }
  }
}
