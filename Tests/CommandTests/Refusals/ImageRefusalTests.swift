import Checkpoint
import Foundation
import Imaging
import Testing

/// Pictures, and lists of them.
extension RefusalTests {
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
}
