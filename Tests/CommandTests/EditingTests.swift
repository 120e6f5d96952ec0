import Checkpoint
import Foundation
import Imaging
import Testing

@Suite("manipulate, interpolate, mix and diffuse")
struct EditingCommandTests {
  /// The small model's codes: L = 8 layers of D = 32.
  static let shape = [8, 32]
  static let codeCount = 8 * 32
  static let quick = ["--iterations", "2"]

  /// Seeded numbers, some -1...1.
  static func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(Int32.max)
    }
  }

  static func unit(_ values: [Float]) -> [Float] {
    let length = dot(values, values).squareRoot()
    return values.map { $0 / length }
  }

  static func dot(_ a: [Float], _ b: [Float]) -> Float {
    var sum: Float = 0
    for index in a.indices { sum += a[index] * b[index] }
    return sum
  }

  /// max |a − b|.
  static func difference(_ a: [Float], _ b: [Float]) -> Float {
    guard a.count == b.count else { return .infinity }
    var largest: Float = 0
    for index in a.indices { largest = max(largest, abs(a[index] - b[index])) }
    return largest
  }

  @discardableResult
  static func writeCodes(_ name: String, count: Int, seed: UInt64 = 1, in place: Folder) throws -> [Float] {
    let values = numbers(count * codeCount, seed: seed)
    try NumpyArray(shape: [count, 8, 32], floats: values).write(to: place.at(name))
    return values
  }

  @discardableResult
  static func writeBoundary(_ name: String, seed: UInt64 = 9, in place: Folder) throws -> [Float] {
    let values = unit(numbers(32, seed: seed))
    try NumpyArray(shape: [1, 32], floats: values).write(to: place.at(name))
    return values
  }

  /// The pictures that the program makes of codes on their own.
  static func expectPictures(_ names: [String], of array: String, in place: Folder) throws {
    try Command.succeed(
      ["synthesize", "-q", "-m", Golden.model(), "--codes", array, "-o", "expected"], in: place)
    for (index, name) in names.enumerated() {
      let expected = try place.bytes("expected/code\(String(format: "%04d", index)).png")
      #expect(try place.bytes(name) == expected, "\(name)")
    }
  }

  static func expectPage(_ name: String, in place: Folder) throws {
    let page = try place.text(name)
    expectWellFormed(page)
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
    for foreign in ["http:", "https:", "src=\"/", "url(", "@import", "<link"] { #expect(!page.contains(foreign)) }
    for part in page.components(separatedBy: "data-of=\"").dropFirst() {
      let id = part.prefix { $0 != "\"" }
      #expect(page.contains("id=\"\(id)\""), "nothing has the id \(id)")
    }
    let ids = page.components(separatedBy: " id=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
    #expect(Set(ids).count == ids.count, "an id is there twice")
  }

  // MARK: manipulate

  @Test("manipulate moves codes by the published formula, and each picture is that of its code")
  func manipulate() throws {
    let place = try Folder()
    let codes = try Self.writeCodes("codes.npy", count: 2, in: place)
    let normal = try Self.writeBoundary("smile.npy", in: place)
    let json = try Command.succeed(
      [
        "manipulate", "-m", Golden.model(), "--codes", "codes.npy", "--boundary", "smile.npy", "--layers", "2-4,6",
        "-o",
        "out", "--json",
      ], in: place
    ).json
    let moved = try place.array("out/manipulated_codes.npy")
    #expect(moved.shape == [2, 7, 8, 32])
    var expected: [Float] = []
    for image in 0..<2 {
      for alpha in [Float(-3), -2, -1, 0, 1, 2, 3] {
        for entry in 0..<Self.codeCount {
          let move = [2, 3, 4, 6].contains(entry / 32) ? alpha * normal[entry % 32] : 0
          expected.append(codes[image * Self.codeCount + entry] + move)
        }
      }
    }
    #expect(Self.difference(moved.floats, expected) < 1e-6)
    try NumpyArray(shape: [14, 8, 32], floats: moved.floats).write(to: place.at("steps.npy"))
    let names = (0..<14).map { "out/code000\($0 / 7)_step0\($0 % 7 + 1).png" }
    try Self.expectPictures(names, of: "steps.npy", in: place)
    // Nothing is moved at α = 0.
    #expect(try place.bytes("out/code0001_step04.png") == place.bytes("out/code0001_inv.png"))
    #expect(json["distances"] as? [Double] == [-3, -2, -1, 0, 1, 2, 3])
    #expect((json["images"] as? [[String: Any]])?.map { $0["name"] as? String } == ["code0000", "code0001"])
    let steps = try #require((json["images"] as? [[String: Any]])?[0]["steps"] as? [[String: Any]])
    #expect(steps.map { $0["change_rms_pm1"] as? Double == 0 } == [false, false, false, true, false, false, false])
    try Self.expectPage("out/manipulation.html", in: place)
    #expect(try place.json("out/summary.json")["complete"] as? Bool == true)

    // The attribute network reads off each picture what it reads off the picture's code.
    let attributes = try Command.succeed(
      ["attributes", "-m", Golden.model(), "--codes", "steps.npy", "--json"], in: place
    ).json
    let read = try #require(attributes["images"] as? [[String: Any]]).compactMap { $0["values"] as? [String: Double] }
    #expect(read.count == 14)
    for (step, values) in zip(steps, read) {
      let own = try #require(step["attributes"] as? [String: Double])
      #expect(own.keys.sorted() == values.keys.sorted())
      for (name, value) in values {
        let difference = abs(try #require(own[name]) - value)
        #expect(difference <= 1e-4 * max(1, abs(value)), "\(name)")
      }
    }
  }

  @Test("images are inverted first, and the output is a result folder that --from takes up")
  func manipulateImages() throws {
    let place = try Folder()
    try place.writePicture("in/a.png")
    try place.writePicture("in/b.png", index: 1)
    try place.write("in/c.png", text: "no picture")
    try Self.writeBoundary("smile.npy", in: place)
    let model = try Golden.model()
    let result = try Command.run(
      ["manipulate", "-q", "-m", model, "in", "-b", "smile.npy", "--alpha", "-1.5,2", "-o", "out"] + Self.quick,
      in: place)
    #expect(result.status == 65 && result.errors.contains("in/c.png"), "\(result.errors)")
    #expect(
      place.contents("out") == [
        "a_enc.png", "a_inv.png", "a_ori.png", "a_step01.png", "a_step02.png", "b_enc.png", "b_inv.png", "b_ori.png",
        "b_step01.png", "b_step02.png", "encoded_codes.npy", "image_list.txt", "inverted_codes.npy",
        "manipulated_codes.npy", "manipulation.html", "summary.json",
      ])
    // As `invert` does by itself.
    #expect(
      try Command.run(["invert", "-q", "-m", model, "in", "-o", "inverted"] + Self.quick, in: place).status == 65)
    for name in ["inverted_codes.npy", "image_list.txt", "a_inv.png", "b_enc.png", "b_ori.png"] {
      #expect(try place.bytes("out/\(name)") == place.bytes("inverted/\(name)"), "\(name)")
    }
    try Command.succeed(
      ["manipulate", "-q", "-m", model, "--from", "inverted", "-b", "smile.npy", "--alpha", "-1.5,2", "-o", "again"],
      in: place)
    for name in ["manipulated_codes.npy", "a_step02.png", "b_inv.png", "a_ori.png", "image_list.txt"] {
      #expect(try place.bytes("again/\(name)") == place.bytes("out/\(name)"), "\(name)")
    }
    try Self.expectPage("out/manipulation.html", in: place)
    #expect(try place.text("out/manipulation.html").contains("Skipped: in/c.png"))
  }

  @Test("several boundaries move together, each by its factor; conditions are projected out")
  func severalBoundaries() throws {
    let place = try Folder()
    let code = try Self.writeCodes("codes.npy", count: 1, in: place)
    let (a, b) = (try Self.writeBoundary("a.npy", in: place), try Self.writeBoundary("b.npy", seed: 5, in: place))
    let arguments = ["manipulate", "-q", "-m", try Golden.model(), "--codes", "codes.npy", "--alpha", "2"]
    try Command.succeed(arguments + ["-b", "a.npy", "-b", "b.npy:-0.5", "-o", "both"], in: place)
    let both = try place.array("both/manipulated_codes.npy").floats
    let expected = code.indices.map { index -> Float in code[index] + 2 * a[index % 32] - b[index % 32] }
    #expect(Self.difference(both, expected) < 1e-6)
    try Command.succeed(arguments + ["-b", "a.npy", "--condition", "b.npy", "-o", "apart"], in: place)
    let apart = try place.array("apart/manipulated_codes.npy").floats
    for layer in 0..<8 {
      let move = (0..<32).map { entry -> Float in apart[layer * 32 + entry] - code[layer * 32 + entry] }
      #expect(abs(Self.dot(move, b)) < 1e-5)
      #expect(abs(Self.dot(move, move).squareRoot() - 2) < 1e-5)
    }
  }

  @Test("a result folder of idinvert_pytorch is read, and its odd names do no harm")
  func foreignFolder() throws {
    let place = try Folder()
    try place.write("theirs/image_list.txt", text: "examples/0.jpg\r\nother/0.png\n  images/x y.png \n<b>&\"'.png\n\n")
    try Self.writeCodes("theirs/inverted_codes.npy", count: 4, in: place)
    try place.writePicture("theirs/0_ori.png")
    try place.writePicture("theirs/x y_ori.png", index: 1)
    try Self.writeBoundary("smile.npy", in: place)
    try Command.succeed(
      [
        "manipulate", "-q", "-m", Golden.generatorModel(), "--from", "theirs/", "-b", "smile.npy", "--steps", "1",
        "--start-distance", "1", "-o", "out",
      ], in: place)
    #expect(
      place.contents("out").filter { $0.hasSuffix(".png") } == [
        "0-2_inv.png", "0-2_step01.png", "0_inv.png", "0_ori.png", "0_step01.png",
        "<b>&\"'_inv.png", "<b>&\"'_step01.png", "x y_inv.png", "x y_ori.png", "x y_step01.png",
      ])
    #expect(try place.text("out/image_list.txt") == "examples/0.jpg\n0-2.png\nimages/x y.png\n<b>&\"'.png\n")
    try Self.expectPage("out/manipulation.html", in: place)
  }

  // MARK: interpolate

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
    let step = String(decoding: try place.bytes("out/x_to_face_01.png"), as: UTF8.self)
    #expect(!step.contains("acTL"))
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

  @Test("mix gives every style's late layers to every content")
  func mix() throws {
    let place = try Folder()
    let styles = try Self.writeCodes("styles.npy", count: 2, in: place)
    let contents = try Self.writeCodes("contents.npy", count: 3, seed: 4, in: place)
    let arguments = ["mix", "-m", try Golden.model(), "--styles", "styles.npy", "--contents", "contents.npy"]
    for (layers, chosen) in [([], [6, 7]), (["--layers", "0,5-6"], [0, 5, 6])] {
      let json = try Command.succeed(arguments + layers + ["-o", "out", "--json"], in: place).json
      #expect(json["layers"] as? [Int] == chosen)
      let mixed = try place.array("out/mixed_codes.npy")
      #expect(mixed.shape == [2, 3, 8, 32])
      var expected: [Float] = []
      var names: [String] = []
      for style in 0..<2 {
        // The contents' names come after the styles': the first two are taken.
        for (content, name) in ["code0000-2", "code0001-2", "code0002"].enumerated() {
          for entry in 0..<Self.codeCount {
            expected.append(
              chosen.contains(entry / 32)
                ? styles[style * Self.codeCount + entry] : contents[content * Self.codeCount + entry])
          }
          names.append("out/code000\(style)_on_\(name).png")
        }
      }
      #expect(mixed.floats == expected)
      try NumpyArray(shape: [6, 8, 32], floats: mixed.floats).write(to: place.at("mixed.npy"))
      try Self.expectPictures(names, of: "mixed.npy", in: place)
      try Self.expectPage("out/mixing.html", in: place)
    }
  }

  // MARK: diffuse

  @Test("diffuse pastes the target's part, and refines the code of the pasted picture within it")
  func diffuse() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    try place.writePicture("b.png", index: 1)
    let model = try Golden.model()
    let arguments = ["diffuse", "-m", model, "--targets", "a.png", "--contexts", "b.png", "a.png"]
    let json = try Command.succeed(
      arguments + ["-o", "out", "--json", "--iterations", "30", "-s", "16", "-x", "16", "-y", "16"], in: place
    ).json
    let (target, context) = (try PNG.read(place.at("a.png")), try PNG.read(place.at("b.png")))
    let pasted = try PNG.read(place.at("out/a_to_b_ori.png"))
    for row in 0..<32 {
      for column in 0..<32 {
        let isTarget = (8..<24).contains(row) && (8..<24).contains(column)
        #expect(pasted[row, column] == (isTarget ? target : context)[row, column])
      }
    }
    #expect(try place.array("out/inverted_codes.npy").shape == [2, 8, 32])
    #expect(try place.text("out/image_list.txt") == "a_to_b.png\na_to_a.png\n")
    #expect(
      try place.text("out/target_list.txt") == "a.png\n" && place.text("out/context_list.txt") == "b.png\na.png\n")
    // The start is the encoder's code of the pasted picture, the end is better within the mask.
    try Command.succeed(["encode", "-q", "-m", model, "out/a_to_b_ori.png", "-o", "encoded"], in: place)
    let encoded = try place.array("encoded/encoded_codes.npy").floats
    #expect(Array(try place.array("out/encoded_codes.npy").floats[..<256]) == encoded)
    let pairs = try #require(json["pairs"] as? [[String: Any]])
    for pair in pairs {
      let (first, last) = (pair["first_losses"] as? [String: Any], pair["last_losses"] as? [String: Any])
      let (start, end) = (try #require(first?["total"] as? Double), try #require(last?["total"] as? Double))
      #expect(end < start)
      #expect(first?["domain"] as? Double == 0)
    }
    try Self.expectPictures(["out/a_to_b_inv.png", "out/a_to_a_inv.png"], of: "out/inverted_codes.npy", in: place)
    #expect(try place.text("out/losses.jsonl").split(separator: "\n").count == 60)
    try Self.expectPage("out/diffusion.html", in: place)

    // The same part as a mask picture gives the same codes, and so do pairs one at a time.
    try Command.succeed(
      arguments + ["-q", "-o", "masked", "--iterations", "30", "--mask", "out/mask.png", "--batch", "1"], in: place)
    #expect(try place.bytes("masked/inverted_codes.npy") == place.bytes("out/inverted_codes.npy"))
    // A result folder for the other commands.
    try Self.writeBoundary("smile.npy", in: place)
    try Command.succeed(
      ["manipulate", "-q", "-m", model, "--from", "out", "-b", "smile.npy", "-o", "edited"], in: place)
  }

  @Test("the published crop box is taken at the model's scale")
  func defaultBox() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    try place.writePicture("b.png", index: 1)
    let json = try Command.succeed(
      [
        "diffuse", "-m", Golden.model(), "--targets", "a.png", "--contexts", "b.png", "-o", "out", "--iterations", "0",
        "--json",
      ], in: place
    ).json
    #expect(json["mask_pixels"] as? Int == 14 * 14)
  }

  // MARK: Bad input

  static let refusals: [Refusal] = [
    Refusal("a boundary of another model", 65, ["boundary 'b'", "[1, 16]", "[1, 8, 32]", "b.npy"], boundary) {
      try writeCodes("codes.npy", count: 1, in: $0)
      try NumpyArray(shape: [1, 16], floats: numbers(16, seed: 1)).write(to: $0.at("b.npy"))
    },
    Refusal(
      "a published boundary of another model", 65, ["[1, 14, 512]", "[1, 8, 32]"],
      [
        "manipulate", "-m", "MODEL", "--codes", "codes.npy", "-o", "out", "-b",
        Golden.path("boundaries", "ffhq256_expression.npy"),
      ]
    ) { try writeCodes("codes.npy", count: 1, in: $0) },
    Refusal(
      "a condition of another model", 65, ["[1, 512]", "[1, 32]"],
      boundary + [
        "--condition", Golden.path("boundaries", "stylegan_ffhq_smile_w_boundary.npy"),
      ]
    ) {
      try writeCodes("codes.npy", count: 1, in: $0)
      try writeBoundary("b.npy", in: $0)
    },
    Refusal(
      "codes of another model", 65, ["[1, 8, 32]", "[N, 10, 48]", "codes.npy"],
      [
        "manipulate", "-m", "OTHER", "--codes", "codes.npy", "-b", "b.npy", "-o", "out",
      ]
    ) {
      try writeCodes("codes.npy", count: 1, in: $0)
      try NumpyArray(shape: [48], floats: numbers(48, seed: 1)).write(to: $0.at("b.npy"))
    },
    Refusal(
      "codes of another model to walk between", 65, ["[2, 8, 32]", "[N, 10, 48]"],
      [
        "interpolate", "-m", "OTHER", "--codes", "codes.npy", "-o", "out",
      ]
    ) { try writeCodes("codes.npy", count: 2, in: $0) },
    Refusal(
      "codes of another model to mix", 65, ["[2, 8, 32]", "[N, 10, 48]"],
      [
        "mix", "-m", "OTHER", "--styles", "codes.npy", "--contents", "codes.npy", "-o", "out",
      ]
    ) { try writeCodes("codes.npy", count: 2, in: $0) },
    Refusal("a boundary that is a program", 65, ["os.system", "b.npy", "was not run"], boundary) {
      try writeCodes("codes.npy", count: 1, in: $0)
      try $0.write("b.npy", objectArray("cos\nsystem\n(S'touch out'\ntR."))
    },
    Refusal("a boundary of zeros", 65, ["boundary 'b'", "zero"], boundary) {
      try writeCodes("codes.npy", count: 1, in: $0)
      try NumpyArray(shape: [32], floats: [Float](repeating: 0, count: 32)).write(to: $0.at("b.npy"))
    },
    Refusal("a boundary that its condition takes up wholly", 65, ["conditions"], boundary + ["--condition", "b.npy"]) {
      try writeCodes("codes.npy", count: 1, in: $0)
      try writeBoundary("b.npy", in: $0)
    },
    Refusal("layers that the model does not have", 65, ["0 to 7", "7,8"], boundary + ["--layers", "7-8"]) {
      try writeCodes("codes.npy", count: 1, in: $0)
      try writeBoundary("b.npy", in: $0)
    },
    Refusal("no boundary file", 66, ["b.npy"], boundary) { try writeCodes("codes.npy", count: 1, in: $0) },
    Refusal(
      "a result folder without codes", 66, ["inverted_codes.npy"],
      [
        "manipulate", "-m", "MODEL", "--from", "empty", "-b", "b.npy", "-o", "out",
      ]
    ) {
      try $0.write("empty/x", text: "")
      try writeBoundary("b.npy", in: $0)
    },
    Refusal(
      "a list that does not fit its codes", 65, ["image_list.txt", "2 lines", "found 1"],
      [
        "interpolate", "-m", "MODEL", "--from", "theirs", "-o", "out",
      ]
    ) {
      try $0.write("theirs/image_list.txt", text: "a.png\n")
      try writeCodes("theirs/inverted_codes.npy", count: 2, in: $0)
    },
    Refusal("a path through one image", 65, ["two or more"], ["interpolate", "-m", "MODEL", "a.png", "-o", "out"]),
    Refusal(
      "a mask of another size", 65, ["mask.png", "32×32", "16×16"],
      [
        "diffuse", "-m", "MODEL", "--targets", "a.png", "--contexts", "a.png", "--mask", "mask.png", "-o", "out",
      ]
    ) { try $0.writePicture("mask.png", height: 16, width: 16) },
    Refusal(
      "a mask of one colour", 65, ["mask.png", "all of them"],
      [
        "diffuse", "-m", "MODEL", "--targets", "a.png", "--contexts", "a.png", "--mask", "mask.png", "-o", "out",
      ]
    ) { try $0.write("mask.png", PNG.encode(Image8(height: 32, width: 32))) },
    Refusal(
      "a box outside of the picture", 64, ["crop box", "none"],
      [
        "diffuse", "-m", "MODEL", "--targets", "a.png", "--contexts", "a.png", "-x", "900", "-o", "out",
      ]),
    Refusal(
      "a diffusion without an encoder", 65, ["no encoder"],
      [
        "diffuse", "-m", "GENERATOR", "--targets", "a.png", "--contexts", "a.png", "-o", "out", "--lambda-perceptual",
        "0",
      ]),
    Refusal(
      "results in place of the codes", 64, ["would overwrite"],
      [
        "manipulate", "-m", "MODEL", "--from", "theirs", "-b", "b.npy", "-o", "theirs",
      ]
    ) {
      try $0.write("theirs/image_list.txt", text: "a.png\n")
      try writeCodes("theirs/inverted_codes.npy", count: 1, in: $0)
      try writeBoundary("b.npy", in: $0)
    },
  ]
  private static let boundary = ["manipulate", "-m", "MODEL", "--codes", "codes.npy", "-b", "b.npy", "-o", "out"]

  /// A `.npy` file of objects with this pickle.
  private static func objectArray(_ pickle: String) -> [UInt8] {
    var text = Array("{'descr': '|O', 'fortran_order': False, 'shape': (), }".utf8)
    while (10 + text.count + 1) % 64 != 0 { text.append(0x20) }
    text.append(0x0a)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count), 0] + text + Array(pickle.utf8)
  }

  @Test("what cannot be edited is refused in one line, and nothing is written", arguments: refusals)
  func refused(refusal: Refusal) throws { try RefusalTests.expect(refusal) }

  @Test(
    "wrong usage",
    arguments: [
      ["manipulate", "a.png", "-o", "out"], ["manipulate", "-b", "b.npy", "-o", "out"],
      ["manipulate", "a.png", "--codes", "c.npy", "-b", "b.npy", "-o", "out"],
      ["manipulate", "a.png", "-b", "b.npy:0", "-o", "out"], ["manipulate", "a.png", "-b", "b.npy:inf", "-o", "out"],
      ["manipulate", "a.png", "-b", "b.npy", "-o", "out", "--steps", "0"],
      ["manipulate", "a.png", "-b", "b.npy", "-o", "out", "--alpha", "1,,2"],
      ["manipulate", "a.png", "-b", "b.npy", "-o", "out", "--alpha", "nan"],
      ["manipulate", "a.png", "-b", "b.npy", "-o", "out", "--start-distance", "inf"],
      ["manipulate", "a.png", "-b", "b.npy", "-o", "out", "--layers", "x"],
      ["interpolate", "-o", "out"], ["interpolate", "--from-a", "a", "-o", "out"],
      ["interpolate", "--from-a", "a", "--from-b", "b", "--loop", "-o", "out"],
      ["interpolate", "a.png", "--from", "b", "-o", "out"], ["interpolate", "a.png", "-o", "out", "--steps", "-1"],
      ["mix", "--styles", "a", "-o", "out"], ["diffuse", "--targets", "a.png", "-o", "out"],
      ["diffuse", "--targets", "a.png", "--contexts", "a.png", "-o", "out", "--mask", "m.png", "-s", "3"],
      ["diffuse", "--targets", "a.png", "--contexts", "a.png", "-o", "out", "-s", "0"],
      ["diffuse", "--targets", "a.png", "--contexts", "a.png", "-o", "out", "--iterations", "-1"],
    ])
  func usage(arguments: [String]) throws {
    let place = try Folder()
    let result = try Command.run(arguments, in: place)
    #expect(result.status == 64 && result.output.isEmpty, "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    #expect(place.contents().isEmpty)
  }

  @Test("Ctrl-C while images are inverted saves the codes so far, and --from goes on with them")
  func interruption() throws {
    let place = try Folder()
    try place.writePicture("in/a.png")
    try place.writePicture("in/b.png", index: 1)
    try Self.writeBoundary("smile.npy", in: place)
    let model = try Golden.model()
    let running = try Command.Running(
      [
        "manipulate", "-m", model, "in", "-b", "smile.npy", "-o", "out", "--optimizer", "adam", "--iterations",
        "1000000",
      ], in: place)
    #expect(running.wait(until: { place.has("out/a_ori.png") }))
    usleep(300_000)
    running.send(SIGINT)
    let result = try running.wait()
    #expect(result.status == 130 && result.errors.contains("--from"), "\(result.errors)")
    // Both were at work, side by side.
    #expect(try place.array("out/inverted_codes.npy").shape == [2, 8, 32])
    try Command.succeed(
      ["manipulate", "-q", "-m", model, "--from", "out", "-b", "smile.npy", "--steps", "2", "-o", "edited"], in: place)
  }
}
