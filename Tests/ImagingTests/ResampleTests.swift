import Testing

@testable import Imaging

@Suite("Fitting pictures to a model")
struct ResampleTests {
  /// The mean over an output pixel's box, in `Double`, by visiting every source pixel.
  static func averaged(_ image: Image8, height: Int, width: Int) -> [Double] {
    func overlap(_ target: Int, _ source: Int, _ count: Int, _ newCount: Int) -> Double {
      let scale = Double(count) / Double(newCount)
      return max(
        0, min(Double(target + 1) * scale, Double(source + 1)) - max(Double(target) * scale, Double(source)))
    }
    var result: [Double] = []
    for row in 0..<height {
      for column in 0..<width {
        for channel in 0..<3 {
          var sum = 0.0
          var area = 0.0
          for y in 0..<image.height {
            for x in 0..<image.width {
              let weight = overlap(row, y, image.height, height) * overlap(column, x, image.width, width)
              sum += weight * Double(image.pixels[(y * image.width + x) * 3 + channel])
              area += weight
            }
          }
          result.append(sum / area)
        }
      }
    }
    return result
  }

  /// Keys' kernel with a = −1/2 at every output pixel, in `Double`, edges repeated.
  static func interpolated(_ image: Image8, height: Int, width: Int) -> [Double] {
    func kernel(_ distance: Double) -> Double {
      let x = abs(distance)
      let a = -0.5
      if x <= 1 { return (a + 2) * x * x * x - (a + 3) * x * x + 1 }
      return x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0
    }
    var result: [Double] = []
    for row in 0..<height {
      let y = (Double(row) + 0.5) * Double(image.height) / Double(height) - 0.5
      for column in 0..<width {
        let x = (Double(column) + 0.5) * Double(image.width) / Double(width) - 0.5
        for channel in 0..<3 {
          var sum = 0.0
          for j in -3..<(image.height + 3) {
            for i in -3..<(image.width + 3) {
              let pixel =
                min(max(j, 0), image.height - 1) * image.width + min(max(i, 0), image.width - 1)
              sum += kernel(y - Double(j)) * kernel(x - Double(i)) * Double(image.pixels[pixel * 3 + channel])
            }
          }
          result.append(min(max(sum, 0), 255))
        }
      }
    }
    return result
  }

  /// Equal after rounding, halves excepted, where the oracle's own rounding errors decide.
  static func agree(_ image: Image8, _ oracle: [Double]) -> Bool {
    zip(image.pixels, oracle).allSatisfy { abs(Double($0) - $1) <= 0.5 + 1e-4 }
  }

  @Test(
    "shrinking averages exact boxes",
    arguments: [(16, 16, 8, 8), (17, 13, 5, 4), (9, 9, 8, 8), (31, 8, 1, 8), (20, 30, 7, 29), (5, 5, 1, 1)])
  func shrinks(height: Int, width: Int, newHeight: Int, newWidth: Int) {
    let image = noise(height: height, width: width, seed: 11)
    let result = image.resized(height: newHeight, width: newWidth)
    #expect(result.height == newHeight && result.width == newWidth)
    #expect(Self.agree(result, Self.averaged(image, height: newHeight, width: newWidth)))
  }

  @Test("halves are rounded up when averaging")
  func roundsHalvesUp() {
    let image = Image8(height: 1, width: 2, pixels: [0, 10, 254, 1, 11, 255])
    #expect(image.resized(height: 1, width: 1).pixels == [1, 11, 255])
  }

  @Test(
    "growing is Catmull-Rom with repeated edges",
    arguments: [(4, 4, 8, 8), (5, 3, 11, 7), (1, 1, 4, 4), (2, 9, 5, 10), (7, 7, 32, 32)])
  func grows(height: Int, width: Int, newHeight: Int, newWidth: Int) {
    let image = noise(height: height, width: width, seed: 12)
    let result = image.resized(height: newHeight, width: newWidth)
    #expect(result.height == newHeight && result.width == newWidth)
    #expect(Self.agree(result, Self.interpolated(image, height: newHeight, width: newWidth)))
  }

  @Test("one axis may shrink while the other grows; the same size changes nothing; flat stays flat")
  func mixes() {
    let image = noise(height: 12, width: 5, seed: 13)
    let result = image.resized(height: 6, width: 9)
    #expect(result == image.resized(height: 6, width: 5).resized(height: 6, width: 9))
    #expect(image.resized(height: 12, width: 5) == image)
    let flat = Image8(height: 7, width: 9, color: RGB8(red: 3, green: 200, blue: 255))
    #expect(flat.resized(height: 32, width: 2) == Image8(height: 32, width: 2, color: flat[0, 0]))
  }

  @Test("a picture that is not square is refused with a way out, or cropped at its centre")
  func crops() throws {
    let wide = noise(height: 4, width: 7, seed: 14)
    let error = thrown { () throws(ImagingError) in _ = try wide.fitted(to: 4, path: "a.png") }
    #expect(error == .notSquare(path: "a.png", width: 7, height: 4))
    #expect(error?.description.contains("expected a square picture") == true)
    let fitted = try wide.fitted(to: 4, crop: .center, path: "a.png")
    #expect(fitted == wide.cropped(row: 0, column: 1, height: 4, width: 4))
    #expect(fitted[2, 3] == wide[2, 4])
    let tall = noise(height: 9, width: 4, seed: 15)
    #expect(
      try tall.fitted(to: 2, crop: .center, path: "a.png")
        == tall.cropped(row: 2, column: 0, height: 4, width: 4).resized(height: 2, width: 2))
  }

  @Test("8 bits → tensor → 8 bits is the identity in every range", arguments: [PixelRange.signed, .unit])
  func planarRoundTrips(range: PixelRange) {
    let image = Image8(height: 16, width: 16, pixels: (0..<768).map { UInt8($0 / 3) })
    let values = image.planar(range)
    #expect(values.min() == range.minimum && values.max() == range.maximum)
    #expect(Image8(planar: values, height: 16, width: 16, range: range) == image)
  }

  @Test("the tensor is planar, batch first")
  func planarLayout() {
    let first = noise(height: 2, width: 3, seed: 16)
    let second = noise(height: 2, width: 3, seed: 17)
    var batch = [Float](repeating: 9, count: 2 * 18)
    second.write(to: &batch, image: 1)
    first.write(to: &batch, image: 0)
    #expect(batch[18 + 6 + 4] == Float(second[1, 1].green) / 255 * 2 - 1)
    #expect(Image8(planar: batch, image: 1, height: 2, width: 3) == second)
    #expect(Image8(planar: batch, height: 2, width: 3) == first)
  }

  @Test("values out of range are clamped, halves rounded up, not-a-number is black")
  func roundsAndClamps() {
    let values: [Float] = [-7, 0.4999, 0.5, 254.49, 254.5, 900, .nan, .infinity, -.infinity, 127.5, 1, 2]
    #expect(values.map(roundedByte) == [0, 0, 1, 254, 255, 255, 0, 255, 0, 128, 1, 2])
    let broken = Image8(
      planar: [.nan, .infinity, -.infinity], height: 1, width: 1)
    #expect(broken.pixels == [0, 255, 0])
  }
}
