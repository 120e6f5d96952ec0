import Files
import Foundation
import Quant
import TestSupport
import Testing

@Suite struct NumberTests {
  /// Every bit pattern, against Swift's own type.
  @Test func allHalvesWidenExactly() {
    for pattern in 0...UInt16.max {
      let expected = Float(Float16(bitPattern: pattern))
      let found = Half(bitPattern: pattern).float
      #expect(found == expected || (found.isNaN && expected.isNaN), "\(pattern)")
      if !expected.isNaN { #expect(found.bitPattern == expected.bitPattern && Half(found).bitPattern == pattern) }
    }
  }

  @Test func roundingToHalvesIsToNearestEven() {
    var random = SeededRandom(3)
    var values: [Float] = [0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, 65504, 65519.99, 65520, 65536, 1e30]
    // Around every half: the value itself, its neighbors as floats, and the ties with the next half.
    for pattern in stride(from: UInt16(0), to: 0x7bff, by: 7) {
      let half = Half(bitPattern: pattern).float
      let tie = (half + Half(bitPattern: pattern + 1).float) / 2
      values += [half.nextUp, half.nextDown, tie, tie.nextUp, tie.nextDown, -tie]
    }
    for _ in 0..<100_000 { values.append(Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &random))) }
    for value in values where !value.isNaN {
      #expect(Half(value).bitPattern == Float16(value).bitPattern, "\(value)")
    }
    for pattern in [0x7fc0_0000, 0x7f80_0001, 0xff80_0001, 0xffff_ffff] as [UInt32] {
      #expect(Half(Float(bitPattern: pattern)).float.isNaN && BFloat16(Float(bitPattern: pattern)).float.isNaN)
    }
  }

  @Test func brainFloatsAreTheUpperHalf() {
    #expect(BFloat16(1).bitPattern == 0x3f80 && BFloat16(bitPattern: 0xc040).float == -3)
    // Ties go to even: 1 + 2⁻⁸ lies between 1 and 1 + 2⁻⁷.
    #expect(BFloat16(1 + 0x1p-8).float == 1 && BFloat16(1 + 0x3p-8).float == 1 + 0x1p-6)
    #expect(BFloat16((1 + 0x1p-8 as Float).nextUp).float == 1 + 0x1p-7)
    #expect(BFloat16(.greatestFiniteMagnitude).float == .infinity && BFloat16(-.infinity).float == -.infinity)
    for pattern in 0...UInt16.max where !BFloat16(bitPattern: pattern).float.isNaN {
      #expect(BFloat16(BFloat16(bitPattern: pattern).float).bitPattern == pattern)
    }
  }

  @Test func int8ErrorsAreAtMostHalfAScale() {
    var random = SeededRandom(9)
    let values = (0..<6 * 500).map { index in
      Float.random(in: -1...1, using: &random) * powf(10, Float(index / 500) - 3)
    }
    let tensor = Int8Tensor(quantizing: values, rowCount: 6)
    let read = tensor.floats
    for row in 0..<6 {
      let range = row * 500..<(row + 1) * 500
      let greatest = values[range].reduce(0) { max($0, abs($1)) }
      #expect(tensor.scales[row] == greatest / 127)
      for index in range { #expect(abs(read[index] - values[index]) <= tensor.scales[row] * 0.5001) }
      #expect(tensor.codes[range].contains { abs(Int($0)) == 127 } && !tensor.codes[range].contains(-128))
    }
  }

  @Test func int8RowsOfZerosAndExtremesAreSafe() {
    let zeros = Int8Tensor(quantizing: [0, -0.0, 0, 0], rowCount: 2)
    #expect(zeros.codes == [0, 0, 0, 0] && zeros.scales == [1, 1])
    let tiny = Int8Tensor(quantizing: [.leastNonzeroMagnitude, .leastNormalMagnitude / 8], rowCount: 1)
    #expect(tiny.codes == [0, 0] && tiny.scales == [1])
    let huge = Int8Tensor(quantizing: [.greatestFiniteMagnitude, -.greatestFiniteMagnitude], rowCount: 1)
    #expect(huge.codes == [127, -127] && huge.floats.allSatisfy(\.isFinite))
    // 63.5 and 64.5 are ties; both go to 64.
    #expect(Int8Tensor(quantizing: [127, 63.5, 64.5, -63.5], rowCount: 1).codes == [127, 64, 64, -64])
    #expect(Int8Tensor(quantizing: [], rowCount: 1).codes.isEmpty)
  }

  /// NIST's examples (FIPS 180-4), and one million letters.
  @Test func hashesAreNISTs() {
    func hash(_ text: String) -> String {
      var hash = SHA256()
      hash.update(Array(text.utf8))
      return hash.hexDigest()
    }
    #expect(hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    #expect(
      hash(
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
      )
        == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1")
    #expect(
      hash(String(repeating: "a", count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func hashesDoNotDependOnThePieces() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    var whole = SHA256()
    whole.update(bytes)
    for step in [1, 3, 63, 64, 65, 200] {
      var pieces = SHA256()
      for start in stride(from: 0, to: bytes.count, by: step) {
        pieces.update(Array(bytes[start..<min(start + step, bytes.count)]))
        _ = pieces.hexDigest()
      }
      #expect(pieces.hexDigest() == whole.hexDigest(), "\(step)")
    }
  }

  @Test func hashingAFileReadsAllOfIt() throws {
    let folder = try TemporaryFolder()
    let bytes = [UInt8](repeating: 0x61, count: 1_000_000)
    try Data(bytes).write(to: URL(fileURLWithPath: folder.file("a")))
    #expect(
      try SHA256.hexDigest(ofFile: folder.file("a"))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    #expect(throws: ModelFileError.file(FileError(folder.file("b"), .open, .system(ENOENT)))) {
      try SHA256.hexDigest(ofFile: folder.file("b"))
    }
  }

  @Test func checksumsAreZlibs() {
    var checksum = CRC32()
    checksum.update(Array("123456789".utf8))
    #expect(checksum.value == 0xcbf4_3926 && hexadecimal(checksum.value) == "cbf43926" && hexadecimal(5) == "00000005")
    var pieces = CRC32()
    pieces.update(Array("1234".utf8))
    pieces.update(Array("56789".utf8))
    #expect(pieces.value == checksum.value)
  }
}
