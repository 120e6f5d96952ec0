import Checkpoint
import Foundation
import Imaging
import Testing

/// Checkpoints that `convert` and others refuse.
extension RefusalTests {
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
      "a missing checkpoint", 66, ["none.pth", "no such file"],
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
      "a model file as checkpoint", 65, ["model file of this program", "converted already"],
      ["convert", "MODEL", "-o", "m.idinv"]),
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
    Refusal("a device as checkpoint", 65, ["/dev/zero"], ["convert", "--generator", "/dev/zero", "-o", "m.idinv"]),
    Refusal(
      "an encoder as generator", 65, ["encoder.pth", "not a generator"],
      ["convert", "--generator", encoder, "-o", "m.idinv"]),
    Refusal(
      "a generator as perceptual network", 65, ["generator.pth", "not a perceptual network"],
      ["convert", "--perceptual", generator, "-o", "m.idinv"]),
    Refusal(
      "an encoder of another generator", 65, ["do not belong together", "128", "32"],
      ["convert", "--generator", generator, "--encoder", Golden.path("res128", "encoder.pth"), "-o", "m.idinv"]),
    Refusal(
      "an attribute network without the features that it reads", 64, ["--attributes", "--perceptual"],
      ["convert", "--attributes", Golden.attributes, "-o", "m.idinv"]),
    Refusal(
      "an encoder as attribute network", 65, ["encoder.pth", "not an attribute network", "an in-domain encoder"],
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
}
