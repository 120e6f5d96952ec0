import Foundation
import Quant
import Testing

/// The curvature in a model file: rules 9 and 15 of `docs/FORMAT.md`, and what writing it leaves alone.
@Suite struct StoredCurvatureTests {
  let folder: TemporaryFolder
  let curvature = StoredCurvature(
    basis: (0..<3 * 36).map { Float($0 % 36 == $0 / 36 ? 1 : 0) }, values: [9, 4, 1.5], remainder: 0.25)

  init() throws {
    folder = try TemporaryFolder()
    try TestModel.write(to: folder.file("plain.idinv"), precision: .int8)
    try ModelFile(path: folder.file("plain.idinv")).write(curvature, to: folder.file("with.idinv"))
  }

  private func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file(name))))
  }

  @Test func allElseStaysAsItIs() throws {
    let plain = try ModelFile(path: folder.file("plain.idinv"))
    let with = try ModelFile(path: folder.file("with.idinv"))
    try with.verifyChecksums()
    #expect(with.specification.curvature == CurvatureSpecification(rank: 3))
    #expect(
      Set(with.tensorNames) == Set(plain.tensorNames + ["curvature.basis", "curvature.values", "curvature.remainder"]))
    for name in plain.tensorNames {
      let (a, b) = (try plain.tensor(name), try with.tensor(name))
      #expect(a.dtype == b.dtype && a.shape == b.shape && a.scales == b.scales, "\(name)")
      let same = a.withUnsafeBytes { a in b.withUnsafeBytes { b in a.elementsEqual(b) } }
      #expect(same, "\(name)")
    }
    #expect(try with.tensor("curvature.basis").floats() == curvature.basis)
    #expect(try with.tensor("curvature.basis").dtype == .f16)
    #expect(try with.tensor("curvature.values").floats() == curvature.values)
    #expect(try with.tensor("curvature.remainder").floats() == [0.25])
  }

  @Test func itIsReplacedAndTakenAway() throws {
    let with = try ModelFile(path: folder.file("with.idinv"))
    let other = StoredCurvature(basis: [Float](repeating: 0.5, count: 36), values: [2], remainder: 2)
    try with.write(other, to: folder.file("other.idinv"))
    #expect(try ModelFile(path: folder.file("other.idinv")).tensor("curvature.values").floats() == [2])
    try with.write(nil, to: folder.file("without.idinv"))
    let (without, plain) = (try bytes("without.idinv"), try bytes("plain.idinv"))
    #expect(without == plain)
  }

  /// The error after a text of the header, or a float of a tensor, is replaced.
  private func error(
    _ old: String = "", _ new: String = "", tensor: String? = nil, value: Float = 0
  ) throws -> ModelFileError? {
    var bytes = try bytes("with.idinv")
    let length = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
    var json = String(decoding: bytes[8..<8 + length], as: UTF8.self).trimmingCharacters(in: .whitespaces)
    if let tensor {
      let file = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
      let entry = try #require(file[tensor] as? [String: Any])
      let begin = 8 + length + (try #require((entry["data_offsets"] as? [Int])?.first))
      withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.replaceSubrange(begin..<begin + 4, with: $0) }
    }
    if !old.isEmpty { #expect(json.contains(old), "\(old)") }
    json = json.replacingOccurrences(of: old, with: new)
    var header = Array(json.utf8)
    while (8 + header.count) % 64 != 0 { header.append(0x20) }
    let prefix = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    let path = try folder.write(prefix + header + bytes[(8 + length)...], "hostile.idinv")
    do throws(ModelFileError) {
      _ = try ModelFile(path: path)
      return nil
    } catch {
      #expect(!error.description.isEmpty)
      return error
    }
  }

  @Test func theUnchangedFileIsAccepted() throws {
    #expect(try error() == nil)
    #expect(try error(tensor: "curvature.values", value: 7) == nil)
  }

  @Test func curvaturesMustBePositiveAndFinite() throws {
    for tensor in ["curvature.values", "curvature.remainder"] {
      for value in [Float(0), -1, .nan, .infinity] {
        guard case .tensor(tensor, let found, "finite positive numbers") = try error(tensor: tensor, value: value)
        else {
          Issue.record("\(tensor) \(value)")
          continue
        }
        #expect(found.hasSuffix("in row 0"))
      }
    }
  }

  @Test func ranksAndShapesMustFit() throws {
    let stated = "\\\"curvature\\\":{\\\"rank\\\":3}"
    for rank in ["0", "-1", "37", "9223372036854775807"] {
      guard case .specification("curvature.rank", _, _) = try error(stated, "\\\"curvature\\\":{\\\"rank\\\":\(rank)}")
      else {
        Issue.record("rank \(rank)")
        continue
      }
    }
    for other in ["2", "36"] {
      guard case .tensor("curvature.basis", _, _) = try error(stated, "\\\"curvature\\\":{\\\"rank\\\":\(other)}")
      else {
        Issue.record("rank \(other)")
        continue
      }
    }
    for malformed in ["{}", "3", "{\\\"rank\\\":\\\"3\\\"}", "{\\\"rank\\\":1.5}"] {
      guard case .metadata("specification", _, _) = try error(stated, "\\\"curvature\\\":\(malformed)") else {
        Issue.record("\(malformed)")
        continue
      }
    }
    // Tensors that the specification does not mention.
    guard case .tensor = try error(stated + ",", "") else {
      Issue.record("tensors without a specification")
      return
    }
  }

  @Test func itNeedsAGenerator() {
    var specification = TestModel.specification
    specification.generator = nil
    specification.curvature = CurvatureSpecification(rank: 3)
    #expect(throws: ModelFileError.self) { try specification.validate() }
    specification = TestModel.specification
    specification.curvature = CurvatureSpecification(rank: 36)
    #expect(throws: Never.self) { try specification.validate() }
  }
}
