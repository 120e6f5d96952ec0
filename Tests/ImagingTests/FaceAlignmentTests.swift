import Files
import Foundation
import TestSupport
import Testing

@testable import Imaging

@Suite struct FaceAlignmentTests {
  private struct Case: Decodable {
    var points: [[Double]]
    var side: Int
  }

  private static func landmarks(_ points: [[Double]]) -> FaceLandmarks? {
    FaceLandmarks(points: points.map { SIMD2($0[0], $0[1]) })
  }

  private static let face = FaceLandmarks(
    leftEye: SIMD2(130, 100), rightEye: SIMD2(170, 104), leftMouth: SIMD2(134, 140), rightMouth: SIMD2(163, 143))

  /// The published recipe in NumPy, SciPy and Pillow (`Fixtures/make_alignment.py`), which shrinks by another filter.
  @Test(arguments: ["inside", "turned", "edge", "shrunk", "enlarged"])
  func picturesAreThoseOfThePublishedRecipe(name: String) throws {
    let all = try Fixture.json("alignment.json", as: [String: Case].self)
    let test = try #require(all[name]), photo = try PNG.read(try Fixture.path("photo.png"))
    let face = try #require(Self.landmarks(test.points))
    let found = try photo.aligned(to: face, resolution: test.side, path: "photo.png")
    let expected = try PNG.read(try Fixture.path("aligned-\(name).png"))
    #expect(found.height == test.side && found.width == test.side)
    let differences = zip(found.pixels, expected.pixels).map { abs(Int($0) - Int($1)) }
    let mean = Double(differences.reduce(0, +)) / Double(differences.count)
    #expect(mean < (name == "shrunk" ? 1.5 : 0.5), "\(name): \(mean) of 255 on average")
    #expect(differences.max()! <= (name == "shrunk" ? 40 : 12), "\(name): \(differences.max()!) of 255 at most")
  }

  /// Whatever the photograph's angle and size, the eyes are level and the mouth below their middle.
  @Test func eyesAreLevelAndTheMouthIsBelow() {
    for angle in stride(from: -2.5, through: 2.5, by: 0.7) {
      for size in [10.0, 70] {
        let (c, s) = (cos(angle) * size, sin(angle) * size)
        func place(_ x: Double, _ y: Double) -> SIMD2<Double> { SIMD2(200 + c * x - s * y, 150 + s * x + c * y) }
        let frame = FaceFrame(
          FaceLandmarks(
            leftEye: place(-1, 0), rightEye: place(1, 0), leftMouth: place(-0.8, 2), rightMouth: place(0.8, 2)))
        // Coordinates in the frame, from -1 to 1.
        func inFrame(_ point: SIMD2<Double>) -> SIMD2<Double> {
          let d = point - frame.center, square = (frame.x * frame.x).sum()
          return SIMD2((d * frame.x).sum(), (d * frame.y).sum()) / square
        }
        let (left, right, mouth) = (inFrame(place(-1, 0)), inFrame(place(1, 0)), inFrame(place(0, 2)))
        #expect(abs(left.y - right.y) < 1e-9 && abs(left.x + right.x) < 1e-9 && left.x < right.x)
        #expect(abs(mouth.x) < 1e-9 && mouth.y > left.y)
        // Twice the eyes' distance, or 1.8 times that to the mouth, to each side: here 4 of the first.
        #expect(abs((frame.x * frame.x).sum().squareRoot() - 4 * size) < 1e-9 * size)
      }
    }
  }

  @Test func sixtyEightPointsGiveTheirEyesAndCorners() throws {
    var points = [[Double]](repeating: [7, 7], count: 68)
    for i in 36..<42 { points[i] = [Double(i), 10] }
    for i in 42..<48 { points[i] = [Double(i) * 2, 20] }
    points[48] = [1, 2]
    points[54] = [3, 4]
    let face = try #require(Self.landmarks(points))
    #expect(face.leftEye == SIMD2(38.5, 10) && face.rightEye == SIMD2(89, 20))
    #expect(face.leftMouth == SIMD2(1, 2) && face.rightMouth == SIMD2(3, 4))
    #expect(Self.landmarks(Array(points.dropLast())) == nil)
  }

  @Test(arguments: [
    "130 100\n170 104\n149 122\n134 140\n163 143\n", "130,100\r\n170,104\r\n149,122\r\n134,140\r\n163,143",
    "[[130, 100.0], [1.7e2, 104], [149, 122], [134, 140], [163, 143]]",
    "version: 1\nn_points: 5\n{\n131 101\n171 105\n150 123\n135 141\n164 144\n}\n",
  ])
  func filesOfAllFormatsAreRead(text: String) throws {
    let folder = try TemporaryFolder()
    #expect(try FaceLandmarks.read(folder.file("points.txt", text: text)) == Self.face)
  }

  @Test func hostileFilesAreRefused() throws {
    let folder = try TemporaryFolder()
    let texts = [
      "", "1 2 3", "1 2 3 4 5 6 7 8 9", "1 2 3 4 5 6 7 8 9 nose", "1 2 3 4 5 6 7 8 9 nan", "1 2 3 4 5 6 7 8 9 1e300",
      "{\"points\": [1, 2]}", "n_points: 5 } {", String(repeating: "1 ", count: 70_000),
    ]
    for (index, text) in texts.enumerated() {
      let path = try folder.file("\(index).txt", text: text)
      #expect(throws: ImagingError.self, "\(text.prefix(40))") { try FaceLandmarks.read(path) }
    }
    let binary = try folder.file("binary.txt", [0xff, 0xfe, 0x31])
    #expect(throws: ImagingError.self) { try FaceLandmarks.read(binary) }
    #expect(throws: ImagingError.self) { try FaceLandmarks.read(folder.path) }
    #expect(throws: ImagingError.file(FileError(folder.path + "/none.txt", .open, .system(ENOENT)))) {
      try FaceLandmarks.read(folder.path + "/none.txt")
    }
  }

  @Test func pointsThatAreNoFaceOfThePictureAreRefused() throws {
    let photo = Image8(height: 60, width: 80)
    func refuses(_ points: [[Double]]) -> Bool {
      guard let face = Self.landmarks(points) else { return false }
      do {
        _ = try photo.aligned(to: face, resolution: 16, path: "p.png")
        return false
      } catch {
        return error.description.hasPrefix("p.png: the ") && error.description.contains("face")
      }
    }
    // The subject's left instead of the picture's; all in one place; beside the picture; astronomically large.
    #expect(refuses([[50, 20], [30, 20], [40, 30], [48, 40], [32, 40]]))
    #expect(refuses([[30, 20], [30, 20], [30, 20], [30, 20], [30, 20]]))
    #expect(refuses([[130, 20], [150, 20], [140, 30], [132, 40], [148, 40]]))
    #expect(refuses([[-90000, 20], [90000, 20], [0, 30], [-80000, 90000], [80000, 90000]]))
    // A face that only just fits into a tiny picture is made up around it.
    let tiny = Image8(height: 1, width: 1, color: RGB8(red: 9, green: 8, blue: 7))
    let face = try #require(Self.landmarks([[-1, -0.2], [1, -0.2], [0, 0.5], [-0.5, 1.8], [0.5, 1.8]]))
    let found = try tiny.aligned(to: face, resolution: 8, path: "tiny.png")
    #expect(found == Image8(height: 8, width: 8, color: RGB8(red: 9, green: 8, blue: 7)))
  }
}
