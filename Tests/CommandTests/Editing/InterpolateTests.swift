import Checkpoint
import Foundation
import Imaging
import Testing

/// Lines between codes.
extension EditingCommandTests {
  @Test("interpolate joins every code of one set to every code of the other")
  func interpolatePairs() throws {
    let place = try Folder()
    let a = try Self.writeCodes("a.npy", count: 2, in: place)
    let b = try Self.writeCodes("b.npy", count: 1, seed: 4, in: place)
    let json = try Command.succeed(
      ["interpolate", "-m", Golden.model(), "--from-a", "a.npy", "--from-b", "b.npy", "-o", "out", "--json"], in: place
    ).json
    let codes = try place.array("out/interpolated_codes.npy")
    #expect(codes.shape == [2, 7, 8, 32])
    var expected: [Float] = []
    for line in 0..<2 {
      for step in 0..<7 {
        for entry in 0..<Self.codeCount {
          let start = a[line * Self.codeCount + entry]
          expected.append(start + Float(step) / 6 * (b[entry] - start))
        }
      }
    }
    #expect(Self.difference(codes.floats, expected) < 1e-6)
    var names: [String] = []
    var inner: [Float] = []
    for line in 0..<2 {
      for step in 1...5 {
        names.append("code000\(line)_to_code0000-2_0\(step).png")
        let start = (line * 7 + step) * Self.codeCount
        inner += codes.floats[start..<start + Self.codeCount]
      }
    }
    #expect(place.contents("out").filter { $0.hasSuffix(".png") && $0.contains("_to_") } == names)
    try NumpyArray(shape: [10, 8, 32], floats: inner).write(to: place.at("inner.npy"))
    try Self.expectPictures(names.map { "out/\($0)" }, of: "inner.npy", in: place)
    let lines = try #require(json["lines"] as? [[String: Any]])
    #expect(lines.map { ($0["change_rms_pm1"] as? [Double])?.count } == [6, 6])
    #expect(lines.map { ($0["in_domain_mean_square"] as? [Double])?.count } == [7, 7])
    try Self.expectPage("out/interpolation.html", in: place)
  }

  @Test("a film has a name of its own, whatever the images are called")
  func interpolateFilms() throws {
    let place = try Folder()
    for name in ["x", "face", "face_01"] { try place.writePicture("\(name).png") }
    let call = [
      "interpolate", "-q", "-m", try Golden.model(), "--from-a", "x.png", "--from-b", "face.png", "face_01.png",
      "--animate", "-o", "out",
    ]
    try Command.succeed(call + Self.quick, in: place)
    let films = place.contents("out").filter { $0.hasSuffix("_film.png") }
    #expect(films == ["x_to_face_01_film.png", "x_to_face_film.png"])
    #expect(place.has("out/x_to_face_film.gif") && place.has("out/x_to_face_01_film.gif"))
    #expect(try place.text("out/interpolation.html").contains("<figure class=\"film\">"))
    let step = String(decoding: try place.bytes("out/x_to_face_01.png"), as: UTF8.self)
    #expect(!step.contains("acTL"))
  }

  @Test("codes of moves and walks, [images, steps, layers, dimension], are accepted by all that takes codes")
  func fourDimensions() throws {
    let place = try Folder()
    let model = try Golden.model()
    try Self.writeCodes("codes.npy", count: 2, in: place)
    try Self.writeBoundary("smile.npy", in: place)
    try Command.succeed(
      ["manipulate", "-q", "-m", model, "--codes", "codes.npy", "-b", "smile.npy", "--alpha", "-1,1", "-o", "moved"],
      in: place)
    let moved = try place.array("moved/manipulated_codes.npy")
    #expect(moved.shape == [2, 2, 8, 32])
    try Command.succeed(
      ["interpolate", "-q", "-m", model, "moved/manipulated_codes.npy", "--steps", "1", "-o", "walks"], in: place)
    let walks = try place.array("walks/interpolated_codes.npy")
    #expect(walks.shape == [6, 3, 8, 32] || walks.shape == [3, 3, 8, 32], "\(walks.shape)")
    #expect(Array(walks.floats[..<256]) == Array(moved.floats[..<256]))
    for path in ["moved/manipulated_codes.npy", "walks/interpolated_codes.npy"] {
      try Command.succeed(["synthesize", "-q", "-m", model, "--codes", path, "-o", "pictures"], in: place)
      let codes = try place.array(path)
      #expect(try place.array("pictures/codes.npy").floats == codes.floats)
      #expect(place.contents("pictures").count { $0.hasSuffix(".png") } == codes.floats.count / 256)
    }
  }

  @Test("a path leads through all images in order, and back with --loop")
  func interpolatePath() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    try place.writePicture("b.png", index: 1)
    let model = try Golden.model()
    try Command.succeed(
      ["interpolate", "-q", "-m", model, "a.png", "b.png", "--steps", "1", "--loop", "--animate", "-o", "out"]
        + Self.quick,
      in: place)
    let codes = try place.array("out/interpolated_codes.npy")
    let ends = try place.array("out/inverted_codes.npy").floats
    #expect(codes.shape == [2, 3, 8, 32])
    #expect(Array(codes.floats[..<256]) == Array(ends[..<256]))
    #expect(Array(codes.floats[512..<1024]) == Array(ends[256...]) + Array(ends[256...]))
    #expect(Array(codes.floats[1280...]) == Array(ends[..<256]))
    #expect(place.has("out/a_to_b_01.png") && place.has("out/b_to_a_01.png") && place.has("out/a_ori.png"))
    try Self.expectPage("out/interpolation.html", in: place)
    // The film: a, between, b, between. Plain readers see its first picture.
    let film = String(decoding: try place.bytes("out/path.png"), as: UTF8.self)
    #expect(try PNG.read(place.at("out/path.png")) == PNG.read(place.at("out/a_inv.png")))
    #expect(film.components(separatedBy: "fcTL").count == 5)
    // No step within: the ends alone.
    try Command.succeed(
      ["interpolate", "-q", "-m", model, "--from", "out", "--steps", "0", "-o", "none"], in: place)
    #expect(try place.array("none/interpolated_codes.npy").shape == [1, 2, 8, 32])
    try Self.expectPage("none/interpolation.html", in: place)
  }

  // MARK: mix
}
