import Checkpoint
import Foundation
import Imaging
import Quant
import Runtime
import Testing

@testable import Inversion

@Suite("The face detector")
struct FaceDetectorTests {
  private struct Expected: Decodable {
    struct Face: Decodable {
      var box: [Double]
      var score: Double
      var points: [[Double]]
    }
    var thresholds: [Float]
    var faces: [Face]
  }

  /// The model file of the golden checkpoints, made anew.
  private func withDetector<Result>(
    _ precision: WeightsPrecision = .f32, _ body: (String) throws -> Result
  ) throws -> Result {
    let path = NSTemporaryDirectory() + "detector-\(UUID().uuidString).idinv"
    defer { try? FileManager.default.removeItem(atPath: path) }
    var options = ConversionOptions()
    options.precision = precision
    let parts = ["onet.pt", "pnet.pt", "rnet.pt"].map { Golden.path("detector", $0) }
    _ = try Conversion(detector: parts, options: options).run(to: path)
    return try body(path)
  }

  private func options(_ expected: Expected) -> DetectionOptions {
    var options = DetectionOptions()
    options.thresholds = SIMD3(expected.thresholds[0], expected.thresholds[1], expected.thresholds[2])
    return options
  }

  @Test("boxes, landmarks and probabilities are those of the published cascade", arguments: [1, 2])
  func findsFaces(threads: Int) throws {
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: URL(fileURLWithPath: Golden.path("detector", "expected.json"))))
    let picture = try PictureFile.read(Golden.path("detector", "picture.png"))
    let faces = try withDetector { path in
      let kernels = Kernels(threadCount: threads, precision: .full)
      return try FaceDetector(path: path, kernels: kernels).faces(in: picture, options: options(expected))
    }
    #expect(faces.count == expected.faces.count && faces.count >= 5)
    for (face, other) in zip(faces, expected.faces) {
      #expect(abs(face.score - other.score) < 1e-4)
      for (a, b) in zip([face.x1, face.y1, face.x2, face.y2], other.box) { #expect(abs(a - b) < 0.02) }
      for (a, b) in zip(face.points, other.points) {
        #expect(abs(a.x - b[0]) < 0.02 && abs(a.y - b[1]) < 0.02)
      }
    }
  }

  @Test("in 16 bits and with int8 weights it runs, and finds most of them")
  func reducedPrecision() throws {
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: URL(fileURLWithPath: Golden.path("detector", "expected.json"))))
    let picture = try PictureFile.read(Golden.path("detector", "picture.png"))
    for precision in [WeightsPrecision.f16, .int8] {
      let faces = try withDetector(precision) { path in
        try FaceDetector(path: path, kernels: Kernels(threadCount: 2)).faces(in: picture, options: options(expected))
      }
      let found = expected.faces.count { other in
        faces.contains { abs($0.x1 - other.box[0]) < 3 && abs($0.y2 - other.box[3]) < 3 }
      }
      #expect(Double(found) >= 0.5 * Double(expected.faces.count), "\(precision): \(found)")
    }
  }

  @Test("tiles are seamless: a picture of many tiles gives what one large tile does")
  func tilesAreSeamless() throws {
    try withDetector { path in
      let file = try ModelFile(path: path)
      let specification = try #require(file.specification.detector)
      let loader = WeightLoader(file, memory: MemoryPolicy(), int8: [:])
      let network = try DetectorNetwork(specification, from: loader)
      let kernels = Kernels(threadCount: 1, precision: .full)
      let picture = try PictureFile.read(Golden.path("detector", "picture.png"))
      for (height, width) in [(61, 74), (60, 73), (12, 13), (41, 90)] {
        let level = picture.areaResampled(rows: 0..<157, columns: 0..<211, height: height, width: width)
        func places(_ count: Int) throws -> [[Float]] {
          let runner = try TileRunner(network.proposal, places: count, kernels: kernels, arena: SharedArena(limit: nil))
          var found: [[Float]] = []
          runner.run(level, height: height, width: width, threshold: 0) { found.append([Float($0), Float($1)] + $2) }
          return found
        }
        let (small, large) = (try places(8), try places(48))
        #expect(small.count == ((height - 1) / 2 - 4) * ((width - 1) / 2 - 4) && small.count == large.count)
        for (a, b) in zip(small, large) {
          #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 1e-4 * max(1, abs($0)) })
        }
      }
    }
  }

  @Test("tiny, flat and extreme pictures hold no face and do no harm")
  func degeneratePictures() throws {
    try withDetector { path in
      let detector = try FaceDetector(path: path, kernels: Kernels(threadCount: 1))
      for (height, width) in [(1, 1), (19, 300), (20, 20), (3000, 21)] {
        _ = try detector.faces(in: Image8(height: height, width: width, color: RGB8(gray: 90)))
      }
    }
  }

  @Test("a detector needs its three networks, each once")
  func refusesParts() throws {
    let path = NSTemporaryDirectory() + "detector-\(UUID().uuidString).idinv"
    func refusal(_ names: [String]) -> String {
      do {
        _ = try Conversion(detector: names.map { Golden.path("detector", $0) }).run(to: path)
        return ""
      } catch { return "\(error)" }
    }
    #expect(refusal(["pnet.pt", "rnet.pt"]).contains("output network"))
    #expect(refusal(["pnet.pt", "pnet.pt", "rnet.pt", "onet.pt"]).contains("2 times"))
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("suppression keeps the best of what overlaps")
  func suppression() {
    func box(_ x: Float, _ y: Float, _ side: Float, _ score: Float) -> FaceBox {
      FaceBox(x1: x, y1: y, x2: x + side, y2: y + side, score: score)
    }
    let boxes = [box(0, 0, 10, 0.5), box(1, 1, 10, 0.9), box(30, 30, 10, 0.7), box(2, 2, 4, 0.6), box(30, 30, 10, 0.7)]
    #expect(suppressed(boxes, threshold: 0.5, rule: .union) == [1, 2, 3])
    #expect(suppressed(boxes, threshold: 0.5, rule: .smaller) == [1, 2])
    #expect(suppressed([], threshold: 0.5, rule: .union).isEmpty)
  }
}
