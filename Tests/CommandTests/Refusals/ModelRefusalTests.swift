import Checkpoint
import Foundation
import Imaging
import Testing

/// Model files that are damaged, missing, or of the wrong kind.
extension RefusalTests {
  static let modelsCases: [Refusal] = [
    Refusal(
      "a missing model", 66, ["none.idinv", "no such file"], ["invert", "-m", "none.idinv", "a.png", "-o", "out"]),
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
    Refusal("a picture as model", 65, ["a.png: is a picture", "model file"], ["info", "a.png"]),
    Refusal(
      "text as model", 65, ["t.idinv: is text", "model file"], ["encode", "-m", "t.idinv", "a.png", "-o", "out"]
    ) {
      try $0.write("t.idinv", text: "this is no model\n")
    },
    Refusal("an array as model", 65, ["c.npy: is an array of NumPy", "model file"], ["info", "c.npy"]) {
      try EditingCommandTests.writeCodes("c.npy", count: 1, in: $0)
    },
    Refusal("a folder as model", 65, ["folder"], ["info", "."]),
    Refusal("a device as model", 65, ["/dev/zero", "device"], ["invert", "-m", "/dev/zero", "a.png", "-o", "out"]),
    Refusal("a pipe as model", 65, ["p", "pipe"], ["verify", "p", "--against", "g.pth"]) {
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
      "verify against a part only", 64, ["--against", "holds an encoder;"],
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
}
