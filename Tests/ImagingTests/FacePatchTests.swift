import Foundation
import Testing

@testable import Imaging

@Suite("Putting faces back")
struct FacePatchTests {
  private static let landmarks = FaceLandmarks(
    leftEye: SIMD2(23.2, 16.1), rightEye: SIMD2(31.7, 17.4), leftMouth: SIMD2(24, 26.3), rightMouth: SIMD2(29.5, 27.2))

  private func file(_ name: String) throws -> PictureFile { try PictureFile(Fixture.path("photos/\(name)")) }

  private func samples(_ picture: Image8) -> [Float] { picture.pixels.map { Float($0) } }

  @Test("no difference changes no bit, in any orientation, color space and blend")
  func nothingChangesNothing() throws {
    for name in ["orientation-1.png", "orientation-6.png", "orientation-7.jpg", "p3.png", "adobe.jpg", "420.jpg"] {
      for blend in FaceBlend.allCases {
        let file = try file(name)
        let own = noise(height: 16, width: 16, seed: 5)
        let patch = FacePatch(
          edited: samples(own), inverted: samples(own), original: samples(own), resolution: 16, blend: blend)
        var photo = EditablePhoto(file)
        photo.put(patch, at: FaceFrame(Self.landmarks))
        let picture = try photo.picture()
        let expected = try file.upright(keepsColors: true)
        #expect(picture == expected, "\(name) \(blend)")
      }
    }
  }

  @Test(
    "outside of the square nothing changes, and inside the difference arrives where the face is, in every orientation")
  func arrivesInPlace() throws {
    let frame = FaceFrame(Self.landmarks)
    var results: [Image8] = []
    for number in 1...8 {
      let file = try file("orientation-\(number).png")
      let before = try file.upright()
      // A ramp that tells left from right and top from bottom.
      let ramp = (0..<16 * 16 * 3).map { (index: Int) -> Float in Float(index / 3 % 16 * 2 + index / 48) }
      let patch = FacePatch(
        edited: ramp, inverted: [Float](repeating: 0, count: ramp.count), original: ramp, resolution: 16,
        blend: .feather)
      var photo = EditablePhoto(file)
      photo.put(patch, at: frame)
      let (after, metadata) = (try photo.picture(), photo.metadata)
      #expect(metadata.exif.flatMap { Exif($0)?.orientation } == .upright)
      for row in 0..<after.height {
        for column in 0..<after.width {
          let offset = SIMD2(Double(column), Double(row)) - frame.center
          let place = SIMD2((offset * frame.x).sum(), (offset * frame.y).sum()) / (frame.x * frame.x).sum()
          if abs(place.x) >= 1 || abs(place.y) >= 1 { #expect(after[row, column] == before[row, column]) }
        }
      }
      #expect(after != before)
      results.append(after)
    }
    for other in results { #expect(other == results[0]) }
  }

  @Test("cutting out and putting back is the identity, but for resampling")
  func putsBack() throws {
    // A smooth photograph, so that resampling costs little.
    let pixels = (0..<90 * 110).flatMap { index -> [UInt8] in
      let (y, x) = (Double(index / 110), Double(index % 110))
      return [UInt8(128 + 60 * sin(x / 15)), UInt8(128 + 60 * cos(y / 12)), UInt8(60 + x)]
    }
    let before = Image8(height: 90, width: 110, pixels: pixels)
    let landmarks = FaceLandmarks(
      leftEye: SIMD2(48, 40), rightEye: SIMD2(61, 43), leftMouth: SIMD2(47, 55), rightMouth: SIMD2(57, 57))
    let cut = try before.aligned(to: landmarks, resolution: 64, path: "x")
    let source = try ImageSource(PNG.encode(before), path: "x")
    for (blend, limit) in [(FaceBlend.feather, 3), (.none, 4), (.poisson, 4)] {
      let patch = FacePatch(
        edited: samples(cut), inverted: nil, original: samples(cut), resolution: 64, blend: blend)
      var photo = EditablePhoto(try PictureFile(source))
      photo.put(patch, at: FaceFrame(landmarks))
      let after = try photo.picture()
      let difference = zip(before.pixels, after.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
      #expect(difference <= limit, "\(blend): \(difference)")
    }
  }

  @Test("blends leave no seam: beside the square's edge a patch of another color changes little from pixel to pixel")
  func seams() throws {
    let before = Image8(height: 200, width: 200, color: RGB8(gray: 120))
    let source = try ImageSource(PNG.encode(before), path: "x")
    let frame = FaceFrame(
      FaceLandmarks(
        leftEye: SIMD2(85, 80), rightEye: SIMD2(115, 84), leftMouth: SIMD2(86, 115), rightMouth: SIMD2(110, 118)))
    let bright = [Float](repeating: 170, count: 32 * 32 * 3), same = [Float](repeating: 120, count: 32 * 32 * 3)
    for (blend, keeps) in [(FaceBlend.feather, true), (.feather, false), (.poisson, true), (.poisson, false)] {
      let patch = FacePatch(
        edited: bright, inverted: keeps ? same : nil, original: same, resolution: 32, blend: blend)
      var photo = EditablePhoto(try PictureFile(source))
      photo.put(patch, at: frame)
      let after = try photo.picture()
      var steepest = 0
      for row in 0..<199 {
        for column in 0..<199 {
          let here = Int(after[row, column].red)
          steepest = max(
            steepest, abs(here - Int(after[row, column + 1].red)), abs(here - Int(after[row + 1, column].red)))
        }
      }
      // 50 levels over a fading edge of 18 % of the side, 22 pixels: about 5 at the steepest.
      #expect(steepest <= 6, "\(blend), keeps detail \(keeps): \(steepest)")
    }
  }

  @Test("the membrane is linear where its edges are, at every size", arguments: [3, 8, 33, 64, 100])
  func membrane(side: Int) {
    let exact = (0..<side * side * 3).map { (index: Int) -> Float in
      let (row, column) = (index / 3 / side, index / 3 % side)
      return Float(2 * column - row) / 4 + Float(index % 3)
    }
    var edges = exact
    for row in 1..<side - 1 {
      for index in (row * side + 1) * 3..<(row * side + side - 1) * 3 { edges[index] = 99 }
    }
    let found = harmonic(edges, side: side)
    #expect(zip(found, exact).allSatisfy { abs($0 - $1) < 0.05 })
  }

  @Test("a photograph is written in little memory, and its face cut out in little, in every orientation")
  func needsLittleMemory() throws {
    // Larger than a view of the whole, and several bands.
    let (height, width) = (3000, 2800)
    var pixels = [UInt8](repeating: 0, count: height * width * 3)
    for index in 0..<height * width {
      pixels[index * 3] = UInt8(index / width / 16)
      pixels[index * 3 + 1] = UInt8(index % width / 16)
    }
    let stored = Image8(height: height, width: width, pixels: pixels)
    let landmarks = FaceLandmarks(
      leftEye: SIMD2(1380, 1600), rightEye: SIMD2(1440, 1604), leftMouth: SIMD2(1385, 1660),
      rightMouth: SIMD2(1434, 1663))
    let frame = FaceFrame(landmarks), limit = ImageLimits(byteCount: 12 << 20)
    let ramp = (0..<16 * 16 * 3).map { (index: Int) -> Float in Float(index / 3 % 16 * 2 + index / 48) }
    let patch = FacePatch(
      edited: ramp, inverted: [Float](repeating: 0, count: ramp.count), original: ramp, resolution: 16, blend: .feather)
    for orientation in [Orientation.mirrored, .upsideDown, .turnedRight] {
      let bytes = try PictureFormat.png.encode(stored, metadata: ImageMetadata(exif: exif(orientation)))
      let file = try PictureFile(ImageSource(bytes, path: "x"), limits: limit)
      let isRefused = (try? file.upright()) == nil
      #expect(isRefused)
      var photo = EditablePhoto(file)
      photo.put(patch, at: frame)
      let expected = stored.upright(orientation)
      let cut = try expected.aligned(to: landmarks, resolution: 64, path: "x")
      let isSame = try PhotoView(file, reduction: 1, around: frame).cut(frame, resolution: 64, path: "x") == cut
      #expect(isSame)
      let bounds = frame.bounds, rowByteCount = expected.width * 3
      var row = 0, changed = 0, strays = 0
      try photo.rows { line in
        expected.pixels.withUnsafeBufferPointer { pixels in
          for index in 0..<rowByteCount where line[index] != pixels[row * rowByteCount + index] {
            let isWithin =
              (bounds.lower.y...bounds.upper.y).contains(row) && (bounds.lower.x...bounds.upper.x).contains(index / 3)
            if isWithin { changed += 1 } else { strays += 1 }
          }
        }
        row += 1
      }
      #expect(row == expected.height && changed > 1000 && strays == 0)
    }
  }

  /// A TIFF structure with an orientation and nothing else.
  private func exif(_ orientation: Orientation) -> [UInt8] {
    [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, UInt8(orientation.rawValue), 0, 0, 0, 0, 0, 0]
  }

  @Test("points of a reduced view are those of the photograph, in every orientation")
  func views() throws {
    for number in 1...8 {
      let file = try file("orientation-\(number).png")
      for reduction in [1, 2, 4, 8] {
        let view = try PhotoView(file, reduction: reduction)
        for point in [SIMD2(0.0, 0.0), SIMD2(55, 39), SIMD2(13.25, 7.5)] {
          let back = view.photoPoint(view.viewPoint(point))
          #expect(abs(back.x - point.x) < 1e-9 && abs(back.y - point.y) < 1e-9)
        }
        // 56 and 40 are multiples of 8: the view's first pixel is the middle of a square.
        let first = view.photoPoint(SIMD2(0, 0)), middle = Double(reduction - 1) / 2
        #expect(abs(first.x - middle) < 1e-9 && abs(first.y - middle) < 1e-9, "\(number) \(reduction)")
      }
    }
  }

  @Test("a photograph keeps its profile, and its pixels in it")
  func keepsProfile() throws {
    let file = try file("p3.jpg")
    var photo = EditablePhoto(file)
    let gray = [Float](repeating: 30, count: 8 * 8 * 3), none = [Float](repeating: 0, count: 8 * 8 * 3)
    photo.put(
      FacePatch(edited: gray, inverted: none, original: none, resolution: 8, blend: .feather),
      at: FaceFrame(Self.landmarks))
    let (picture, metadata) = (try photo.picture(), photo.metadata)
    #expect(metadata.profile == file.header.metadata.profile && metadata.profile != nil)
    let stored = try file.upright(keepsColors: true)
    #expect(picture[0, 0] == stored[0, 0] && picture[39, 0] == stored[39, 0])
    // In sRGB the middle of the face became lighter by what was added.
    let bytes = try PictureFormat.png.encode(picture, metadata: metadata)
    let after = try PictureFile(ImageSource(bytes, path: "x")).upright(), before = try file.upright()
    let center = FaceFrame(Self.landmarks).center
    let (row, column) = (Int(center.y), Int(center.x))
    #expect(abs(Int(after[row, column].green) - Int(before[row, column].green) - 30) <= 3)
  }
}
