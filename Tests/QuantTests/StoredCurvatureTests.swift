import Quant
import TestSupport
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

  @Test func allElseStaysAsItIs() throws {
    let plain = try ModelFile(path: folder.file("plain.idinv"))
    let with = try ModelFile(path: folder.file("with.idinv"))
    try with.verifyChecksums()
    #expect(with.specification.curvature == CurvatureSpecification(rank: 3))
    #expect(
      Set(with.tensorNames) == Set(plain.tensorNames + ["curvature.basis", "curvature.values", "curvature.remainder"]))
    for name in plain.tensorNames { #expect(try with.hasSame(name, as: plain), "\(name)") }
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
    let (without, plain) = (try folder.bytes("without.idinv"), try folder.bytes("plain.idinv"))
    #expect(without == plain)
  }

  /// The error after a text of the header, or the first float of a tensor, is replaced.
  private func error(
    _ old: String = "", _ new: String = "", tensor: String? = nil, value: Float = 0
  ) throws -> ModelFileError? {
    var parts = ModelFileParts(try folder.bytes("with.idinv"))
    if let tensor { try parts.setFirst(of: tensor, to: value) }
    if !old.isEmpty { parts.replace(old, by: new) }
    return try folder.error(opening: parts.bytes())
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
