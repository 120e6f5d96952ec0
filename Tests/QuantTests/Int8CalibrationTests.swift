import Quant
import TestSupport
import Testing

/// The list of convolutions that may multiply in 8 bits: rule 15 of `docs/FORMAT.md`, and what writing it leaves alone.
@Suite struct Int8CalibrationTests {
  /// The test model with enough channels.
  static let specification: ModelSpecification = {
    var specification = TestModel.specification
    specification.generator?.blockChannels = [16, 24, 5]
    specification.encoder?.stemChannels = 16
    specification.encoder?.blockChannels = [16, 8]
    return specification
  }()
  static let candidates = [
    "generator.layer.1.weight", "generator.layer.2.weight", "generator.layer.3.weight", "generator.layer.4.weight",
    "encoder.block.0.conv1.weight", "encoder.block.0.conv2.weight", "encoder.block.1.shortcut.weight",
    "encoder.block.1.conv1.weight",
  ]
  let folder: TemporaryFolder
  let calibration = Int8Calibration(layers: [candidates[1], candidates[4]], psnr: 41.5, codeError: 0.0078125)

  init() throws {
    folder = try TemporaryFolder()
    try TestModel.write(to: folder.file("plain.idinv"), precision: .int8, specification: Self.specification)
    try ModelFile(path: folder.file("plain.idinv")).write(
      calibration: calibration, inDomain: nil, to: folder.file("with.idinv"))
  }

  @Test func candidatesAreTheLargeConvolutionsOfGeneratorAndEncoder() {
    #expect(Self.specification.int8Candidates == Self.candidates)
    #expect(TestModel.specification.int8Candidates == [])
  }

  @Test func allElseStaysAsItIs() throws {
    let (plain, with) = (
      try ModelFile(path: folder.file("plain.idinv")), try ModelFile(path: folder.file("with.idinv"))
    )
    try with.verifyChecksums()
    #expect(with.specification.int8 == calibration && plain.specification.int8 == nil)
    #expect(with.tensorNames == plain.tensorNames)
    for name in plain.tensorNames { #expect(try with.hasSame(name, as: plain), "\(name)") }
  }

  @Test func itIsReplacedAndTakenAway() throws {
    let with = try ModelFile(path: folder.file("with.idinv"))
    let none = Int8Calibration(layers: [])
    try with.write(calibration: none, inDomain: nil, to: folder.file("none.idinv"))
    #expect(try ModelFile(path: folder.file("none.idinv")).specification.int8 == none)
    try with.write(calibration: nil, inDomain: nil, to: folder.file("without.idinv"))
    let (without, plain) = (try folder.bytes("without.idinv"), try folder.bytes("plain.idinv"))
    #expect(without == plain)
  }

  @Test func otherPrecisionsKeepIt() throws {
    try ModelFile(path: folder.file("with.idinv")).write(to: folder.file("f16.idinv"), precision: .f16)
    #expect(try ModelFile(path: folder.file("f16.idinv")).specification.int8 == calibration)
  }

  /// The error after a text of the header is replaced.
  private func error(_ old: String, _ new: String) throws -> ModelFileError? {
    var parts = ModelFileParts(try folder.bytes("with.idinv"))
    parts.replace(old, by: new)
    return try folder.error(opening: parts.bytes())
  }

  @Test(
    "layers that cannot be are refused",
    arguments: [
      "generator.layer.5.weight2", "generator.layer.5.bias", "generator.output.2.weight", "perceptual.0.weight",
      "encoder.stem.weight", "encoder.head.weight", "", "../x", "encoder.block.0.conv1.weight",
    ])
  func layers(_ name: String) throws {
    let before = "\\\"layers\\\":[\\\""
    // The last one is there already.
    guard
      case .specification(let field, _, _) = try error(before + "generator.layer.2.weight\\\"", before + "\(name)\\\"")
    else {
      Issue.record("\(name)")
      return
    }
    #expect(field.hasPrefix("int8.layers"))
  }

  @Test(
    "figures that cannot be are refused",
    arguments: [
      ["41.5", "1e999"], ["41.5", "\\\"x\\\""], ["41.5", "[1]"], ["0.0078125", "-1"], ["0.0078125", "-1e999"],
      ["\\\"layers\\\":[", "\\\"layers\\\":[1,"], ["\\\"layers\\\":", "\\\"lairs\\\":"],
    ])
  func figures(_ change: [String]) throws {
    let found = try error(change[0], change[1])
    switch found {
    case .specification, .metadata: break
    default: Issue.record("\(change): \(String(describing: found))")
    }
  }

  @Test func theUnchangedFileIsAccepted() throws {
    #expect(try error("41.5", "41.25") == nil)
  }

  @Test func aCalibrationNeedsItsNetwork() {
    var specification = Self.specification
    specification.int8 = calibration
    #expect(throws: Never.self) { try specification.validate() }
    specification.encoder = nil
    #expect(throws: ModelFileError.self) { try specification.validate() }
  }
}
