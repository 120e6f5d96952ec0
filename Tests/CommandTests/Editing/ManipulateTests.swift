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
