import Checkpoint
import Foundation
import Testing

@testable import Command

@Suite("Wrong usage")
struct UsageTests {
  static let model = Golden.path("..", "../models/default.idinv")

  @Test(
    "a value that cannot be read is told with what was expected",
    arguments: [
      (["invert", "a.png", "-o", "out", "--budget", "5"], "a time with its unit, such as 300ms, 5s or 2m"),
      (["invert", "a.png", "-o", "out", "--shard", "0/3"], "a part of the whole such as 1/3, auto or auto/3"),
      (["invert", "a.png", "-o", "out", "--cores", "x"], "auto, big, all or CPUs such as 0-3,7"),
      (["invert", "a.png", "-o", "out", "--threads", "x"], "a whole number"),
      (["invert", "a.png", "-o", "out", "--memory-budget", "abc"], "bytes, or a size such as 256M or 1.5G"),
      (["invert", "a.png", "-o", "out", "--memory-budget", "-5M"], "bytes, or a size such as 256M or 1.5G"),
      (["invert", "a.png", "-o", "out", "--threads"], "a whole number"),
      (["invert", "a.png", "-o", "out", "--lambda-domain", "x"], "a number such as 5e-5"),
      (["invert", "a.png", "-o", "out", "--learning-rate", "x"], "a number such as 0.01"),
      (["invert", "a.png", "-o", "out", "--target-psnr", "x"], "a number of dB"),
      (["convert", "--generator", "g", "-o", "m", "--truncation-psi", "abc"], "a number such as 0.7"),
      (
        ["manipulate", "a.png", "-o", "out", "-b", "smile.npy:0"],
        "a file, or a file and a factor other than 0 such as smile.npy:-0.5"
      ),
      (["manipulate", "a.png", "-o", "out", "-b", "s.npy", "--start-distance", "x"], "a number such as -1.5"),
      (["boundary", "train", "-o", "out", "--seed", "-1"], "a whole number from 0 to 18446744073709551615"),
      (["boundary", "train", "-o", "out", "--ratio", "x"], "a number such as 0.02"),
      (["boundary", "closed-form", "x", "-o", "out"], "a whole number"),
      (["diffuse", "--targets", "a", "--contexts", "b", "-o", "out", "-s", "x"], "a whole number of pixels"),
    ])
  func expectedValues(arguments: [String], expected: String) throws {
    let line = try #require(IdinvLite.wrongUsage(arguments))
    #expect(line.contains("'; expected \(expected); see 'idinv-lite") && !line.contains("\n"), "\(line)")
  }

  @Test(
    "a mistyped command or option is named, with the one that is nearest",
    arguments: [
      (["invrt", "x", "-o", "y"], "there is no command 'invrt'; did you mean 'invert'?"),
      (["boundary", "trian", "-o", "y"], "there is no command 'trian'; did you mean 'train'?"),
      (["help", "manipulat"], "help: there is no command 'manipulat'; did you mean 'manipulate'?"),
      (
        ["invert", "x", "--outptu", "y"],
        "unknown option '--outptu'; did you mean '--output'?; see 'idinv-lite invert --help'"
      ),
      (["encode", "x", "--zzzzzz=1"], "unknown option '--zzzzzz'; see 'idinv-lite encode --help'"),
      (["boundary", "train", "--atribute", "smile"], "unknown option '--atribute'; did you mean '--attribute'?"),
    ])
  func mistyped(arguments: [String], expected: String) throws {
    let line = try #require(IdinvLite.wrongUsage(arguments))
    #expect(line.hasPrefix("idinv-lite: \(expected)") && !line.contains("\n"), "\(line)")
  }

  @Test(
    "words of other programs lead to this one's options",
    arguments: [
      (["invert", "x", "--steps", "20"], "unknown option '--steps'; did you mean '--iterations'?"),
      (["invert", "x", "--num_iterations=20"], "unknown option '--num_iterations'; did you mean '--iterations'?"),
      (["invert", "x", "--numIterations", "20"], "unknown option '--numIterations'; did you mean '--iterations'?"),
      (["invert", "x", "--lr", "0.1"], "unknown option '--lr'; did you mean '--learning-rate'?"),
      (["invert", "x", "-lr", "0.1"], "unknown option '-lr'; did you mean '--learning-rate'?"),
      (["invert", "x", "-o", "y", "-output=z"], "unknown option '-output'; did you mean '--output'?"),
      (["invert", "x", "--lambda-dom", "2"], "unknown option '--lambda-dom'; did you mean '--lambda-domain'?"),
      (
        ["invert", "x", "--loss_weight_enc", "2"], "unknown option '--loss_weight_enc'; did you mean '--lambda-domain'?"
      ),
      (
        ["invert", "x", "--loss_weight_feat", "2"],
        "unknown option '--loss_weight_feat'; did you mean '--lambda-perceptual'?"
      ),
      (
        ["invert", "x", "--lambda", "2"],
        "unknown option '--lambda'; did you mean '--lambda-domain' or '--lambda-perceptual'?"
      ),
      (["invert", "x", "--iter", "2"], "unknown option '--iter'; did you mean '--iterations'?"),
      (["invert", "x", "--layers", "2"], "unknown option '--layers'; did you mean '--perceptual-layers'?"),
      (["invert", "x", "--output_dir", "y"], "unknown option '--output_dir'; did you mean '--output'?"),
      (["invert", "x", "--num_results", "5"], "unknown option '--num_results'; did you mean '--snapshots'?"),
      (["invert", "--input", "x.png", "-o", "y"], "unknown option '--input'; <images> comes without an option"),
      (["invert", "x", "--gpu_id", "0"], "unknown option '--gpu_id'; idinv-lite computes on the processor alone"),
      (["edit", "x", "--strength", "2"], "unknown option '--strength'; did you mean '--alpha'?"),
      (
        ["interpolate", "x", "y", "--num-steps", "2"],
        "unknown option '--num-steps'; did you mean '--iterations' or '--steps'?"
      ),
      (["synthesize", "--seed", "1"], "unknown option '--seed'; did you mean '--seeds'?"),
      (["synthesize", "--psi", "1"], "unknown option '--psi'; did you mean '--truncation'?"),
      (["detect", "x", "--output", "y"], "unknown option '--output'; did you mean '--draw'?"),
      (["convert", "x", "-o", "m", "--precision", "f16"], "unknown option '--precision'; did you mean '--weights'?"),
    ])
  func synonyms(arguments: [String], expected: String) throws {
    let line = try #require(IdinvLite.wrongUsage(arguments))
    #expect(line.hasPrefix("idinv-lite: \(expected); see 'idinv-lite \(arguments[0])"), "\(line)")
  }

  @Test("a value that begins with a hyphen is taken for no option")
  func hyphenedValue() throws {
    let line = try #require(IdinvLite.wrongUsage(["edit", "x", "-o", "y", "--alpha", "-2sd", "--threads", "x"]))
    #expect(line.contains("--threads"), "\(line)")
  }

  @Test("each synonym is a word in small letters, once for an option that a command has")
  func synonymTable() throws {
    let options = Spelling.options(in: IdinvLite.self)
    for (option, words) in OptionSynonyms.all {
      #expect(options.contains(option), "no command has --\(option)")
      #expect(Set(words).count == words.count && !words.contains(option), "\(option)")
      for word in words {
        #expect(word.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") }, "\(word)")
      }
    }
    #expect(Set(OptionSynonyms.all.map(\.option)).count == OptionSynonyms.all.count)
  }

  @Test("wrong usage ends the program with 64 and one line, and nothing is written")
  func program() throws {
    let place = try Folder()
    for arguments in [
      ["invrt", "x", "-o", "y"], ["help", "foo"], ["invert", "a.png", "-o", "out", "--threads", "x"],
    ] {
      let result = try Command.run(arguments, in: place)
      #expect(result.status == 64 && result.output.isEmpty)
      #expect(result.errors == IdinvLite.wrongUsage(arguments).map { $0 + "\n" })
    }
    #expect(place.contents().isEmpty)
  }

  @Test("commands that help does not list are not told of either")
  func hiddenCommands() throws {
    let line = try #require(IdinvLite.wrongUsage(["help", "bench", "xxxxxxxxxx"]))
    #expect(line.contains("expected one of ") && !line.contains("quality-task"), "\(line)")
  }

  @Test("a text is no damaged array, and a boundary of the model is found by its name")
  func boundaries() throws {
    let place = try Folder()
    try place.write("b.npy", text: "0.1,0.2,0.3\n0.4,0.5,0.6\n")
    let text = try Command.run(["boundary", "info", "b.npy"], in: place)
    #expect(
      text.status == 65 && text.errors.hasPrefix("idinv-lite: b.npy: found text (a CSV file?), expected "),
      "\(text.errors)")
    try FileManager.default.copyItem(atPath: try Golden.generatorModel(), toPath: place.at("m.idinv"))
    try EditingCommandTests.writeCodes("codes.npy", count: 1, in: place)
    try FileManager.default.createDirectory(atPath: place.at("boundaries"), withIntermediateDirectories: true)
    try EditingCommandTests.writeBoundary("boundaries/smile.npy", in: place)
    let call = ["manipulate", "-q", "-m", "m.idinv", "--codes", "codes.npy", "--steps", "2", "-o", "out", "-b"]
    try Command.succeed(call + ["smile"], in: place)
    // Results along it are often in a folder of its name.
    for name in ["smile", "frown"] {
      try FileManager.default.createDirectory(atPath: place.at(name), withIntermediateDirectories: true)
    }
    try Command.succeed(call + ["smile"], in: place)
    let folder = try Command.run(call + ["frown"], in: place)
    #expect(
      folder.status == 65 && folder.errors.contains("frown: is a folder, and none of the model's own boundaries"),
      "\(folder.errors)")
    let unknown = try Command.run(call + ["smlie"], in: place)
    #expect(
      unknown.status == 66
        && unknown.errors
          == "idinv-lite: smlie: no such file, and none of the model's own boundaries; expected a file, or one of smile\n",
      "\(unknown.errors)")
    // What manipulate writes, [N, steps, L, D], is taken where codes are.
    try Command.succeed(
      ["synthesize", "-q", "-m", "m.idinv", "--codes", "out/manipulated_codes.npy", "-o", "again"], in: place)
    #expect(place.has("again/code0001.png") && !place.has("again/code0002.png"))
  }

  @Test("a server that cannot start says by its exit code why")
  func server() throws {
    let place = try Folder()
    try place.write("file", text: "")
    let model = try Golden.model()
    let folder = try Command.run(["serve", "-m", model, "--port", "0", "--data", "file"], in: place)
    #expect(folder.status == 73 && folder.errors.contains("jobs cannot be kept there"), "\(folder.errors)")
    let address = try Command.run(
      ["serve", "-m", model, "--port", "0", "--address", "192.0.2.1", "--data", "data"], in: place)
    #expect(address.status == 69 && address.errors.contains("cannot listen on 192.0.2.1"), "\(address.errors)")
  }

  @Test("info and verify take the model like other commands")
  func modelOption() throws {
    let place = try Folder()
    let model = try Golden.model()
    let plain = try Command.succeed(["info", model], in: place).output
    #expect(try Command.succeed(["info", "-m", model], in: place).output == plain)
    #expect(try Command.run(["info", model, "-m", model], in: place).status == 64)
    #expect(try Command.run(["verify", "--against", "x"], in: place).errors.contains("give the model once"))
    #expect(try Command.run(["verify", "-m", model, "--against", "x"], in: place).status == 66)
  }

  @Test("help for a command that there is not", arguments: [["foo"], ["boundary", "foo"], ["invert", "foo"]])
  func unknownHelp(words: [String]) throws {
    let line = try #require(IdinvLite.wrongUsage(["help"] + words))
    #expect(line.hasPrefix("idinv-lite: help: there is no command 'foo'; expected "), "\(line)")
    #expect(line.contains("train") == (words[0] == "boundary") && !line.contains("\n"))
  }

  static let ignoredOptions: [Refusal] = [
    Refusal(
      "a step size for an optimiser that has none", 64, ["--learning-rate", "expected --optimizer adam"],
      ["invert", "-m", model, "a.png", "-o", "out", "--learning-rate", "5"]),
    Refusal(
      "steps of an inversion that is not done", 64, ["--iterations", "images"],
      ["manipulate", "-m", "MODEL", "--codes", "c.npy", "-b", "b.npy", "-o", "out", "--iterations", "5"], prepare: codes
    ),
    Refusal(
      "a weight of an inversion that is not done", 64, ["--lambda-domain", "images"],
      ["mix", "-m", "MODEL", "--styles", "c.npy", "--contents", "c.npy", "-o", "out", "--lambda-domain", "1"],
      prepare: codes),
    Refusal(
      "a first distance where all are listed", 64, ["--alpha", "--start-distance"],
      [
        "manipulate", "-m", "MODEL", "--codes", "c.npy", "-b", "b.npy", "-o", "out", "--alpha", "1",
        "--start-distance", "0",
      ],
      prepare: codes),
    Refusal(
      "a number of steps where all are listed", 64, ["--alpha", "--steps"],
      ["manipulate", "-m", "MODEL", "--codes", "c.npy", "-b", "b.npy", "-o", "out", "--alpha", "1", "--steps", "2"],
      prepare: codes),
    Refusal(
      "more truncated layers than there are", 65, ["generator.pth", "number of truncated layers", "8 layers"],
      ["convert", "--generator", RefusalTests.generator, "-o", "m.idinv", "--truncation-layers", "99"]),
    Refusal(
      "an encoder alone, invert", 65, ["e.idinv", "no generator"],
      ["invert", "-m", "e.idinv", "a.png", "-o", "out"]
    ) {
      try Command.succeed(["convert", "-q", "--encoder", RefusalTests.encoder, "-o", "e.idinv"], in: $0)
    },
    Refusal(
      "a budget of one byte", 69, ["found 1\n", "expected at least"],
      ["encode", "-m", "MODEL", "a.png", "-o", "out", "--memory-budget", "1"]),
    Refusal(
      "too few samples for the share", 65, ["s.npy", "a ratio of 0.02 of 100", "a ratio of 0.08 would do"],
      ["boundary", "train", "--codes", "c.npy", "--scores", "s.npy", "-o", "out"]
    ) { try samples($0, scores: (0..<100).map(Float.init)) },
    Refusal(
      "too few samples for any share", 65, ["s.npy", "more samples are needed"],
      ["boundary", "train", "--codes", "c.npy", "--scores", "s.npy", "-o", "out"]
    ) { try samples($0, scores: [1, 2, 3, 4]) },
    Refusal(
      "scores that do not differ", 65, ["s.npy", "scores that differ", "0.5 in all 100 rows"],
      ["boundary", "train", "--codes", "c.npy", "--scores", "s.npy", "-o", "out", "--ratio", "0.2"]
    ) { try samples($0, scores: [Float](repeating: 0.5, count: 100)) },
  ]

  @Sendable private static func codes(_ place: Folder) throws {
    try EditingCommandTests.writeCodes("c.npy", count: 1, in: place)
    try EditingCommandTests.writeBoundary("b.npy", in: place)
  }

  private static func samples(_ place: Folder, scores: [Float]) throws {
    let codes = EditingCommandTests.numbers(4 * scores.count, seed: 3)
    try NumpyArray(shape: [scores.count, 4], floats: codes).write(to: place.at("c.npy"))
    try NumpyArray(shape: [scores.count], floats: scores).write(to: place.at("s.npy"))
  }

  @Test("what would be ignored, or cannot be done, is refused", arguments: ignoredOptions)
  func refusals(_ refusal: Refusal) throws { try RefusalTests.expect(refusal) }

  @Test("a summary tells a step size only where there is one")
  func learningRate() throws {
    let place = try Folder()
    try place.writePicture("a.png", height: 64, width: 64)
    func objective(_ more: [String]) throws -> [String: Any] {
      let call = ["invert", "-q", "--json", "-m", Self.model, "a.png", "-o", "out", "--iterations", "1"]
      return try #require(try Command.succeed(call + more, in: place).json["objective"] as? [String: Any])
    }
    #expect(try objective([])["learning_rate"] == nil)
    let adam = try objective(["--optimizer", "adam", "--learning-rate", "0.5"])
    #expect(adam["learning_rate"] as? Double == 0.5)
  }

  @Test("warnings of a conversion are on standard error, however quiet it is")
  func warnings() throws {
    let place = try Folder()
    // torchvision's names, which go with other pixel values.
    let header =
      #"{"features.0.weight":{"dtype":"F32","shape":[4,3,3,3],"data_offsets":[0,432]},"#
      + #""features.0.bias":{"dtype":"F32","shape":[4],"data_offsets":[432,448]}}"#
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> ($0 * 8)) }
    try place.write("p.safetensors", length + [UInt8](header.utf8) + [UInt8](repeating: 0, count: 448))
    let call = ["convert", "--perceptual", "p.safetensors", "-o", "p.idinv"]
    let spoken = try Command.run(call + ["--json"], in: place)
    let warnings = try #require(try spoken.json["warnings"] as? [String])
    #expect(warnings.count == 1 && warnings[0].contains("torchvision"))
    let quiet = try Command.run(call + ["-q"], in: place)
    #expect(quiet.status == 0 && quiet.output.isEmpty)
    #expect(quiet.errors == warnings.map { "idinv-lite: warning: \($0) (--perceptual-input torchvision)\n" }.joined())
  }
}
