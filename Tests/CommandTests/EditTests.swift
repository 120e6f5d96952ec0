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

  @Test("eight orientations of one photograph give the same bytes of code")
  func orientations() throws {
    let place = try Folder()
    try photo(place, "upright.png")
    let upright = try PNG.read(place.at("upright.png"))
    var names: [String] = []
    for orientation in Orientation.allCases {
      let inverse: Orientation =
        switch orientation {
        case .turnedRight: .turnedLeft
        case .turnedLeft: .turnedRight
        default: orientation
        }
      let exif: [UInt8] = [
        0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, UInt8(orientation.rawValue), 0, 0, 0, 0, 0,
        0,
      ]
      let name = "\(orientation.rawValue)"
      let metadata = ImageMetadata(exif: exif), stored = upright.upright(inverse)
      try PictureFormat.png.write(stored, metadata: metadata, to: place.at("\(name).png"))
      try PictureFormat.jpeg(quality: 95).write(stored, metadata: metadata, to: place.at("\(name).jpg"))
      // What the JPEG holds, upright and without loss.
      try PNG.write(PictureFile.read(place.at("\(name).jpg")), place.at("\(name)-decoded.png"))
      names += ["\(name).png", "\(name).jpg", "\(name)-decoded.png"]
    }
    try Command.succeed(
      ["encode"] + names + ["--model", try Golden.model(), "--crop", "center", "-o", "out", "-q"], in: place)
    let codes = try place.array("out/encoded_codes.npy")
    let count = codes.floats.count / names.count
    func code(_ index: Int) -> [Float] { Array(codes.floats[index * count..<(index + 1) * count]) }
    for index in 0..<8 {
      #expect(code(3 * index) == code(0), "\(names[3 * index])")
      #expect(code(3 * index + 1) == code(3 * index + 2), "\(names[3 * index + 1])")
    }
  }

  @Test("a style is mixed in, from a photograph or a code; α is how much")
  func mixes() throws {
    let place = try Folder()
    for name in ["a.png", "b.png"] { try photo(place, name) }
    let arguments = ["edit", "a.png", "--model", try Golden.model(), "--iterations", "2", "-q"]
    try Command.succeed(arguments + ["--mix", "b.png", "--alpha", "0,1", "-o", "out"], in: place)
    let before = try PNG.read(place.at("a.png"))
    #expect(try PNG.read(place.at("out/a_alpha+0.png")) == before)
    // The style of the same face changes nothing.
    #expect(try PNG.read(place.at("out/a_alpha+1.png")) == before)
    let shape = try place.array(try encoded(place))
    let other = shape.floats.indices.map { Float(($0 * 7) % 5) / 2 - 1 }
    try NumpyArray(shape: shape.shape, floats: other).write(to: place.at("style.npy"))
    try Command.succeed(arguments + ["--mix", "style.npy", "-o", "mixed.png"], in: place)
    #expect(try PNG.read(place.at("mixed.png")) != before)
    try Command.succeed(arguments + ["--mix", "style.npy", "--mix-layers", "0", "-o", "coarse.png"], in: place)
    #expect(try PNG.read(place.at("coarse.png")) != PNG.read(place.at("mixed.png")))
    let several = try Command.run(arguments + ["--mix", "nothing", "-o", "x.png"], in: place)
    #expect(several.status == 66)
  }

  private func encoded(_ place: Folder) throws -> String {
    try Command.succeed(
      ["encode", "a.png", "--model", try Golden.model(), "--crop", "center", "-o", "codes", "-q"], in: place)
    return "codes/encoded_codes.npy"
  }

  @Test("a photograph of 12 megapixels held upright needs less than 150 MB", .enabled(if: Command.launcher.isEmpty))
  func memory() throws {
    let place = try Folder()
    let (height, width) = (3000, 4000)
    var pixels = [UInt8](repeating: 90, count: height * width * 3)
    for row in 0..<height {
      for column in stride(from: row % 7, to: width, by: 7) { pixels[(row * width + column) * 3] = UInt8(row / 12) }
    }
    let exif: [UInt8] = [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0]
    try PictureFormat.jpeg(quality: 90).write(
      Image8(height: height, width: width, pixels: pixels), metadata: ImageMetadata(exif: exif), to: place.at("a.jpg"))
    try place.write("a.txt", text: "1300 1500\n1700 1510\n1500 1750\n1350 1950\n1650 1960\n")
    let root = Golden.tests.deletingLastPathComponent().path
    let result = try Command.run(
      [
        "edit", "a.jpg", "--model", root + "/models/default.idinv", "--boundary", root + "/models/boundaries/smile.npy",
        "--iterations", "5", "-o", "b.jpg", "-q",
      ], in: place)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.peakByteCount < 150 << 20, "\(result.peakByteCount)")
    #expect(try PictureFile(place.at("b.jpg")).header.width == height)
  }

  @Test("an α in standard deviations is that many times what the boundary's file says")
  func deviations() throws {
    let place = try Folder()
    try photo(place, "a.png")
    let normal = (0..<32).map { Float(($0 * 7) % 5) - 2 }
    for name in ["b", "plain"] {
      try NumpyArray(shape: [1, 32], floats: normal).write(to: place.at("\(name).npy"))
    }
    try place.write("b.json", text: #"{"distance_standard_deviation": 3}"#)
    let arguments = ["edit", "a.png", "--model", try Golden.model(), "--iterations", "2", "--boundary"]
    let said = try Command.succeed(arguments + ["b.npy", "--alpha", "-2sd,2sd", "-o", "out"], in: place).output
    #expect(said.contains("α from -6 (-2 sd) to 6 (2 sd) along b.npy, where 1 sd is 3\n"), "\(said)")
    try Command.succeed(arguments + ["plain.npy", "--alpha", "-6,6", "-o", "plain"], in: place)
    #expect(try place.text("out/edit.html").contains("α −6 (−2 sd)"))
    for (name, plain) in [("-2sd", "-6"), ("+2sd", "+6")] {
      #expect(try place.bytes("out/a_alpha\(name).png") == place.bytes("plain/a_alpha\(plain).png"))
    }
    #expect(try place.bytes("out/a_alpha+2sd.png") != place.bytes("out/a_alpha-2sd.png"))
    // What is usual: two deviations, and 1 where nothing says how far codes lie.
    for (name, usual) in [("b", "2sd"), ("plain", "1")] {
      try Command.succeed(arguments + ["\(name).npy", "-o", "usual-\(name).png"], in: place)
      try Command.succeed(arguments + ["\(name).npy", "--alpha", usual, "-o", "\(name)-\(usual).png"], in: place)
      #expect(try place.bytes("usual-\(name).png") == place.bytes("\(name)-\(usual).png"))
    }
    let unknown = try Command.run(arguments + ["plain.npy", "--alpha", "2sd", "-o", "x"], in: place)
    #expect(unknown.status == 65 && unknown.errors.contains("how far codes lie"), "\(unknown.errors)")
    let none = try Command.run(
      ["edit", "a.png", "--model", try Golden.model(), "--mix", "a.png", "--alpha", "1sd", "-o", "x"], in: place)
    #expect(none.status == 64 && none.errors.contains("--alpha"), "\(none.errors)")
    let far = try Command.run(arguments + ["b.npy", "--alpha", "5sd", "-o", "far.png"], in: place)
    #expect(far.status == 0 && far.errors.contains("warning: α reaches 5 standard deviations"), "\(far.errors)")
  }

  @Test("missing landmarks are told of before anything is done or said")
  func missingLandmarks() throws {
    let place = try Folder()
    for name in ["a.png", "face.png"] { try photo(place, name) }
    try FileManager.default.removeItem(atPath: place.at("face.txt"))
    try NumpyArray(shape: [1, 32], floats: (0..<32).map { Float($0 % 5) - 2 }).write(to: place.at("b.npy"))
    try place.write("b.json", text: #"{"distance_standard_deviation": 3}"#)
    let model = ["--model", try Golden.model(), "-o", "out"]
    for arguments in [["face.png", "--boundary", "b.npy"], ["a.png", "--mix", "face.png", "--alpha", "0.5,1"]] {
      let result = try Command.run(["edit"] + arguments + model, in: place)
      #expect(result.status == 65 && result.output.isEmpty && !place.has("out"), "\(result.output)")
      #expect(result.errors.contains("face.png: no landmarks; expected ") && result.errors.contains("--aligned"))
    }
  }

  @Test("a face beyond the photograph is told of in its own pixels, and one without a picture is not put there")
  func impossibleFaces() throws {
    let place = try Folder()
    try photo(place, "a.jpg")
    try place.write("far.txt", text: "1220 1220\n1300 1230\n1260 1270\n1230 1310\n1290 1320\n")
    let arguments = ["edit", "a.jpg", "--model", try Golden.model(), "--iterations", "2", "-o", "out.jpg"]
    let beyond = try Command.run(arguments + ["--landmarks", "far.txt"], in: place)
    #expect(
      beyond.status == 65 && beyond.errors.contains("does not lie within the picture of 90×70"), "\(beyond.errors)")
    try NumpyArray(shape: [1, 32], floats: (0..<32).map { Float($0 % 5) - 2 }).write(to: place.at("b.npy"))
    let endless = try Command.run(arguments + ["--boundary", "b.npy", "--alpha", "1e300"], in: place)
    #expect(endless.status == 65 && endless.errors.contains("a.jpg: the generator's image is not finite"))
    #expect(!place.has("out.jpg"))
  }

  @Test("a folder that takes no files is told of before any work is done", .enabled(if: Command.canMount))
  func readOnlyFolder() throws {
    let place = try Folder()
    try photo(place, "a.png")
    try FileManager.default.createDirectory(atPath: place.at("shut"), withIntermediateDirectories: true)
    try NumpyArray(shape: [1, 32], floats: (0..<32).map { Float($0 % 5) - 2 }).write(to: place.at("b.npy"))
    try place.write("b.json", text: #"{"distance_standard_deviation": 3}"#)
    let shut = try Command.run(
      ["edit", "a.png", "--model", try Golden.model(), "--boundary", "b.npy", "-o", "shut/a.png"], in: place,
      mounts: "mount -t tmpfs -o ro none \(place.at("shut"))")
    #expect(shut.status == 73 && shut.output.isEmpty, "\(shut.output)")
    #expect(shut.errors.contains("shut/a.png: cannot be written (create): Read-only"), "\(shut.errors)")
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
        "a_film.gif", "a_film.png",
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
      "layers of no style", 64, ["--mix-layers", "--mix"], ["edit", "a.png", "--mix-layers", "1", "-o", "x.png"]),
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
