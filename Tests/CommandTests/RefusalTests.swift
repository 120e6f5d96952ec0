import Checkpoint
import Foundation
import Imaging
import Testing

/// A run that has to fail: how, and in which words.
struct Refusal: Sendable, CustomTestStringConvertible {
  var title: String
  var status: Int32
  /// What the line on standard error has to say.
  var words: [String]
  var arguments: [String]
  /// Puts the files there that the arguments name.
  var prepare: @Sendable (Folder) throws -> Void

  init(
    _ title: String, _ status: Int32, _ words: [String], _ arguments: [String],
    prepare: @escaping @Sendable (Folder) throws -> Void = { _ in }
  ) {
    self.title = title
    self.status = status
    self.words = words
    self.arguments = arguments
    self.prepare = prepare
  }

  var testDescription: String { title }
}

@Suite("Bad input")
struct RefusalTests {
  /// Address space of a run in kilobytes: no header talks it into gigabytes.
  #if arch(x86_64)
    static let limits = "ulimit -v 3000000"
  #else
    static let limits = ":"
  #endif

  /// `MODEL`, `GENERATOR` and `OTHER` in arguments stand for the golden models.
  static func expand(_ arguments: [String]) throws -> [String] {
    try arguments.map {
      switch $0 {
      case "MODEL": try Golden.model()
      case "GENERATOR": try Golden.generatorModel()
      case "OTHER": try Golden.otherModel()
      default: $0
      }
    }
  }

  /// Runs, and expects one line that says the words, no signal, no hang, no gigabytes, and nothing new in the folder.
  static func expect(_ refusal: Refusal, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let place = try Folder()
    try place.writePicture("a.png")
    try refusal.prepare(place)
    let before = place.contents()
    let result = try Command.run(expand(refusal.arguments), in: place, prelude: limits, timeout: 30)
    #expect(result.status == refusal.status, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(!result.timedOut, sourceLocation: sourceLocation)
    #expect(result.peakByteCount < 200_000_000, sourceLocation: sourceLocation)
    #expect(result.output.isEmpty, "\(result.output)", sourceLocation: sourceLocation)
    #expect(
      result.errors.hasPrefix("idinv-lite: ") && result.errors.hasSuffix("\n")
        && result.errors.split(separator: "\n").count == 1, "\(result.errors)", sourceLocation: sourceLocation)
    for word in refusal.words {
      #expect(result.errors.contains(word), "'\(word)' is not in: \(result.errors)", sourceLocation: sourceLocation)
    }
    let new = place.contents().filter { !before.contains($0) }
    // A folder may be there, but nothing in it except the picture that was read.
    for name in new {
      #expect(
        name == "out" && place.contents(name).allSatisfy { $0.hasSuffix("_ori.png") },
        "left: \(name) \(place.contents(name))",
        sourceLocation: sourceLocation)
    }
  }

  // MARK: Checkpoints

  static let generator = Golden.path("res32", "generator.pth")
  static let encoder = Golden.path("res32", "encoder.pth")

  /// What an attacker's `__reduce__` makes; bare, or as the object that `torch.save` wrote.
  static func malicious(isTorch: Bool) -> [UInt8] {
    let magic: [UInt8] = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]
    let version: [UInt8] = [0x80, 2, 0x4d, 0xe9, 3, 0x2e]
    let system: [UInt8] = [0x80, 2, 0x7d, 0x71, 0, 0x2e]
    return (isTorch ? magic + version + system : []) + [0x80, 2] + [UInt8]("cos\nsystem\n(S'touch owned'\ntR.".utf8)
  }

  // Beside the test and not within @Test, where closures crash the compiler of Swift 6.0.
  static let checkpointsCases: [Refusal] = [
    Refusal(
      "a missing checkpoint", 66, ["none.pth", "No such file"],
      ["convert", "--generator", "none.pth", "-o", "m.idinv"]),
    Refusal("an empty checkpoint", 65, ["g.pth", "empty"], ["convert", "--generator", "g.pth", "-o", "m.idinv"]) {
      try $0.write("g.pth", [])
    },
    Refusal(
      "a truncated zip checkpoint", 65, ["g.pth", "download"], ["convert", "--generator", "g.pth", "-o", "m.idinv"]
    ) {
      try $0.write("g.pth", Array($0.bytes(generator).prefix(200_000)))
    },
    Refusal("a truncated legacy checkpoint", 65, ["g.pth"], ["convert", "--generator", "g.pth", "-o", "m.idinv"]) {
      try $0.write("g.pth", Array($0.bytes(Golden.path("res128", "generator.pth")).dropLast(5000)))
    },
    Refusal("a damaged tensor", 65, ["g.pth", "CRC"], ["convert", "--generator", "g.pth", "-o", "m.idinv"]) {
      var bytes = try $0.bytes(generator)
      bytes[bytes.count / 2] ^= 0x10
      try $0.write("g.pth", bytes)
    },
    Refusal(
      "a malicious pickle", 65, ["g.pth", "os.system", "not run"],
      ["convert", "--generator", "g.pth", "-o", "m.idinv"]
    ) {
      try $0.write("g.pth", malicious(isTorch: true))
    },
    Refusal(
      "a malicious pickle that is no checkpoint", 65, ["g.pth"], ["convert", "--generator", "g.pth", "-o", "m.idinv"]
    ) {
      try $0.write("g.pth", malicious(isTorch: false))
    },
    Refusal(
      "a safetensors file with a header of petabytes", 65, ["g.safetensors"],
      ["convert", "--generator", "g.safetensors", "-o", "m.idinv"]
    ) {
      try $0.write("g.safetensors", [0, 0, 0, 0, 0, 0, 4, 0] + [UInt8]("{}".utf8))
    },
    Refusal(
      "a safetensors tensor of terabytes", 65, ["g.safetensors"],
      ["convert", "--generator", "g.safetensors", "-o", "m.idinv"]
    ) {
      let json = #"{"synthesis.x":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}"#
      try $0.write("g.safetensors", [UInt8(json.utf8.count), 0, 0, 0, 0, 0, 0, 0] + [UInt8](json.utf8))
    },
    Refusal("a picture as checkpoint", 65, ["a.png"], ["convert", "--generator", "a.png", "-o", "m.idinv"]),
    Refusal(
      "a folder as checkpoint", 65, ["a folder with 0 files named data.pkl"],
      ["convert", "--generator", ".", "-o", "m.idinv"]),
    Refusal("a device as checkpoint", 66, ["/dev/zero"], ["convert", "--generator", "/dev/zero", "-o", "m.idinv"]),
    Refusal(
      "an encoder as generator", 65, ["encoder.pth", "no generator"],
      ["convert", "--generator", encoder, "-o", "m.idinv"]),
    Refusal(
      "a generator as perceptual network", 65, ["generator.pth", "no perceptual"],
      ["convert", "--perceptual", generator, "-o", "m.idinv"]),
    Refusal(
      "an encoder of another generator", 65, ["do not belong together", "128", "32"],
      ["convert", "--generator", generator, "--encoder", Golden.path("res128", "encoder.pth"), "-o", "m.idinv"]),
    Refusal(
      "an attribute network without the features that it reads", 64, ["--attributes", "--perceptual"],
      ["convert", "--attributes", Golden.attributes, "-o", "m.idinv"]),
    Refusal(
      "an encoder as attribute network", 65, ["encoder.pth", "no attributes", "an encoder"],
      ["convert", "--perceptual", Golden.perceptual, "--attributes", encoder, "-o", "m.idinv"]),
    Refusal(
      "an attribute network of another resolution", 65, ["resolution", "128", "32"],
      [
        "convert", "--generator", Golden.path("res128", "generator.pth"), "--perceptual", Golden.perceptual,
        "--attributes", Golden.attributes, "-o", "m.idinv",
      ]),
    Refusal("a text as checkpoint", 65, ["g.pth"], ["convert", "--generator", "g.pth", "-o", "m.idinv"]) {
      try $0.write("g.pth", text: "<html><title>404 Not Found</title></html>")
    },
  ]

  @Test(
    "checkpoints",
    arguments: checkpointsCases)
  func checkpoints(_ refusal: Refusal) throws { try Self.expect(refusal) }

  @Test("no file of a malicious checkpoint's making appears")
  func malice() throws {
    let place = try Folder()
    for isTorch in [true, false] {
      try place.write("g.pth", Self.malicious(isTorch: isTorch))
      for arguments in [
        ["convert", "--generator", "g.pth", "-o", "m.idinv"], ["verify", try Golden.model(), "--against", "g.pth"],
        ["forward", "generator", "-m", try Golden.model(), "--input", "g.pth", "--output", "y.npy"],
      ] {
        #expect(try Command.run(arguments, in: place).status == 65)
        #expect(place.contents() == ["g.pth"])
      }
    }
  }

  // MARK: Models

  static let modelsCases: [Refusal] = [
    Refusal(
      "a missing model", 66, ["none.idinv", "No such file"], ["invert", "-m", "none.idinv", "a.png", "-o", "out"]),
    Refusal("an empty model", 65, ["m.idinv", "0 bytes"], ["info", "m.idinv"]) { try $0.write("m.idinv", []) },
    Refusal("a truncated model", 65, ["m.idinv"], ["encode", "-m", "m.idinv", "a.png", "-o", "out"]) {
      try $0.write("m.idinv", Array($0.bytes(Golden.model()).dropLast(1000)))
    },
    Refusal("a model with a header of petabytes", 65, ["m.idinv"], ["info", "m.idinv"]) {
      try $0.write("m.idinv", [0, 0, 0, 0, 0, 0, 4, 0] + [UInt8](repeating: 0x7b, count: 100))
    },
    Refusal("damaged weights", 65, ["m.idinv", "CRC-32", "damaged"], ["info", "m.idinv", "--check"]) {
      var bytes = try $0.bytes(Golden.model())
      bytes[bytes.count / 2] ^= 1
      try $0.write("m.idinv", bytes)
    },
    Refusal(
      "damaged weights, without being asked for", 65, ["m.idinv", "CRC-32"],
      ["synthesize", "-m", "m.idinv", "--seeds", "1", "-o", "out"]
    ) {
      var bytes = try $0.bytes(Golden.generatorModel())
      for index in (bytes.count / 2)..<(bytes.count / 2 + 400) { bytes[index] = 0xff }
      try $0.write("m.idinv", bytes)
    },
    Refusal(
      "a checkpoint as model", 65, ["PyTorch checkpoint", "convert"],
      ["encode", "-m", generator, "a.png", "-o", "out"]),
    Refusal(
      "a legacy checkpoint as model", 65, ["PyTorch checkpoint"], ["info", Golden.path("res128", "generator.pth")]),
    Refusal("a picture as model", 65, ["a.png", "PNG file", "model file"], ["info", "a.png"]),
    Refusal("a folder as model", 66, ["folder"], ["info", "."]),
    Refusal("a device as model", 66, ["/dev/zero", "device"], ["invert", "-m", "/dev/zero", "a.png", "-o", "out"]),
    Refusal("a pipe as model", 66, ["p", "pipe"], ["verify", "p", "--against", "g.pth"]) {
      mkfifo($0.at("p"), 0o600)
    },
    Refusal(
      "a model without an encoder, encode", 65, ["generator.idinv", "no encoder"],
      ["encode", "-m", "GENERATOR", "a.png", "-o", "out"]),
    Refusal(
      "a model without an encoder, invert", 65, ["generator.idinv", "no encoder"],
      ["invert", "-m", "GENERATOR", "a.png", "-o", "out", "--lambda-perceptual", "0"]),
    Refusal(
      "a model without a perceptual network", 65, ["other.idinv", "perceptual", "--lambda-perceptual 0"],
      ["invert", "-m", "OTHER", "a.png", "-o", "out"]),
    Refusal(
      "a model without an attribute network", 65, ["other.idinv", "no attribute network"],
      ["attributes", "-m", "OTHER", "a.png"]),
    Refusal(
      "an attribute that the model does not have", 64, ["'grin'", "yaw, smile"],
      ["attributes", "-m", "MODEL", "a.png", "--attribute", "yaw,grin"]),
    Refusal(
      "attributes of codes of another model", 65, ["c.npy", "[2, 12, 32]", "[N, 8, 32]"],
      ["attributes", "-m", "MODEL", "--codes", "c.npy"]
    ) {
      try $0.write("c.npy", $0.bytes(Golden.path("res128", "truncated_wp.npy")))
    },
    Refusal(
      "verify against a part only", 64, ["--against", "holds an encoder network"],
      ["verify", "MODEL", "--against", generator]),
    Refusal(
      "verify against another model's parts", 65, ["architecture"],
      ["verify", "GENERATOR", "--against", Golden.path("res64_wscale", "generator.pth")]),
    Refusal(
      "verify against two of a kind", 64, ["two generator"], ["verify", "MODEL", "--against", generator, generator]),
  ]

  @Test(
    "models",
    arguments: modelsCases)
  func models(_ refusal: Refusal) throws { try Self.expect(refusal) }

  // MARK: Images

  static let imagesCases: [Refusal] = [
    Refusal("a missing image", 66, ["none.png"], ["invert", "-m", "MODEL", "none.png", "-o", "out"]),
    Refusal("an empty image", 65, ["b.png", "0 bytes"], ["invert", "-m", "MODEL", "b.png", "-o", "out"]) {
      try $0.write("b.png", [])
    },
    Refusal("a truncated image", 65, ["b.png", "damaged"], ["invert", "-m", "MODEL", "b.png", "-o", "out"]) {
      try $0.write("b.png", Array($0.bytes("a.png").dropLast(20)))
    },
    Refusal("a damaged image", 65, ["b.png", "damaged"], ["encode", "-m", "MODEL", "b.png", "-o", "out"]) {
      var bytes = try $0.bytes("a.png")
      bytes[bytes.count / 2] ^= 0x40
      try $0.write("b.png", bytes)
    },
    Refusal(
      "a GIF file named .png", 65, ["b.png", "GIF", "Convert it"], ["invert", "-m", "MODEL", "b.png", "-o", "out"]
    ) {
      try $0.write("b.png", [UInt8]("GIF89a".utf8) + [1, 0, 1, 0, 0, 0, 0, 0x3b])
    },
    Refusal(
      "a picture of billions of pixels", 65, ["b.png", "100000×100000"],
      ["invert", "-m", "MODEL", "b.png", "-o", "out"]
    ) {
      var bytes = try $0.bytes("a.png")
      for offset in [16, 20] { bytes.replaceSubrange(offset..<offset + 4, with: [0x00, 0x01, 0x86, 0xa0]) }
      try $0.write("b.png", bytes)
    },
    Refusal(
      "a picture that is not square", 65, ["b.png", "40×32", "--crop center"],
      ["invert", "-m", "MODEL", "b.png", "-o", "out"]
    ) {
      try $0.writePicture("b.png", height: 32, width: 40)
    },
    Refusal("an empty folder", 65, ["in", "no PNG"], ["invert", "-m", "MODEL", "in", "-o", "out"]) {
      try FileManager.default.createDirectory(atPath: $0.at("in"), withIntermediateDirectories: false)
    },
    Refusal("an empty list", 65, ["x.list", "no images"], ["encode", "-m", "MODEL", "x.list", "-o", "out"]) {
      try $0.write("x.list", text: "\n# nothing\n")
    },
    Refusal(
      "a list that names itself", 65, ["x.list, line 2", "list within a list"],
      ["encode", "-m", "MODEL", "x.list", "-o", "out"]
    ) {
      try $0.write("x.list", text: "a.png\nx.list\n")
    },
    Refusal(
      "a list that names a missing file", 66, ["x.list, line 1", "none.png"],
      ["encode", "-m", "MODEL", "x.list", "-o", "out"]
    ) {
      try $0.write("x.list", text: "none.png\n")
    },
    Refusal("a list that is no text", 65, ["x.list", "UTF-8"], ["encode", "-m", "MODEL", "x.list", "-o", "out"]) {
      try $0.write("x.list", [0xff, 0xfe, 0, 0x41])
    },
    Refusal("a pipe as image", 65, ["p", "pipe"], ["encode", "-m", "MODEL", "p", "-o", "out"]) {
      mkfifo($0.at("p"), 0o600)
    },
    Refusal("a device as image", 65, ["/dev/zero"], ["encode", "-m", "MODEL", "/dev/zero", "-o", "out"]),
    Refusal("a name with a line break", 66, ["?"], ["encode", "-m", "MODEL", "x\ny.png", "-o", "out"]),
    Refusal(
      "a run that diverges", 65, ["a.png: ", "not finite at step", "learning rate"],
      [
        "invert", "-m", "MODEL", "a.png", "-o", "out", "--optimizer", "adam", "--learning-rate", "1e38", "--iterations",
        "5",
      ]),
  ]

  @Test(
    "images",
    arguments: imagesCases)
  func images(_ refusal: Refusal) throws { try Self.expect(refusal) }

  // MARK: Arrays

  static func npy(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
    [0x93] + [UInt8]("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count & 255), UInt8(header.utf8.count >> 8)]
      + [UInt8](header.utf8) + data
  }

  static func array(_ title: String, _ words: [String], _ bytes: [UInt8]) -> [Refusal] {
    [
      Refusal(
        title + ", synthesize", 65, ["c.npy"] + words, ["synthesize", "-m", "MODEL", "--codes", "c.npy", "-o", "out"]
      ) {
        try $0.write("c.npy", bytes)
      },
      Refusal(
        title + ", start", 65, ["c.npy"] + words, ["invert", "-m", "MODEL", "a.png", "--start", "c.npy", "-o", "out"]
      ) {
        try $0.write("c.npy", bytes)
      },
      Refusal(
        title + ", forward", 65, ["c.npy"] + words,
        ["forward", "generator", "-m", "MODEL", "--input", "c.npy", "--output", "y.npy"]
      ) { try $0.write("c.npy", bytes) },
    ]
  }

  static let object = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"

  static let arraysCases: [Refusal] = [
    array("an empty array file", ["empty file"], []),
    array("a header of nothing", [], npy("")),
    array("an array of objects", ["no array of numbers"], npy(object, [0x80, 0x02] + [UInt8]("]q\u{0}.".utf8))),
    array("an array of hostile objects", ["os.system"], npy(object, malicious(isTorch: false))),
    array(
      "a shape of exabytes", [],
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1152921504606846976, 8, 32), }\n")),
    array(
      "a shape of terabytes", [], npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 8, 32), }\n")),
    array("no rows", [], npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 8, 32), }\n")),
    array(
      "very many empty rows", [],
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 0), }\n")),
    array("no dimension", [], npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n", [0, 0, 0, 0])),
    array(
      "one dimension", [],
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", [UInt8](repeating: 0, count: 8))),
    array(
      "another model's codes", ["8, 32"],
      npy("{'descr': '<f2', 'fortran_order': False, 'shape': (1, 9, 32), }\n", [UInt8](repeating: 0, count: 576))),
    array(
      "a truncated array", ["bytes"],
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 8, 32), }\n", [UInt8](repeating: 0, count: 1000))),
  ].flatMap { $0 }

  @Test(
    "arrays",
    arguments: arraysCases)
  func arrays(_ refusal: Refusal) throws { try Self.expect(refusal) }

  static let codesCases: [Refusal] = [
    Refusal(
      "a missing file of codes", 66, ["c.npy"], ["synthesize", "-m", "MODEL", "--codes", "c.npy", "-o", "out"]),
    Refusal(
      "a missing start", 66, ["encodr", "No such file"],
      ["invert", "-m", "MODEL", "a.png", "--start", "encodr", "-o", "out"]),
    Refusal(
      "codes that are not finite", 65, ["c.npy", "finite"],
      ["invert", "-m", "MODEL", "a.png", "--start", "c.npy", "-o", "out"]
    ) {
      try NumpyArray(shape: [8, 32], floats: [Float](repeating: .nan, count: 256)).write(to: $0.at("c.npy"))
    },
    Refusal(
      "two starts", 65, ["c.npy", "one code", "found 2"],
      ["invert", "-m", "MODEL", "a.png", "--start", "c.npy", "-o", "out"]
    ) {
      try NumpyArray(shape: [2, 8, 32], floats: [Float](repeating: 0, count: 512)).write(to: $0.at("c.npy"))
    },
    Refusal(
      "the codes of another model", 65, ["other.npy", "[N, 10, 48]"],
      ["synthesize", "-m", "OTHER", "--codes", "other.npy", "-o", "out"]
    ) {
      try NumpyArray(shape: [1, 8, 32], floats: [Float](repeating: 0, count: 256)).write(to: $0.at("other.npy"))
    },
  ]

  @Test(
    "codes",
    arguments: codesCases)
  func codes(_ refusal: Refusal) throws { try Self.expect(refusal) }

  // MARK: Outputs

  static let outputsCases: [Refusal] = [
    Refusal("a folder under a file", 73, ["a.png/out"], ["invert", "-m", "MODEL", "a.png", "-o", "a.png/out"]),
    Refusal(
      "a file as output folder", 73, ["a.png", "file"], ["synthesize", "-m", "MODEL", "--seeds", "1", "-o", "a.png"]),
    Refusal("an output folder without a name", 73, ["empty"], ["encode", "-m", "MODEL", "a.png", "-o", ""]),
    Refusal("an output file without a name", 64, ["--output"], ["convert", "--generator", generator, "-o", ""]),
    Refusal(
      "a model in a folder that is not there", 73, ["no/m.idinv", "no folder"],
      ["convert", "--generator", generator, "-o", "no/m.idinv"]),
    Refusal(
      "a model under a file", 73, ["a.png/m.idinv"], ["convert", "--generator", generator, "-o", "a.png/m.idinv"]),
    Refusal("a folder as model to write", 73, ["folder"], ["convert", "--generator", generator, "-o", "."]),
    Refusal(
      "a device as model to write", 73, ["/dev/full", "device"],
      ["convert", "--generator", generator, "-o", "/dev/full"]),
    Refusal(
      "a device as array to write", 73, ["/dev/full", "device"],
      ["forward", "mapping", "-m", "MODEL", "--input", Golden.path("res32", "z.npy"), "--output", "/dev/full"]),
    Refusal(
      "a checkpoint as model to write", 64, ["overwrite", "g.pth"],
      ["convert", "--generator", "g.pth", "-o", "./link.pth"]
    ) {
      try $0.write("g.pth", $0.bytes(generator))
      try FileManager.default.createSymbolicLink(atPath: $0.at("link.pth"), withDestinationPath: "g.pth")
    },
    Refusal(
      "an array over itself", 64, ["overwrite", "x.npy"],
      ["forward", "mapping", "-m", "MODEL", "--input", "x.npy", "--output", "x.npy"]
    ) {
      try $0.write("x.npy", $0.bytes(Golden.path("res32", "z.npy")))
    },
    Refusal(
      "an image over an image that is yet to be read", 64, ["overwrite", "a_inv.png"],
      ["invert", "-m", "MODEL", "a.png", "a_inv.png", "-o", "."]
    ) { try $0.writePicture("a_inv.png") },
    Refusal(
      "codes over the codes", 64, ["overwrite", "codes.npy"],
      ["synthesize", "-m", "MODEL", "--codes", "codes.npy", "-o", "."]
    ) {
      try NumpyArray(shape: [1, 8, 32], floats: [Float](repeating: 0, count: 256)).write(to: $0.at("codes.npy"))
    },
    Refusal(
      "a folder where a result belongs", 73, ["summary.json", "folder"],
      ["invert", "-m", "MODEL", "a.png", "-o", "in"]
    ) {
      try $0.write("in/summary.json/x", [])
    },
  ]

  @Test(
    "outputs",
    arguments: outputsCases)
  func outputs(_ refusal: Refusal) throws {
    let devices = ["/dev/full"].map {
      (try? FileManager.default.attributesOfItem(atPath: $0))?[.type] as? FileAttributeType
    }
    try Self.expect(refusal)
    #expect(devices == [.typeCharacterSpecial])
  }

  /// A limit on file sizes fails in the middle of a write, as a full disk does, and needs no rights.
  @Test(
    "a disk that fills up is an I/O error, and leaves no half of a file",
    arguments: [
      ["convert", "--generator", generator, "-o", "m.idinv"],
      [
        "forward", "generator", "-m", "MODEL", "--input", Golden.path("res32", "truncated_wp.npy"), "--output", "y.npy",
      ],
      ["invert", "-m", "MODEL", "a.png", "-o", "out", "--iterations", "200", "--quiet"],
      ["synthesize", "-m", "MODEL", "--seeds", "0-99", "-o", "out", "--quiet"],
    ])
  func fullDisk(arguments: [String]) throws {
    let place = try Folder()
    try place.writePicture("a.png")
    let result = try Command.run(
      Self.expand(arguments), in: place, prelude: "trap '' XFSZ; ulimit -f \(arguments[0] == "forward" ? 8 : 20)")
    #expect(result.status == 74, "\(result.errors)")
    #expect(
      result.errors.contains("File too large") && result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    #expect(
      !place.has("m.idinv") && !place.has("y.npy") && !place.has("out/codes.npy") && !place.has("out/inversion.html"))
    for name in place.contents() + place.contents("out") {
      #expect(!name.hasSuffix(".tmp"), "left: \(name)")
    }
  }

  // MARK: Flipped bits

  @Test("flipped bits never crash a command")
  func flips() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    var state: UInt64 = 7
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for (path, name, arguments) in [
      (try Golden.model(), "m.idinv", ["encode", "-q", "-m", "m.idinv", "a.png", "-o", "out"]),
      (Self.encoder, "e.pth", ["convert", "-q", "--encoder", "e.pth", "-o", "new.idinv"]),
      (Golden.path("res128", "encoder.pth"), "l.pth", ["convert", "-q", "--encoder", "l.pth", "-o", "new.idinv"]),
      (place.at("a.png"), "b.png", ["encode", "-q", "-m", try Golden.model(), "b.png", "-o", "out"]),
    ] {
      let bytes = try place.bytes(path)
      for _ in 0..<12 {
        var flipped = bytes
        // Half of them near the beginning, where headers are; some near the end, where directories are.
        let index = [
          random(bytes.count), random(min(4000, bytes.count)), bytes.count - 1 - random(min(2000, bytes.count)),
        ][random(3)]
        flipped[index] ^= 1 << UInt8(random(8))
        try place.write(name, flipped)
        let result = try Command.run(arguments, in: place, prelude: Self.limits, timeout: 30)
        #expect([0, 65].contains(result.status), "\(name), byte \(index): \(result.status) \(result.errors)")
        #expect(result.peakByteCount < 300_000_000 && !result.timedOut)
        if result.status == 65 {
          #expect(
            result.errors.hasPrefix("idinv-lite: ") && result.errors.contains(name)
              && result.errors.split(separator: "\n").count == 1, "byte \(index): \(result.errors)")
        }
      }
    }
  }
}
