import Checkpoint
import Foundation
import Imaging
import Testing

@testable import Command

/// What cannot be edited.
extension EditingCommandTests {
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
    let line = try #require(IdinvLite.wrongUsage(arguments))
    #expect(line.hasPrefix("idinv-lite: ") && !line.contains("\n"), "\(line)")
  }
}
