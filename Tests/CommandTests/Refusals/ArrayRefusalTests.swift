import Checkpoint
import Foundation
import Imaging
import Testing

/// Arrays and codes.
extension RefusalTests {
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
      "a missing start", 66, ["encodr", "no such file"],
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
}
