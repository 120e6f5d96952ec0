import Checkpoint
import Foundation
import Imaging
import Testing

@testable import Workflows

@Suite("edit and detect")
struct EditTests {
  private static let points = "22 22\n30 23\n26 27\n23 31\n29 32\n"
  private static let detector = Golden.tests.appendingPathComponent("Golden/detector").path

  private func photo(_ place: Folder, _ name: String) throws {
    let picture = Image8(
      height: 70, width: 90,
      pixels: (0..<70 * 90).flatMap { index -> [UInt8] in
        let (y, x) = (index / 90, index % 90)
        return [UInt8(90 + x), UInt8(60 + 2 * y), UInt8((x * 7 + y * 5) % 200)]
      })
    try place.write((name as NSString).deletingPathExtension + ".txt", text: Self.points)
    let path = place.at(name)
    if name.hasSuffix("png") {
      try PNG.write(picture, path)
    } else {
      try PictureFormat.jpeg(quality: 95).write(
        picture, metadata: ImageMetadata(density: .init(unit: .inch, x: 300, y: 300)), to: path)
    }
  }

  @Test("α = 0 gives the photograph back, bit by bit")
  func identity() throws {
    let place = try Folder()
    try photo(place, "a.png")
    for blend in ["feather", "poisson", "none"] {
      try Command.succeed(
        [
          "edit", "a.png", "--model", try Golden.model(), "--alpha", "0", "--iterations", "2", "--blend", blend, "-o",
          "\(blend).png", "-q",
        ], in: place)
      #expect(try PNG.read(place.at("\(blend).png")) == PNG.read(place.at("a.png")))
    }
  }

  @Test("several distances and photographs go into a folder with a page, and are not done again")
  func folderOfPhotographs() throws {
    let place = try Folder()
    for name in ["photos/b.jpg", "photos/a.png"] { try photo(place, name) }
    let normal = (0..<32).map { Float(($0 * 7) % 5) - 2 }
    try NumpyArray(shape: [1, 32], floats: normal).write(to: place.at("b.npy"))
    let arguments = [
      "edit", "photos", "--model", try Golden.model(), "--boundary", "b.npy", "--alpha", "-6,6", "--iterations", "2",
      "-o",
      "out", "--json", "--animate",
    ]
    let result = try Command.run(arguments, in: place)
    #expect(result.status == 0, "\(result.errors)")
    // Landmark files are no pictures, but belong to them.
    #expect(result.errors.isEmpty)
    let photos = try #require(try result.json["photos"] as? [[String: Any]])
    #expect(photos.map { $0["name"] as? String } == ["a", "b"])
    #expect(
      Set(place.contents("out")).isSuperset(of: [
        "a_alpha+6.png", "a_alpha-6.png", "b_alpha+6.jpg", "b_alpha-6.jpg", "edit.html", "edit.json", "edits.jsonl",
        "a_film.png",
      ]))
    let before = try PNG.read(place.at("photos/a.png")), after = try PNG.read(place.at("out/a_alpha+6.png"))
    #expect(after != before && after[0, 0] == before[0, 0] && after[69, 89] == before[69, 89])
    #expect(try PictureFile(place.at("out/b_alpha-6.jpg")).header.metadata.density?.x == 300)
    // What is done stays as it is.
    let bytes = try place.bytes("out/a_alpha+6.png")
    _ = try place.write("out/a_alpha+6.png", [1])
    let again = try Command.run(arguments + ["--resume"], in: place)
    #expect(again.status == 65 || again.status == 0)
    #expect(try place.bytes("out/a_alpha+6.png") == [1])
    let anew = try Command.run(arguments, in: place)
    #expect(anew.status == 0)
    #expect(try place.bytes("out/a_alpha+6.png") == bytes)
  }

  @Test("a detector is converted, finds what its golden numbers say, and draws it")
  func detects() throws {
    let place = try Folder()
    try Command.succeed(
      ["convert", "--detector", Self.detector, "-o", "faces.idinv", "--weights", "f32", "-q"], in: place)
    let result = try Command.succeed(
      ["detect", Self.detector + "/picture.png", "--detector", "faces.idinv", "--json", "--draw", "drawn"], in: place)
    let images = try #require(try result.json["images"] as? [[String: Any]])
    #expect(images.count == 1 && images[0]["width"] as? Int == 211 && images[0]["faces"] is [Any])
    #expect(place.contents("drawn") == ["picture_faces.png"])
    try Command.succeed(["info", "faces.idinv"], in: place)
    let without = try Command.run(["detect", Self.detector + "/picture.png"], in: place)
    #expect(without.status == 66 && without.errors.contains("--detector"))
  }

  static let refusals = [
    Refusal(
      "α without a boundary", 64, ["--alpha", "--boundary"], ["edit", "a.png", "--alpha", "2", "-o", "x.png"]),
    Refusal(
      "aligned, and landmarks", 64, ["--aligned"],
      ["edit", "a.png", "--aligned", "--landmarks", "a.txt", "-o", "x.png"]),
    Refusal(
      "quality 0", 64, ["--quality", "1 to 100"], ["edit", "a.png", "--quality", "0", "-o", "x.png"]),
  ]

  @Test(arguments: EditTests.refusals)
  func isRefused(_ refusal: Refusal) throws { try RefusalTests.expect(refusal) }
}

@Suite("Files of landmarks")
struct LandmarkFileTests {
  private static let face = FaceLandmarks(
    leftEye: SIMD2(130, 100), rightEye: SIMD2(170, 104), leftMouth: SIMD2(134, 140), rightMouth: SIMD2(163, 143))
  private static let pairs = "[[130, 100], [170, 104], [149, 122], [134, 140], [163, 143]]"

  static let texts: [(String, String)] = [
    ("a.txt", "\u{FEFF}130 100\r\n170 104\r\n149 122\r\n134 140\r\n163 143\r\n"),
    ("a.csv", "x,y\n130,100\n170,104\n149,122\n134,140\n163,143\n"),
    (
      "a.csv",
      "left_eye;130,0;100,0\nright_eye;170,0;104,0\nnose;149,0;122,0\nmouth_l;134,0;140,0\nmouth_r;163,0;143,0\n"
    ),
    ("a.csv", "130,0\t100,0\n170,0\t104,0\n149,0\t122,0\n134,0\t140,0\n163,0\t143,0\n"),
    ("a.txt", "left_eye: 130 100\nright_eye: 170 104\nnose: 149 122\nl: 134 140\nr: 163 143\n"),
    (
      "a.txt",
      "2\nlefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y\n"
        + "z.jpg 1 2 3 4 5 6 7 8 9 10\na.jpg 130 100 170 104 149 122 134 140 163 143\n"
    ),
    ("a.json", pairs), ("a.json", "[130,100,170,104,149,122,134,140,163,143]"),
    (
      "a.json",
      #"[{"box": [1, 2, 3, 4], "confidence": 0.9, "keypoints": {"nose": [149, 122], "mouth_right": [163, 143], "right_eye": [170, 104], "left_eye": [130, 100], "mouth_left": [134, 140]}}]"#
    ),
    // RetinaFace says left for the person's left.
    (
      "a.json",
      #"{"face_1": {"score": 0.99, "facial_area": [1, 2, 3, 4], "landmarks": {"left_eye": [170, 104], "right_eye": [130, 100], "nose": [149, 122], "mouth_left": [163, 143], "mouth_right": [134, 140]}}}"#
    ),
    (
      "a.json",
      "{\"images\": [{\"path\": \"z.jpg\", \"faces\": []}, {\"path\": \"a.jpg\", \"faces\": [{\"landmarks\": \(pairs)}]}]}"
    ),
  ]

  @Test("kinds of common detectors and data sets", arguments: LandmarkFileTests.texts)
  func reads(name: String, text: String) throws {
    let place = try Folder()
    let path = place.at(try place.write(name, text: text))
    #expect(try LandmarkFile.faces(in: path, image: "photos/a.jpg") == [Self.face])
  }

  @Test("FFHQ's own file is asked for the photograph's number, and several faces stay apart")
  func readsMany() throws {
    let place = try Folder()
    let many = (0..<68).map { index -> String in
      switch index {
      case 36..<42: "[130, 100]"
      case 42..<48: "[170, 104]"
      case 48: "[134, 140]"
      case 54: "[163, 143]"
      default: "[0, 0]"
      }
    }
    let points = "[\(many.joined(separator: ", "))]"
    let ffhq = place.at("ffhq.json")
    try place.write(
      "ffhq.json",
      text: "{\"0\": {\"in_the_wild\": {\"face_landmarks\": []}}, \"12\": {\"image\": {\"face_landmarks\": []}, "
        + "\"in_the_wild\": {\"face_landmarks\": \(points)}}}")
    #expect(try LandmarkFile.faces(in: ffhq, image: "x/00012.png") == [Self.face])
    #expect(throws: ImagingError.self) { try LandmarkFile.faces(in: ffhq, image: "x/00013.png") }
    let two = place.at(try place.write("two.json", text: "[\(Self.pairs), \(Self.pairs)]"))
    #expect(try LandmarkFile.faces(in: two, image: "a.png").count == 2)
  }

  @Test("hostile files are refused")
  func refuses() throws {
    let place = try Folder()
    let texts = [
      "", "{}", "[]", "[1, 2]", "{\"keypoints\": 5}", "[[1e9, 1], [2, 2], [3, 3], [4, 4], [5, 5]]",
      String(repeating: "[", count: 600), "[[1, 2], [3, 4]", "{\"0\": {}, \"1\": {}}",
      "left_x left_y a_x a_y b_x b_y c_x c_y d_x d_y\nz 1 2 3\nq 1 2\n",
    ]
    for (index, text) in texts.enumerated() {
      let path = place.at(try place.write("\(index).json", text: text))
      #expect(throws: ImagingError.self, "\(text.prefix(40))") { try LandmarkFile.faces(in: path, image: "a.png") }
    }
  }
}
