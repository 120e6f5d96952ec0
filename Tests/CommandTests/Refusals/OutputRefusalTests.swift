import Checkpoint
import Foundation
import Imaging
import Testing

/// Places that cannot be written, and disks that fill up.
extension RefusalTests {
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
    .disabled(if: Command.needsFiles, "ThreadSanitizer writes a file of its own"),
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
}
