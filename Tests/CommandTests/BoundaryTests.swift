import Checkpoint
import Foundation
import Testing

@Suite("boundary")
struct BoundaryTests {
  private func length(_ values: some Sequence<Float>) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  @Test("train draws samples once, and learns a boundary for each attribute")
  func fromTheModel() throws {
    let place = try Folder()
    let model = try Golden.model()
    let train = ["boundary", "train", "-m", model, "--samples", "400", "--ratio", "0.1", "--seed", "4"]
    let text = try Command.succeed(
      train + ["--attribute", "smile,yaw", "-o", "b", "--keep-samples", "s"], in: place
    ).output
    #expect(text.split(separator: "\n").count == 2 && text.hasPrefix("smile: right in training "))
    #expect(place.contents("b") == ["smile.json", "smile.npy", "yaw.json", "yaw.npy"])
    #expect(place.contents("s") == ["attributes.npy", "codes.npy"])
    #expect(try place.array("s/codes.npy").shape == [400, 8, 32])
    let boundary = try place.array("b/smile.npy")
    #expect(boundary.shape == [1, 8, 32] && abs(length(boundary.floats) - 1) < 1e-5)
    let record = try place.json("b/smile.json")
    #expect(record["attribute"] as? String == "smile" && record["samples"] as? Int == 400)
    #expect(record["layers"] as? [Int] == Array(0..<8) && record["seed"] as? Int == 4)
    #expect((record["model_identity"] as? String)?.count == 64)
    #expect((record["training_accuracy"] as? [String: Any])?["count"] as? Int == 56)

    // The kept samples give the same boundary, by column and by name.
    let files = ["boundary", "train", "-q", "--codes", "s/codes.npy", "--scores", "s/attributes.npy", "--ratio", "0.1"]
    for arguments in [
      ["--attribute-column", "1", "--name", "smile"], ["-m", model, "--attribute", "smile"],
    ] {
      try Command.succeed(files + arguments + ["--seed", "4", "-o", "c"], in: place)
      #expect(try place.bytes("c/smile.npy") == place.bytes("b/smile.npy"))
    }
    // It raises its score: α along it, in the table that 'manipulate' makes of it, or by hand.
    try Command.succeed(["synthesize", "-q", "-m", model, "--seeds", "0-3", "-o", "x"], in: place)
    var moved = try place.array("x/codes.npy")
    for index in moved.floats.indices { moved.floats[index] += 4 * boundary.floats[index % 256] }
    try moved.write(to: place.at("moved.npy"))
    var means: [Double] = []
    for codes in ["x/codes.npy", "moved.npy"] {
      try Command.succeed(
        ["attributes", "-q", "-m", model, "--codes", codes, "--attribute", "smile", "-o", "a.npy"], in: place)
      means.append(try place.array("a.npy").floats.reduce(0) { $0 + Double($1) })
    }
    #expect(means[1] > means[0])
    let info = try Command.succeed(["boundary", "info", "b/smile.npy", "-m", model], in: place).output
    #expect(info.hasPrefix("b/smile.npy: smile, shape [1, 8, 32]\n") && info.contains("validation_accuracy: "))
  }

  @Test("train takes one's own scores, layers and conditions, without any model")
  func ownScores() throws {
    let place = try Folder()
    // 200 codes [3, 4]; the score is the sum of layer 1's entries.
    var values: [Float] = []
    var state: UInt32 = 1
    for _ in 0..<200 * 12 {
      state = state &* 1_664_525 &+ 1_013_904_223
      values.append(Float(state >> 8) / Float(1 << 23) - 1)
    }
    let scores = (0..<200).map { row in (4..<8).reduce(Float(0)) { $0 + values[row * 12 + $1] } }
    try NumpyArray(shape: [200, 3, 4], floats: values).write(to: place.at("c.npy"))
    try NumpyArray(shape: [200], floats: scores).write(to: place.at("tilt.npy"))
    try NumpyArray(shape: [1, 4], floats: [1, 0, 0, 0]).write(to: place.at("first.npy"))
    let train = ["boundary", "train", "--codes", "c.npy", "--scores", "tilt.npy", "--ratio", "0.2", "-o", "b"]
    let json = try Command.succeed(train + ["--json"], in: place).json
    let record = try #require((json["boundaries"] as? [[String: Any]])?.first)
    #expect(json["complete"] as? Bool == true && record["attribute"] as? String == "tilt" && record["model"] == nil)
    let normal = try place.array("b/tilt.npy").floats
    #expect(length(normal[4..<8]) > 0.95 && normal[4..<8].allSatisfy { $0 > 0.3 })
    try Command.succeed(
      train + ["-q", "--layers", "1", "--conditional", "first.npy", "--name", "kept", "--loss", "squared-hinge"],
      in: place)
    let kept = try place.array("b/kept.npy").floats
    #expect(kept[0..<4].allSatisfy { $0 == 0 } && abs(kept[4]) < 1e-6 && kept[8...].allSatisfy { $0 == 0 })
    #expect(abs(length(kept) - 1) < 1e-5)
    #expect(try place.json("b/kept.json")["conditions"] as? [String] == ["first"])
    try Command.succeed(train + ["-q", "--per-layer", "--name", "apart"], in: place)
    let apart = try place.array("b/apart.npy").floats
    for layer in 0..<3 { #expect(abs(length(apart[4 * layer..<4 * layer + 4]) - 1) < 1e-5) }
    // One w for all layers.
    try NumpyArray(shape: [200, 12], floats: values).write(to: place.at("w.npy"))
    try Command.succeed(
      ["boundary", "train", "-q", "--codes", "w.npy", "--scores", "tilt.npy", "--ratio", "0.2", "-o", "w"], in: place)
    #expect(try place.array("w/tilt.npy") == NumpyArray(shape: [1, 12], floats: normal))
  }

  @Test("closed-form needs no labels, search-layers tells what each layer does, info reads published files")
  func closedFormAndSearch() throws {
    let place = try Folder()
    let model = try Golden.model()
    let text = try Command.succeed(
      ["boundary", "closed-form", "2", "-m", model, "-o", "b", "--layers", "2-4"], in: place
    )
    .output
    #expect(text.split(separator: "\n").count == 2 && text.hasPrefix("b/closed-form-0.npy: eigenvalue "))
    #expect(
      place.contents("b") == ["closed-form-0.json", "closed-form-0.npy", "closed-form-1.json", "closed-form-1.npy"])
    let direction = try place.array("b/closed-form-0.npy")
    #expect(direction.shape == [1, 8, 32] && direction.floats[0..<64].allSatisfy { $0 == 0 })
    #expect(abs(length(direction.floats[64..<96]) - 1) < 1e-5)

    let search = ["boundary", "search-layers", "-m", model, "--boundary", "b/closed-form-0.npy", "--samples", "3"]
    let table = try Command.succeed(search + ["--attribute", "yaw", "--alpha", "3"], in: place).output
    #expect(table.hasPrefix("yaw, α = 3: ") && table.contains("\nsuggested: --layers "))
    let json = try Command.succeed(search + ["--attribute", "yaw", "--json"], in: place).json
    #expect((json["layers"] as? [[String: Any]])?.compactMap { $0["layers"] as? [Int] } == [[2], [3], [4]])
    let unnamed = try Command.run(search, in: place)
    #expect(unnamed.status == 64 && unnamed.errors.contains("'closed-form-0'"))

    let published = Golden.path("boundaries", "ffhq256_expression.npy")
    let listing = try Command.succeed(["boundary", "info", published, "b/closed-form-1.npy", "--json"], in: place).json
    let entries = try #require(listing["boundaries"] as? [[String: Any]])
    #expect(entries[0]["shape"] as? [Int] == [1, 14, 512] && entries[0]["layers"] as? [Int] == [2, 3, 4, 5])
    #expect(entries[1]["attribute"] as? String == "closed-form-1")
    #expect(try Command.succeed(["boundary", "info", published], in: place).output.contains("layers   2 3 4 5"))
  }

  // MARK: Refusals

  static let train = ["boundary", "train", "--codes", "c.npy", "--scores", "s.npy", "-o", "out"]

  static func scores(_ shape: [Int], _ values: [Float], codes: [Int] = [100, 2, 3]) -> @Sendable (Folder) throws -> Void
  {
    { place in
      let count = codes.reduce(1, *)
      try NumpyArray(shape: codes, floats: (0..<count).map { Float($0 * 37 % 101) }).write(to: place.at("c.npy"))
      try NumpyArray(shape: shape, floats: values).write(to: place.at("s.npy"))
    }
  }

  static let rising = (0..<100).map { Float($0) }

  static let cases: [Refusal] = [
    Refusal(
      "scores of other codes", 65, ["s.npy", "[90]", "[100, 2, 3]"], train, prepare: scores([90], Array(rising[..<90]))),
    Refusal(
      "a score that is no number", 65, ["s.npy", "nan in row 5"], train,
      prepare: scores([100], rising.map { $0 == 5 ? .nan : $0 })),
    Refusal(
      "one class only", 65, ["s.npy", "1.0 in all 100 rows"], train + ["--ratio", "0.2"],
      prepare: scores([100], rising.map { _ in 1 })),
    Refusal("too few samples", 65, ["s.npy", "5 samples or more"], train, prepare: scores([100], rising)),
    Refusal(
      "scores of many attributes", 64, ["--attribute-column", "0 to 1"], train,
      prepare: scores([50, 2], rising, codes: [50, 2, 3])),
    Refusal(
      "a column that is not there", 64, ["--attribute-column", "0 to 1", "2"], train + ["--attribute-column", "2"],
      prepare: scores([50, 2], rising, codes: [50, 2, 3])),
    Refusal(
      "a code that is no number", 65, ["s.npy", "finite"], train + ["--ratio", "0.2"]
    ) { place in
      try NumpyArray(shape: [100, 2], floats: (0..<200).map { $0 == 150 ? .infinity : Float($0 * 37 % 101) })
        .write(to: place.at("c.npy"))
      try NumpyArray(shape: [100], floats: rising).write(to: place.at("s.npy"))
    },
    Refusal(
      "equal codes", 65, ["equal ones"], train + ["--ratio", "0.2"]
    ) { place in
      try NumpyArray(shape: [100, 2], floats: (0..<200).map { _ in 1 }).write(to: place.at("c.npy"))
      try NumpyArray(shape: [100], floats: rising).write(to: place.at("s.npy"))
    },
    Refusal(
      "codes of another model", 65, ["c.npy", "[100, 2, 3]", "[N, 8, 32]"], train + ["-m", "MODEL"],
      prepare: scores([100], rising)),
    Refusal(
      "layers that are not there", 65, ["--layers", "0 to 1"], train + ["--ratio", "0.2", "--layers", "1-2"],
      prepare: scores([100], rising)),
    Refusal(
      "a condition of another model", 65, ["c.npy"], train + ["--ratio", "0.2", "--conditional", "c.npy"],
      prepare: scores([100], rising)),
    Refusal(
      "scores that are no array", 65, ["s.npy"],
      ["boundary", "train", "--codes", "c.npy", "--scores", "s.npy", "-o", "out"]
    ) { place in
      try NumpyArray(shape: [10, 2], floats: Array(rising[..<20])).write(to: place.at("c.npy"))
      try place.write("s.npy", text: "no array")
    },
    Refusal(
      "codes without scores for them", 66, ["none.npy"],
      ["boundary", "train", "--codes", "none.npy", "--scores", "none.npy", "-o", "out"]),
    Refusal(
      "a model that has no attribute network", 65, ["other.idinv", "attribute network"],
      ["boundary", "train", "-m", "OTHER", "--attribute", "yaw", "-o", "out"]),
    Refusal(
      "an attribute that the model does not know", 64, ["'grin'", "yaw"],
      ["boundary", "train", "-m", "MODEL", "--attribute", "grin", "-o", "out"]),
    Refusal(
      "a boundary of another model", 65, ["ffhq256_expression.npy", "[1, 14, 512]", "[1, 8, 32]"],
      ["boundary", "info", Golden.path("boundaries", "ffhq256_expression.npy"), "-m", "MODEL"]),
    Refusal(
      "more directions than dimensions", 64, ["1 to 32"],
      ["boundary", "closed-form", "33", "-m", "MODEL", "-o", "out"]),
    Refusal(
      "more directions than numbers have names", 64, ["1 to 32"],
      ["boundary", "closed-form", "9223372036854775807", "-m", "MODEL", "-o", "out"]),
    Refusal(
      "layers of another model", 65, ["--layers", "0 to 7"],
      ["boundary", "closed-form", "3", "-m", "MODEL", "--layers", "8", "-o", "out"]),
    Refusal(
      "a boundary that would overwrite its scores", 64, ["smile.npy", "overwrite"],
      ["boundary", "train", "--codes", "c.npy", "--scores", "smile.npy", "-o", "."]
    ) { place in
      try scores([100], rising)(place)
      try place.write("smile.npy", place.bytes("s.npy"))
    },
  ]

  @Test("bad input", arguments: cases)
  func refusals(_ refusal: Refusal) throws { try RefusalTests.expect(refusal) }
}
