import Checkpoint
import Foundation
import Imaging
import Testing

@Suite("Result folders as input, and names of files")
struct ResultFolderTests {
  /// `results`: what `invert` leaves of two pictures of one stem, and of another.
  private func inverted() throws -> Folder {
    let place = try Folder()
    for (index, name) in ["p/a.png", "q/a.png", "b.png"].enumerated() { try place.writePicture(name, index: index % 2) }
    try Command.succeed(
      ["invert", "-q", "-m", Golden.model(), "p/a.png", "q/a.png", "b.png", "-o", "results"]
        + EditingCommandTests.quick, in: place)
    return place
  }

  @Test("a folder of results is its codes to the commands that edit, and its originals to those that invert")
  func folders() throws {
    let place = try inverted()
    let model = try Golden.model()
    try EditingCommandTests.writeBoundary("smile.npy", in: place)
    let edit = ["manipulate", "-q", "-m", model, "-b", "smile.npy", "--alpha", "1"]
    try Command.succeed(edit + ["results", "-o", "positional"], in: place)
    try Command.succeed(edit + ["--from", "results", "-o", "option"], in: place)
    for name in ["manipulated_codes.npy", "inverted_codes.npy", "image_list.txt", "a-2_step01.png", "a-2_ori.png"] {
      #expect(try place.bytes("positional/\(name)") == place.bytes("option/\(name)"), "\(name)")
    }
    #expect(place.contents("positional") == place.contents("option"))

    try Command.succeed(["interpolate", "-q", "-m", model, "results", "--steps", "0", "-o", "walk"], in: place)
    #expect(try place.bytes("walk/inverted_codes.npy") == place.bytes("results/inverted_codes.npy"))
    // Beside a picture, which is inverted.
    try Command.succeed(
      ["interpolate", "-q", "-m", model, "results", "b.png", "--steps", "0", "-o", "longer"]
        + EditingCommandTests.quick, in: place)
    let codes = try place.array("results/inverted_codes.npy").floats
    let longer = try place.array("longer/inverted_codes.npy").floats
    #expect(longer == codes + codes.suffix(EditingCommandTests.codeCount))
    #expect(place.has("longer/b-2_enc.png") && !place.has("longer/a_enc.png"))

    try Command.succeed(["encode", "-q", "-m", model, "results", "-o", "encoded"], in: place)
    #expect(
      place.contents("encoded").filter { $0.hasSuffix("_ori.png") } == ["a-2_ori.png", "a_ori.png", "b_ori.png"])
    #expect(try place.text("encoded/image_list.txt") == "a.png\na-2.png\nb.png\n")
    #expect(try place.bytes("encoded/encoded_codes.npy") == place.bytes("results/encoded_codes.npy"))
    try Command.succeed(
      ["diffuse", "-q", "-m", model, "--targets", "encoded", "--contexts", "b.png", "-o", "diffused"]
        + EditingCommandTests.quick, in: place)
    #expect(
      place.contents("diffused").filter { $0.hasSuffix("_inv.png") } == [
        "a-2_to_b_inv.png", "a_to_b_inv.png", "b_to_b_inv.png",
      ])
    let over = try Command.run(["encode", "-q", "-m", model, "results", "-o", "results"], in: place)
    #expect(over.status == 64 && over.errors.contains("would overwrite the input"), "\(over.errors)")
  }

  @Test("a folder of results without its originals says so")
  func noOriginals() throws {
    let place = try Folder()
    try place.write("theirs/image_list.txt", text: "x.png\n")
    try EditingCommandTests.writeCodes("theirs/inverted_codes.npy", count: 1, in: place)
    try place.writePicture("theirs/x_inv.png")
    let result = try Command.run(["encode", "-m", Golden.model(), "theirs", "-o", "out"], in: place)
    #expect(result.status == 65 && result.errors.contains("theirs: is a result folder without originals"))
  }

  @Test("attributes of a result folder are those of its codes, under the names of its images")
  func attributes() throws {
    let place = try inverted()
    let call = ["attributes", "--json", "-m", try Golden.model()]
    let named = try Command.succeed(call + ["--from", "results"], in: place).json
    let plain = try Command.succeed(call + ["--codes", "results/inverted_codes.npy"], in: place).json
    let rows = try #require(named["images"] as? [[String: Any]])
    let others = try #require(plain["images"] as? [[String: Any]])
    #expect(rows.map { $0["name"] as? String } == ["a", "a-2", "b"])
    for (row, other) in zip(rows, others) {
      #expect(row["values"] as? [String: Double] == other["values"] as? [String: Double])
    }
  }

  @Test("a control character in a name is the same underscore in files and list")
  func controlCharacters() throws {
    let place = try Folder()
    try place.writePicture("x\ny.png")
    try place.writePicture("tab\there.png", index: 1)
    try Command.succeed(
      ["encode", "-q", "-m", Golden.model(), "x\ny.png", "tab\there.png", "-o", "out"], in: place)
    #expect(
      place.contents("out") == [
        "encoded_codes.npy", "image_list.txt", "tab_here_enc.png", "tab_here_ori.png", "x_y_enc.png", "x_y_ori.png",
      ])
    #expect(try place.text("out/image_list.txt") == "x_y.png\ntab_here.png\n")
  }

  @Test("a name that leaves no room for its results is cut, and unique all the same")
  func longNames() throws {
    let place = try Folder()
    let long = String(repeating: "é", count: 120)
    try place.writePicture("in/\(long)a.png")
    try place.writePicture("in/\(long)b.png", index: 1)
    try Command.succeed(["encode", "-q", "-m", Golden.model(), "in", "-o", "out"], in: place)
    let cut = String(repeating: "é", count: 100)
    #expect(place.has("out/\(cut)_enc.png") && place.has("out/\(cut)-2_ori.png"))
    #expect(try place.text("out/image_list.txt").hasSuffix("\n\(cut)-2.png\n"))
  }

  // MARK: Distances

  @Test("without distances, manipulate moves by the spread of distances that the boundary's file tells")
  func defaultDistances() throws {
    let place = try Folder()
    try EditingCommandTests.writeCodes("codes.npy", count: 1, in: place)
    for name in ["told.npy", "plain.npy"] { try EditingCommandTests.writeBoundary(name, in: place) }
    try place.write("told.json", text: #"{"distance_standard_deviation": 0.125}"#)
    let call = ["manipulate", "-m", try Golden.generatorModel(), "--codes", "codes.npy", "--steps", "3"]
    func distances(_ more: [String]) throws -> [Double]? {
      let out = "out\(UUID().uuidString)"
      try Command.succeed(call + more + ["-q", "-o", out], in: place)
      return try place.json("\(out)/summary.json")["distances"] as? [Double]
    }
    #expect(try distances(["-b", "told.npy"]) == [-0.375, 0, 0.375])
    #expect(try distances(["-b", "plain.npy", "-b", "told.npy"]) == [-3, 0, 3])
    #expect(try distances(["-b", "told.npy", "--start-distance", "0"]) == [0, 0.1875, 0.375])
    #expect(try distances(["-b", "told.npy", "--start-distance", "-0.5", "--end-distance", "0.5"]) == [-0.5, 0, 0.5])
    #expect(
      try distances(["-b", "told.npy", "--start-distance", "-2sd", "--end-distance", "0.5"]) == [-0.25, 0.125, 0.5])
    let spoken = try Command.succeed(call + ["-b", "told.npy", "-o", "out"], in: place).output
    #expect(
      spoken.hasPrefix("α from -0.375 (-3 sd) to 0.375 (3 sd) along told.npy, where 1 sd is 0.125\n"), "\(spoken)")
    let steps = try #require(
      (try place.json("out/summary.json")["images"] as? [[String: Any]])?.first?["steps"] as? [[String: Any]])
    #expect(steps.map { $0["alpha"] as? Double } == [-0.375, 0, 0.375])
    #expect(steps.map { $0["alpha_deviations"] as? Double } == [-3, 0, 3])
    #expect(try place.text("out/manipulation.html").contains("(−3 sd)"))
    // In deviations, where the file tells them; elsewhere it says what it lacks.
    let listed = ["manipulate", "-q", "-m", try Golden.generatorModel(), "--codes", "codes.npy", "-o", "list"]
    try Command.succeed(listed + ["-b", "told.npy", "--alpha", "-0.1,2sd"], in: place)
    #expect(try place.json("list/summary.json")["distances"] as? [Double] == [-0.1, 0.25])
    let unknown = try Command.run(listed + ["-b", "plain.npy", "--alpha", "2sd"], in: place)
    #expect(
      unknown.status == 65 && unknown.errors.contains("plain.npy: nothing says how far codes lie"), "\(unknown.errors)")
    // A plain number that was meant in deviations destroys a picture: it is not done without a word.
    let far = try Command.run(listed + ["-b", "told.npy", "--alpha", "-3"], in: place)
    #expect(
      far.status == 0 && far.errors.hasPrefix("idinv-lite: warning: α reaches 24 standard deviations"),
      "\(far.errors)")
  }
}
